"""What the table of losses says is what becomes of real issues, word for word."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from tests.backends.marked_fields import said
from tests.backends.test_rules import unforeseen
from tests.end_to_end.reader import words
from tests.end_to_end.world import RECORDINGS, TARGETS, needs_shared, world
from tracker_migrate.backends.launchpad.standin.load import load_spec
from tracker_migrate.engine.target import Target
from tracker_migrate.interfaces import Decisions
from tracker_migrate.model import PARTS, Issue, Key, kind_of, name_of
from tracker_migrate.text.fields import filled
from tracker_migrate.workspace import Workspace

pytestmark = needs_shared

#: told by other words: the line of origin has a label, the table the name of what is affected
_OTHERWISE = {
    *(f"{kind}.{name}" for kind in ("bug", "blueprint") for name in ("key", "kind", "name")),
    *(f"task.{name}" for name in ("key", "target", "project", "series", "complete", "title")),
    *(f"comment.{name}" for name in ("key", "index", "subject")),
    *(f"work_item.{name}" for name in ("key", "home", "complete")),
    "attachment.key",
    "relation.to",
}


_DATE = re.compile(r"\d{4}-\d\d-\d\dT\d\d:")


def values(issue: Issue) -> Iterator[tuple[str, str, Any]]:
    """Every filled field of an issue and of its parts, with its value."""
    yield from ((issue.kind, one.name, one.value) for one in filled(issue))
    for field, entity in PARTS.items():
        for part in getattr(issue, field):
            yield from ((entity, one.name, one.value) for one in filled(part))


def in_words(value: Any, decisions: Decisions) -> str:
    """A value as a reader would look for it; empty, if it is not to be told from others."""
    if isinstance(value, str) and _DATE.match(value):
        value = datetime.fromisoformat(value)
    if isinstance(value, datetime):
        return f"{value.astimezone(UTC):%Y-%m-%d %H:%M:%S}"
    if isinstance(value, str) and kind_of_key(value) == "person":
        person = decisions.person(Key(value))
        return person.display_name if person else name_of(Key(value))
    if isinstance(value, str) and kind_of_key(value) == "milestone":
        return name_of(Key(value)).rpartition("/")[2]
    if isinstance(value, str) and value.startswith("launchpad:"):
        return ""
    return str(value) if isinstance(value, str | int) and not isinstance(value, bool) else ""


def kind_of_key(value: str) -> str:
    """The kind of a key; empty, if it is none."""
    return kind_of(Key(value)) if value.startswith("launchpad:") else ""


def compared(target: Target, issue: Issue) -> int:
    """Look for every value that is text and nothing else; returns how many were looked for."""
    planner: Any = target.planner
    assert not unforeseen(planner, issue, target.decisions), issue.key
    outcomes = defaultdict(set)
    for loss in planner.losses(issue, target.decisions):
        outcomes[loss.entity, loss.field].add(loss.outcome)
    texts = words(said(list(planner.wanted(issue, target.decisions))))
    count = 0
    for entity, field, value in values(issue):
        if outcomes[entity, field] != {"text"} or f"{entity}.{field}" in _OTHERWISE:
            continue
        looked_for, rest = words(in_words(value, target.decisions)), iter(texts)
        assert all(word in rest for word in looked_for), (issue.key, entity, field)
        count += bool(looked_for)
    return count


@pytest.mark.parametrize(
    ("project", "spec", "least"),
    [
        pytest.param(
            "lab-alpha",
            f"project:{RECORDINGS / 'launchpad' / 'projects' / 'lab-alpha'}",
            400,
            id="lab-alpha",
        ),
        pytest.param(
            "nova-sample",
            f"wire:{RECORDINGS / 'launchpad' / 'wire' / 'nova-sample'}.jsonl.gz",
            10_000,
            marks=pytest.mark.slow,
            id="nova-sample",
        ),
    ],
)
def test_of_real_issues_every_field_becomes_what_the_table_says(
    project: str, spec: str, least: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with world(tmp_path / "ws", monkeypatch, project) as here:
        load_spec(here.launchpad, spec)
        here.pull()
        with Workspace(here.folder) as workspace:
            for name in TARGETS:
                target = Target(workspace, name)
                assert sum(compared(target, one) for one in workspace.archive.issues()) > least
