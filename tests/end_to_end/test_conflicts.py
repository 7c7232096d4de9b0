"""Each policy on each field of both trackers' planners, with what people write over HTTP: the table
is made of the planners' own, so that a new field is tried, or fails for want of values."""

from __future__ import annotations

import shutil
from typing import Any

import pytest

from tests.end_to_end.conflict_bench import (
    THEIRS,
    VALUES,
    Bench,
    There,
    judge,
    own_pointers,
    rows_of,
)
from tests.end_to_end.marked_world import MarkedWorld
from tests.end_to_end.test_adopt import adopt
from tests.end_to_end.world import TARGETS, conduit_token
from tracker_migrate.engine.target import Target
from tracker_migrate.model import Key
from tracker_migrate.text.notes import is_note
from tracker_migrate.workspace import Workspace
from tracker_migrate.workspace.policies import CHOICES, Choice, access_of

_TWO = ("gadget", "gadget/1.x")


def there(marked: MarkedWorld, name: str) -> There:
    """A stand-in as people there use it."""
    tokens = {who: f"token-of-{who}" for who in ("super", "normal")}
    tokens |= {who: conduit_token(who) for who in ("alice", "bob")}
    return There(name, getattr(marked.here, name).url, tokens, "gadget")


@pytest.mark.parametrize("choice", CHOICES)
@pytest.mark.parametrize("target", TARGETS)
def test_each_policy_does_what_it_says_of_each_field_and_nothing_of_a_persons_is_lost(
    marked: MarkedWorld, target: str, choice: Choice, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = marked.here
    at = there(marked, target)
    bench = Bench(
        here, at, choice, monkeypatch, lambda: marked.project.bug(comments=1, targets=_TWO)
    )
    judge(bench)


@pytest.mark.parametrize("target", TARGETS)
def test_the_planners_name_every_field_that_an_update_may_carry(
    marked: MarkedWorld, target: str
) -> None:
    """A new field has to be named, and those that are named have values above."""
    project = marked.project
    needed = project.blueprint()
    project.blueprint(needs=[needed])
    project.bug(comments=2, tags=["ui"], targets=_TWO, files=1)
    marked.here.pull(full=True)
    with Workspace(marked.here.folder) as workspace:
        here = Target(workspace, target)
        planner: Any = here.planner
        kinds = {kind for kind, one in planner.kinds.items() if one.editable and one.phase}
        seen: dict[str, set[str]] = {}
        for issue in workspace.archive.issues():
            for one in planner.wanted(issue, here.decisions):
                if one.kind in kinds - {"file"}:  # of which nobody at the tracker can change one
                    seen.setdefault(one.kind, set()).update(one.fields)
                    assert own_pointers(one) <= {"story_id", "parent", "task"}
        for kind, names in seen.items():
            access = access_of(planner, kind) - planner.fields[kind].keys()
            assert names - access == set(planner.fields[kind]), kind
    assert {name for _kind, name in rows_of(target)} == set(VALUES[target])


def test_a_note_of_something_private_is_as_closed_as_it_is(marked: MarkedWorld) -> None:
    """And says no name of it to anybody."""
    for target in TARGETS:
        marked.here.options[target]["conflicts"] = {"default": "both"}
    marked.here.write_settings()
    project = marked.project
    number = project.bug("Private Security", comments=1, readers=[project.half])
    marked.here.pull(full=True)
    for target in TARGETS:
        marked.here.apply(target)
    with Workspace(marked.here.folder) as workspace:
        ats = {t: workspace.ledger(t).where(Key(f"launchpad:bug:{number}")) for t in TARGETS}
    assert ats["storyboard"] is not None
    assert ats["maniphest"] is not None
    title = {"title": THEIRS}
    at = there(marked, "storyboard")
    at.storyboard("PUT", f"/stories/{ats['storyboard'].id}", title, "super")
    change = [{"type": "title", "value": THEIRS}]
    given = {"objectIdentifier": ats["maniphest"].id, "transactions": change}
    there(marked, "maniphest").conduit("maniphest.edit", given, "bob")
    project.change(number, title=f"Lamp {project.marks.new('new title', number)} is out")
    marked.here.pull(full=True)
    for target in TARGETS:
        marked.here.apply(target)
        with Workspace(marked.here.folder) as workspace:
            held = workspace.ledger(target).of_issue(Key(f"launchpad:bug:{number}"))
        assert sum(map(is_note, held)) == 1
        marked.spies[target].look()
        assert marked.spies[target].leaks == []


@pytest.mark.parametrize("target", TARGETS)
def test_a_lost_ledger_finds_what_was_said_and_keeps_the_edit(
    marked: MarkedWorld, target: str
) -> None:
    here, project = marked.here, marked.project
    here.options[target]["conflicts"] = {"default": "both"}
    here.write_settings()
    number = project.bug(comments=1, targets=_TWO)
    here.pull(full=True)
    here.apply(target)
    key = Key(f"launchpad:bug:{number}")
    kind = "story" if target == "storyboard" else "task"
    with Workspace(here.folder) as workspace:
        place = workspace.ledger(target).where(key)
    assert place is not None
    at = there(marked, target)
    at.edit(kind, place.id, "title", THEIRS)
    project.change(number, title="The lamp is out")
    here.pull(full=True)
    assert here.apply(target).kept == 1
    shutil.rmtree(here.folder / "state")
    here.pull(full=True)
    found = adopt(here, target)
    assert (found.unknown, found.doubled, found.left) == ([], [], 0)
    assert [one.field for one in found.differs] == ["title"]
    with Workspace(here.folder) as workspace:
        ledger = workspace.ledger(target)
        assert sum(map(is_note, ledger.of_issue(key))) == 1
        assert [one.field for one in ledger.met.all()] == ["title"]
    before = here.writes(target)
    assert here.apply(target).steps == 0
    assert here.verify(target).unplanned == []
    assert here.writes(target) == before
    assert at.said(place.id).count("The lamp is out") == 1
