"""A whole migration with private issues and files is taken back, and comes again as it was."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.crash_points.compare import Thing
from tests.crash_points.compare import standing as things
from tests.end_to_end.folders import SERVED, Folders, folders
from tests.end_to_end.marked_world import MarkedWorld, file_bugs, marked_world
from tests.end_to_end.test_recorded_projects import agrees
from tests.end_to_end.test_strangers import alice, ask
from tests.end_to_end.world import TARGETS, World
from tracker_migrate.engine import jobs
from tracker_migrate.engine.filters import Only
from tracker_migrate.engine.left import Undone
from tracker_migrate.model import Key, key
from tracker_migrate.workspace import Workspace

both = pytest.mark.parametrize("target", TARGETS)
#: what stands at Maniphest of what was taken back, or is shared and stays
_STAY = ("project", "branch", "milestone", "tag", "file")


def undo(here: World, target: str, only: str | None = None, **how: Any) -> Undone:
    """Take back."""
    with Workspace(here.folder) as workspace, workspace.coordinating():
        return jobs.undo(workspace, target, only=Only(only) if only else None, **how)


@pytest.fixture
def marked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[MarkedWorld]:
    """Both targets, with all that there is; files are in folders."""
    with (
        marked_world(tmp_path / "ws", monkeypatch) as made,
        folders(tmp_path / "ws" / SERVED) as served,
    ):
        file_bugs(made.project)
        served.use(made.here)
        made.served = served  # type: ignore[attr-defined]
        made.here.pull()
        yield made


def live(marked: MarkedWorld, target: str) -> list[Thing]:
    """What stands there and was not taken back, but for what many issues share."""
    left = [one.name for one in things(marked, target) if "Taken back" in one.fields]
    return sorted(
        one
        for one in things(marked, target)
        if one.kind not in _STAY and not any(one.name.startswith(name) for name in left)
    )


@both
def test_all_goes_and_comes_again_as_it_was(marked: MarkedWorld, target: str) -> None:
    here = marked.here
    here.apply(target)
    before = live(marked, target)
    undone = undo(here, target)
    assert (undone.spared, undone.failed) == ({}, {})
    assert undone.issues > 20
    assert live(marked, target) == []
    marked.spies[target].look()
    assert marked.spies[target].leaks == []
    assert undo(here, target).issues == 0
    seen = here.verify(target)
    assert (seen.exposed, seen.differs, seen.unplanned, seen.doubled) == ([], [], [], [])
    assert seen.pending == undone.issues
    here.apply(target)
    assert live(marked, target) == before
    agrees(here.verify(target))
    writes = here.writes(target)
    applied = here.apply(target)
    assert (applied.steps, applied.doubles, here.writes(target)) == (0, [], writes)


def test_storyboard_keeps_nothing_but_what_is_shared(marked: MarkedWorld) -> None:
    here, served = marked.here, marked.served  # type: ignore[attr-defined]
    assert isinstance(served, Folders)
    here.apply("storyboard")
    assert served.open()
    assert served.shut()
    undone = undo(here, "storyboard")
    assert (served.open(), served.shut()) == ({}, {})
    assert (undone.left, undone.advice, undone.closed) == ([], [], {})
    assert {"story", "task", "comment", "tagging", "file"} <= undone.deleted.keys()
    assert {"project", "branch", "tag"} <= undone.shared.keys()


def test_maniphest_closes_all_and_names_what_an_administrator_may_destroy(
    marked: MarkedWorld,
) -> None:
    here = marked.here
    here.apply("maniphest")
    undone = undo(here, "maniphest")
    assert undone.deleted == {}
    tasks = here.maniphest.store.rows("SELECT title, view, edit, owner, status FROM task")
    me = here.maniphest.site.people.by_names(["importbot"])[0].phid
    assert {tuple(row) for row in tasks} == {("Taken back", me, me, None, "invalid")}
    assert sum(undone.closed.values()) == len(tasks)
    assert (
        here.maniphest.store.rows(
            "SELECT 1 FROM edge WHERE src LIKE 'PHID-TASK%' AND dst LIKE 'PHID-TASK%'"
        )
        == []
    )
    head, *commands = undone.advice
    named = [name for line in commands for name in line.split()[2:]]
    assert len(named) == len(undone.left) > len(tasks), "its files, too"
    assert all(line.startswith("./bin/remove destroy T") for line in commands[:1])
    assert str(len(named)) in head


@both
def test_a_lost_ledger_finds_no_ghosts(marked: MarkedWorld, target: str) -> None:
    here = marked.here
    here.apply(target)
    undo(here, target)
    here.apply(target)
    shutil.rmtree(here.folder / "state")
    here.pull()
    with Workspace(here.folder) as workspace, workspace.coordinating():
        adopted = jobs.adopt(workspace, target)
    assert (adopted.twins, adopted.vanished, adopted.doubled, adopted.unknown) == ([], [], [], [])
    writes = here.writes(target)
    applied = here.apply(target)
    assert [one.kind for one in applied.doubles if one.kind != "file"] == []
    assert here.writes(target) == writes


def number_at(here: World, target: str, issue: Key) -> str:
    """What people call an issue there."""
    with Workspace(here.folder) as workspace:
        return workspace.ledger(target).held([issue])[issue].at.number


@both
def test_a_strangers_word_keeps_an_issue_and_no_other(marked: MarkedWorld, target: str) -> None:
    here = marked.here
    here.apply(target)
    bug = key("launchpad", "bug", str(marked.project.bugs[0]))
    number = number_at(here, target, bug)
    _comments(marked, target, number)
    undone = undo(here, target)
    assert list(undone.spared) == [bug]
    assert [one.name for one in live(marked, target) if one.kind in ("story", "task")][:1] != []
    assert number_at(here, target, bug) == number
    here.apply(target)
    seen = here.verify(target)
    assert (seen.missing, seen.doubled, seen.unplanned) == ([], [], [])
    assert number_at(here, target, bug) == number


def _comments(marked: MarkedWorld, target: str, number: str) -> None:
    """Somebody says something there."""
    if target == "storyboard":
        ask(marked, "POST", f"stories/{number}/comments", {"content": "Me, too"})
    else:
        said = [{"type": "comment", "value": "Me, too"}]
        alice(marked).call("maniphest.edit", transactions=said, objectIdentifier=number)


@both
def test_a_part_is_taken_back_and_what_stays_refers_to_the_new_one(
    marked: MarkedWorld, target: str
) -> None:
    here = marked.here
    here.apply(target)
    before = live(marked, target)
    first, second = marked.project.bugs[:2]
    assert undo(here, target, f"bug:{first},{second}").issues == 2
    assert len(live(marked, target)) < len(before)
    assert here.verify(target).differs == []
    here.apply(target)
    agrees(here.verify(target))
    after = live(marked, target)
    assert [one.name for one in after] == [one.name for one in before]
