"""What the sinks say beforehand of every field is what they say of each issue, and what they do."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings

from tests.backends import marked_fields
from tests.backends.marked_fields import STRUCTS, MarkedDecisions, Marks, said
from tests.backends.storyboard import example
from tests.contract.wire import LAUNCHPAD
from tracker_migrate import registry
from tracker_migrate.interfaces import CLOSED, Account, Audience, Decisions, HasRules, Rule
from tracker_migrate.model import PARTS, File, Issue, holds, kind_of, name_of, present_fields
from tracker_migrate.report import losses as report
from tracker_migrate.testing.conformance.decided import Decided, shipped_states
from tracker_migrate.testing.samples import private, rich
from tracker_migrate.testing.strategies import issues
from tracker_migrate.text.told import TOLD

SINKS = ("maniphest", "storyboard")
FEW = {
    "maniphest": Audience(name="few", groups=("PHID-PROJ-aaaaaaaaaaaaaaaaaaaa",)),
    "storyboard": Audience(name="few", users=("7",)),
}


def planner_of(sink: str) -> Any:
    """A sink's planner."""
    planner = registry.planner(sink, {})
    assert isinstance(planner, HasRules)
    return planner


def decided(sink: str) -> Decided:
    """Decisions of the kit's."""
    return Decided(LAUNCHPAD, shipped_states(sink), FEW[sink], Account(id="2", name="Jane Doe"))


def fields_of(entity: str) -> Iterator[str]:
    """The fields of an entity of the model, but for the parts of an issue."""
    for field in STRUCTS[entity].__struct_fields__:
        if not (STRUCTS[entity] is Issue and field in PARTS):
            yield field


def unforeseen(planner: Any, issue: Issue, decisions: Decisions) -> list[str]:
    """What becomes of a field of an issue though the rules don't say that it can."""
    return [
        f"{loss.entity}.{loss.field} is {loss.outcome}: {loss.reason}"
        for loss in planner.losses(issue, decisions)
        if not any(
            rule.outcome == loss.outcome and (loss.outcome != "lost" or rule.note == loss.reason)
            for rule in planner.rules(loss.entity, loss.field)
        )
    ]


@pytest.mark.parametrize("sink", SINKS)
@pytest.mark.parametrize("entity", STRUCTS)
def test_every_field_of_the_model_has_a_rule(sink: str, entity: str) -> None:
    """A field that is new: say in `text.told` where its words stand, and in the `rules` of a sink
    that has a field for it, when."""
    for field in fields_of(entity):
        for rule in planner_of(sink).rules(entity, field):
            assert rule.note or rule.outcome != "lost"
    assert set(TOLD[entity]) <= set(fields_of(entity))


@pytest.mark.parametrize("sink", SINKS)
def test_a_field_that_nobody_has_thought_of_has_none(sink: str) -> None:
    for entity in STRUCTS:
        with pytest.raises(KeyError):
            planner_of(sink).rules(entity, "brand_new")


@pytest.mark.parametrize("sink", SINKS)
def test_the_table_names_every_field_that_the_source_exports(sink: str) -> None:
    rows = report.rows("launchpad", sink)
    assert len(rows) == len(registry.exported("launchpad")) > 600
    for row in rows:
        assert row.outcomes or row.why
        assert "lost" not in row.outcomes or any(row.notes()), row


@pytest.mark.parametrize("sink", SINKS)
@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(issue=issues(LAUNCHPAD))
def test_no_issue_is_treated_otherwise_than_the_rules_say(sink: str, issue: Issue) -> None:
    assert not unforeseen(planner_of(sink), issue, decided(sink))


@pytest.mark.parametrize("sink", SINKS)
def test_no_rich_issue_is_treated_otherwise_than_the_rules_say(sink: str) -> None:
    planner = planner_of(sink)
    assert not unforeseen(planner, rich(LAUNCHPAD, 7), decided(sink))
    assert not unforeseen(planner, private(LAUNCHPAD, rich(LAUNCHPAD, 7)), decided(sink))
    assert not unforeseen(planner, example.rich_bug(), decided(sink))


# -- each thing that is said to be possible is -------------------------------------------------

HELD = File(state="held", name="log.txt", type="text/plain", size=9, sha256="0" * 64)
FILES = (
    None,
    HELD,
    msgspec.structs.replace(HELD, size=0),
    msgspec.structs.replace(HELD, size=10**12),
    *(File(state=state) for state in ("missing", "corrupt", "over", "withheld")),
)
FOLDER = {"files": {"folder": "/files", "address": "https://files.example"}}


def with_files(number: int = 7) -> Issue:
    """A bug with a file in each state that one can be in."""
    of = rich(LAUNCHPAD, number)
    (one,) = of.attachments
    made = (
        msgspec.structs.replace(one, key=LAUNCHPAD.key("attachment", f"{number}/{at}"), file=file)
        for at, file in enumerate(FILES)
    )
    return msgspec.structs.replace(of, attachments=tuple(made))


def told(sink: str) -> Iterator[tuple[Issue, Decided]]:
    """Issues, and what was decided, in which everything happens that can."""
    options = {"storyboard": FOLDER, "maniphest": {}}[sink]
    open_ = decided(sink)
    open_.options = options
    closed = decided(sink)
    closed.options = options
    closed.closed[LAUNCHPAD.key("bug", 7)] = CLOSED
    spaced = decided(sink)
    spaced.policy = msgspec.structs.replace(FEW[sink], space="PHID-SPCE-aaaaaaaaaaaaaaaaaaaa")
    for one in (decided(sink), open_, closed, spaced):
        yield with_files(), one
        yield private(LAUNCHPAD, with_files()), one


@pytest.mark.parametrize("sink", SINKS)
def test_whatever_becomes_of_a_file_was_said_before_and_all_that_was_said_comes_to_be(
    sink: str,
) -> None:
    planner = planner_of(sink)
    seen = set()
    for issue, one in told(sink):
        assert not unforeseen(planner, issue, one)
        losses = planner.losses(issue, one)
        seen |= {(at.outcome, at.reason) for at in losses if at.field == "file"}
    rules = planner.rules("attachment", "file")
    assert {(rule.outcome, rule.note if rule.outcome == "lost" else "") for rule in rules} == seen


# -- what is said to be there is there ----------------------------------------------------------


class Marked:
    """An issue of marks, as one sink would write it."""

    def __init__(self, sink: str) -> None:
        self.marks = Marks()
        tables = shipped_states(sink)
        self.decisions = MarkedDecisions(self.marks, LAUNCHPAD, tables, FEW[sink])
        parts: dict[str, Any] = {
            field: (self.marks.struct(entity),) for field, entity in PARTS.items()
        }
        self.issue: Issue = self.marks.struct("bug", **parts)
        self.planner = planner_of(sink)
        wanted = list(self.planner.wanted(self.issue, self.decisions))
        self.texts = said(wanted)
        self.fields = marked_fields.fields(wanted)

    def outcomes(self) -> Iterator[tuple[str, str, str, Any]]:
        """Each filled field, what is said to become of it, and its value."""
        for loss in self.planner.losses(self.issue, self.decisions):
            name, _, inner = loss.field.partition(".")
            value = self.marks.made[loss.entity, name]
            yield loss.entity, loss.field, loss.outcome, value[inner] if inner else value


def words(value: Any) -> list[str]:
    """What a reader would look for; nothing, for a value that is not to be told from others."""
    if isinstance(value, datetime):
        return [f"{value:%Y-%m-%d}"]
    if isinstance(value, tuple):
        return [str(one) for one in value]
    if isinstance(value, str) and value.startswith("launchpad:"):
        return [_NAMES.get(kind_of(value), name_of(value))]  # type: ignore[arg-type]
    return [str(value)] if isinstance(value, str | int) and not isinstance(value, bool) else []


_NAMES = {"person": "markpersondisplayname", "milestone": "markmilestonename"}
#: told by other words: the line of origin, a status, the name of what is affected
_OTHERWISE = {
    "bug.key", "bug.kind", "task.key", "task.complete", "task.status", "task.importance",
    "comment.key", "attachment.key", "work_item.key", "work_item.complete", "work_item.status",
}  # fmt: skip


@pytest.mark.parametrize("sink", SINKS)
def test_what_is_said_to_be_text_or_native_stands_there_and_what_is_lost_does_not(
    sink: str,
) -> None:
    marked = Marked(sink)
    present = {(entity, field) for entity, field in present_fields(marked.issue)}
    seen = set()
    for entity, field, outcome, value in marked.outcomes():
        seen.add((entity, field))
        if f"{entity}.{field}" in _OTHERWISE:
            continue
        for word in words(value):
            if outcome == "text":
                assert word in marked.texts, (entity, field, word)
            elif outcome == "native":
                assert word in marked.fields, (entity, field, word)
            else:
                assert word not in marked.fields, (entity, field, word)
    assert seen == present


@pytest.mark.parametrize("sink", SINKS)
@pytest.mark.parametrize("entity", ["person", "project", "series", "milestone"])
def test_of_what_issues_live_in_stands_there_what_the_rules_say(sink: str, entity: str) -> None:
    marked = Marked(sink)
    for field in fields_of(entity):
        value = marked.marks.made[entity, field]
        rules: tuple[Rule, ...] = marked.planner.rules(entity, field)
        lost = all(rule.outcome == "lost" for rule in rules)
        inner = list(value.values()) if isinstance(value, dict) else [value]
        for word in (word for one in inner for word in words(one) if holds(one)):
            if field not in ("key", "project", "kind", "state"):
                assert (word in marked.fields) != lost, (entity, field, word)


@pytest.mark.parametrize("sink", SINKS)
def test_every_field_is_in_the_issue_of_marks(sink: str) -> None:
    """Else the tests above would show nothing of it."""
    present = set(present_fields(Marked(sink).issue))
    for entity in {"bug", *PARTS.values()}:
        for field in fields_of(entity):
            named = any(one == entity and name.split(".")[0] == field for one, name in present)
            assert named or f"{entity}.{field}" in _EMPTY, f"{entity}.{field}"


#: what only some issues have, and what the tests of each sink look at
_EMPTY = {"bug.access", "comment.deleted", "comment.withheld", "attachment.file"}
