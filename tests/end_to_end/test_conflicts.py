"""Each policy on each field of both trackers' planners, with what people write over HTTP: the table
is made of the planners' own, so that a new field is tried, or fails for want of values."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from typing import Any

import msgspec
import pytest

from tests.end_to_end.conflict_bench import (
    PLANNERS,
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
from tracker_migrate.engine.applied import Applied
from tracker_migrate.engine.target import Target
from tracker_migrate.interfaces import Wanted
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


class Listed:
    """A list of ours at a target that people change: a story's tags, a task's projects."""

    def __init__(self, marked: MarkedWorld, at: There, patch: pytest.MonkeyPatch) -> None:
        self.marked, self.at, self.name = marked, at, _LISTS[at.name]
        self.bug = marked.project.bug(comments=1)
        self.wanted: list[str] = []
        real = PLANNERS[at.name].wanted

        def wanted(planner: Any, *given: Any) -> Iterator[Wanted]:
            for one in real(planner, *given):
                mine = {self.name: self._ids(self.wanted)} if self.name in one.fields else {}
                yield msgspec.structs.replace(one, fields={**one.fields, **mine})

        patch.setattr(PLANNERS[at.name], "wanted", wanted)

    def say(self, *names: str) -> Applied:
        """The source has these in the list, and we write."""
        self.wanted = list(names)
        self.marked.here.pull(full=True)
        with Workspace(self.marked.here.folder) as workspace:
            workspace.ledger(self.at.name).unfinish(Key(f"launchpad:bug:{self.bug}"))
        return self.marked.here.apply(self.at.name)

    def change(self, add: str, remove: str) -> None:
        """Somebody adds to the list, and takes away."""
        place = self._place()
        if self.at.name == "storyboard":
            self.at.storyboard("PUT", f"/tags/{place}", [add])
            self.at.storyboard("DELETE", f"/tags/{place}", [remove], answers=False)
            return
        added, removed = self._ids([add, remove])
        change = [{"type": "projects.add", "value": [added]}]
        change += [{"type": "projects.remove", "value": [removed]}]
        self.at.conduit("maniphest.edit", {"objectIdentifier": place, "transactions": change})

    def stands(self) -> set[str]:
        """What is in the list."""
        place = self._place()
        if self.at.name == "storyboard":
            return set(self.at.storyboard("GET", f"/stories/{place}", None)["tags"])
        asked = {"constraints": {"phids": [place]}, "attachments": {"projects": True}}
        (row,) = self.at.conduit("maniphest.search", asked)["data"]
        there = row["attachments"]["projects"]["projectPHIDs"]
        return {name for name in _NAMES if self._ids([name])[0] in there}

    def _ids(self, names: list[str]) -> list[str]:
        """Tags are what they are called; projects have PHIDs."""
        if self.at.name == "storyboard":
            return list(names)
        return [self.at.group(name) for name in names]

    def _place(self) -> str:
        with Workspace(self.marked.here.folder) as workspace:
            at = workspace.ledger(self.at.name).where(Key(f"launchpad:bug:{self.bug}"))
        assert at is not None
        return at.id


_LISTS = {"storyboard": "tags", "maniphest": "projects"}
_NAMES = ("api", "docs", "ui", "more", "theirs")


@pytest.mark.parametrize("choice", CHOICES)
@pytest.mark.parametrize("target", TARGETS)
def test_of_a_list_what_people_add_stays_whatever_the_policy(
    marked: MarkedWorld, target: str, choice: Choice, monkeypatch: pytest.MonkeyPatch
) -> None:
    marked.here.options[target]["conflicts"] = {"default": choice}
    marked.here.write_settings()
    one = Listed(marked, there(marked, target), monkeypatch)
    one.say("api", "ui")
    one.change(add="theirs", remove="api")
    assert one.say("api", "docs", "ui").kept == (choice == "target")
    back = set() if choice == "target" else {"api"}
    assert one.stands() == {"docs", "ui", "theirs"} | back
    one.say("api", "ui", "more")
    assert one.stands() == {"ui", "more", "theirs"} | back
    one.say("more")
    assert one.stands() == {"more", "theirs"}
    assert one.say("more").steps == 0
