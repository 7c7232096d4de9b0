"""What becomes of issues that were moved to where nothing is read, or that are not to be seen, and
of projects that are renamed; seen by readers that know no ledger."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.end_to_end.arrived import There, there
from tests.end_to_end.marked_project import MarkedProject
from tests.end_to_end.world import TARGETS, World, world
from tracker_migrate.backends.launchpad.standin.renaming import rename
from tracker_migrate.engine.intake import Pulled
from tracker_migrate.errors import Brake, UsageError
from tracker_migrate.workspace import Workspace


class Lab:
    """A project with public bugs, read by somebody who is not logged in."""

    def __init__(self, here: World) -> None:
        self.here, self.project = here, MarkedProject(here.launchpad, 0)

    def settings(self, more: str) -> None:
        """Add lines to the settings."""
        told = self.here.folder / "migration.toml"
        told.write_text(f"{told.read_text()}\n{more}\n")

    def apply(self) -> None:
        """Write to both targets."""
        for target in TARGETS:
            self.here.apply(target)

    def sweep(self, **how: Any) -> Pulled:
        """A round in which the turn of all issues has come; what it found is written."""
        with Workspace(self.here.folder) as workspace:
            every = list(workspace.archive.known_keys())
        pulled = self.here.pull(brief=True, sweep=every, **how)
        self.apply()
        return pulled

    def move(self, bug: int, to: str, of: str = "gadget") -> None:
        """Move a bug's task to another project; as its other side sees it."""
        store = self.here.launchpad.store
        with self.here.launchpad.lock, store.transaction():
            store.db.execute(
                "UPDATE task SET target=?, pillar=?, data=json_set(data, '$.bug_target_name', ?) "
                "WHERE bug=? AND target=?",
                (to, to, to, bug, of),
            )

    def seen(self, bug: int) -> dict[str, There | None]:
        """A bug at both targets."""
        return {target: there(self.here, target).get(str(bug)) for target in TARGETS}


@pytest.fixture
def lab(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Lab]:
    with world(tmp_path / "ws", monkeypatch, "gadget") as here:
        yield Lab(here)


def opened(one: There | None) -> bool:
    assert one is not None
    return not one.shut and "invalid" not in {how for _where, how in one.tasks}


def closed(where: str) -> Callable[[There | None], bool]:
    return lambda one: one is not None and not one.shut and set(one.at(where)) == {"invalid"}


# -- moved to where nothing is read ---------------------------------------------------------------


def test_a_bug_that_was_moved_away_is_closed_and_says_where_it_is(lab: Lab) -> None:
    bug = lab.project.bug()
    lab.here.pull()
    lab.apply()
    assert all(map(opened, lab.seen(bug).values()))
    lab.move(bug, "gadget-lib")
    assert lab.sweep().found == {"swept": 1}
    for one in lab.seen(bug).values():
        assert closed("gadget")(one)
        assert one is not None
        assert one.says("Moved away to: gadget-lib")
        assert "gadget-lib" not in {where for where, _how in one.tasks}
    lab.project.comment(bug)
    lab.sweep()
    for target in TARGETS:
        assert lab.here.apply(target).steps == 0
        assert lab.here.verify(target).agrees
    lab.move(bug, "gadget", "gadget-lib")
    lab.sweep()
    assert all(map(opened, lab.seen(bug).values()))


def test_it_is_followed_where_the_settings_say_so(lab: Lab) -> None:
    lab.settings('[sync]\nretargeted = "follow"')
    bug = lab.project.bug()
    lab.here.pull()
    lab.apply()
    lab.move(bug, "gadget-lib")
    lab.sweep()
    for one in lab.seen(bug).values():
        assert one is not None
        assert len(one.at("gadget-lib")) == 1
        assert one.at("gadget-lib") != ["invalid"]
        assert set(one.at("gadget")) <= {"invalid"}


def test_it_is_shut_where_the_settings_say_so_and_opened_when_it_is_back(lab: Lab) -> None:
    lab.settings('[sync]\nretargeted = "close"')
    bug = lab.project.bug()
    lab.here.pull()
    lab.apply()
    lab.move(bug, "gadget-lib")
    lab.sweep()
    assert all(one is not None and one.shut for one in lab.seen(bug).values())
    assert lab.sweep().found == {}
    lab.move(bug, "gadget", "gadget-lib")
    lab.sweep()
    assert all(map(opened, lab.seen(bug).values()))


def test_it_is_left_where_the_settings_say_so(lab: Lab) -> None:
    lab.settings('[sync]\nretargeted = "keep"')
    bug = lab.project.bug()
    lab.here.pull()
    lab.apply()
    lab.move(bug, "gadget-lib")
    before = {target: lab.here.writes(target) for target in TARGETS}
    assert lab.sweep().found == {}
    assert before == {target: lab.here.writes(target) for target in TARGETS}


def test_a_bug_with_a_task_that_is_read_is_not_away(lab: Lab) -> None:
    bug = lab.project.bug(targets=("gadget", "gadget/1.x"))
    lab.here.pull()
    lab.apply()
    lab.move(bug, "gadget-lib", "gadget/1.x")
    lab.sweep()
    for one in lab.seen(bug).values():
        assert one is not None
        assert not one.says("Moved away to")
        assert not one.shut
        assert set(one.at("gadget")) > {"invalid"} or one.at("gadget") != ["invalid"]


@pytest.mark.parametrize("full", [False, True])
def test_many_that_were_moved_away_are_a_brake_and_nothing_of_it_is_written(
    lab: Lab, full: bool
) -> None:
    bugs = [lab.project.bug() for _ in range(14)]
    lab.here.pull()
    lab.apply()
    for bug in bugs[:12]:
        lab.move(bug, "gadget-lib")
    with pytest.raises(Brake, match="12 of 14 issues are not to be seen"):
        _ = lab.here.pull(full=True) if full else lab.sweep()
    lab.apply()
    assert all(map(opened, lab.seen(bugs[0]).values()))
    lab.here.pull(full=True, accept=True)
    lab.apply()
    assert all(map(closed("gadget"), lab.seen(bugs[0]).values()))


# -- not to be seen -------------------------------------------------------------------------------


def test_a_bug_that_can_not_be_seen_is_shut_and_opened_when_it_is_to_be_seen(lab: Lab) -> None:
    bug, other = lab.project.bug(), lab.project.bug()
    lab.here.pull()
    lab.apply()
    lab.project.turn(bug, "Private")
    assert lab.sweep().found == {"swept": 1}
    assert all(one is not None and one.shut for one in lab.seen(bug).values())
    assert lab.sweep().found == {}
    store = lab.here.launchpad.store
    with lab.here.launchpad.lock:  # no date moves, as where a program does it
        held = store.bug(bug)
        assert held is not None
        store.put_bug(bug, {**held.data, "information_type": "Public"})
    assert lab.sweep().found == {"swept": 1}
    assert all(map(opened, lab.seen(bug).values()))
    lab.project.drop(other)
    lab.sweep()
    assert all(one is not None and one.shut for one in lab.seen(other).values())


def test_many_that_go_a_few_at_a_time_are_a_brake_within_a_day(lab: Lab) -> None:
    bugs = [lab.project.bug() for _ in range(20)]
    lab.here.pull()
    for start in (0, 5):
        for bug in bugs[start : start + 5]:
            lab.project.drop(bug)
        lab.here.pull(brief=True, sweep=keys(bugs[start : start + 5]))
    lab.project.drop(bugs[10])
    with pytest.raises(Brake, match="11 of 20 issues have come, within a day, to be"):
        lab.here.pull(brief=True, sweep=keys(bugs[10:11]))
    lab.here.pull(full=True, accept=True)
    lab.project.drop(bugs[11])
    assert lab.here.pull(brief=True, sweep=keys(bugs[11:12])).gone == 1


def keys(bugs: list[int]) -> list[Any]:
    return [f"launchpad:bug:{bug}" for bug in bugs]


# -- a project that is called otherwise -----------------------------------------------------------


@pytest.mark.parametrize("brief", [False, True])
def test_a_project_that_was_renamed_is_followed_and_nothing_doubled(lab: Lab, brief: bool) -> None:
    bug = lab.project.bug(targets=("gadget", "gadget/1.x"))
    plan = lab.project.blueprint()
    lab.here.pull()
    lab.apply()
    before = {target: sorted(there(lab.here, target)) for target in TARGETS}
    store = lab.here.launchpad.store
    with lab.here.launchpad.lock, store.transaction():
        rename(store, "gadget", "gizmo")
    lab.project.change(bug, title="Lamp is bright")
    pulled = lab.here.pull(brief=brief)
    assert (pulled.new, pulled.gone) == (0, 0)
    (outdated,) = pulled.outdated
    assert outdated.startswith("launchpad:gadget is called launchpad:gizmo by now: write that into")
    lab.apply()
    lab.sweep()
    for target in TARGETS:
        found = there(lab.here, target)
        assert sorted(found) == before[target]
        assert found[str(bug)].title == "Lamp is bright"
        assert opened(found[str(bug)])
        assert not found[str(bug)].at("gizmo")
        assert found[str(bug)].says("gizmo")
        assert plan.rpartition("/")[2] in found
        assert lab.here.verify(target).agrees
    lab.here.specs = ["gizmo"]
    lab.here.write_settings()
    again = lab.here.pull()
    assert (again.full, again.new, again.changed, again.outdated) == (False, 0, 0, [])
    for target in TARGETS:
        assert lab.here.apply(target).steps == 0


def test_one_of_two_that_were_made_in_the_same_instant_is_not_followed(lab: Lab) -> None:
    """A bug has moved to another project, which a script made with this one: a real Launchpad gives
    both the date of that transaction."""
    first, _ = lab.project.bug(), lab.project.bug()
    lab.here.pull()
    store = lab.here.launchpad.store
    with lab.here.launchpad.lock, store.transaction():
        held = store.item("gadget")
        assert held is not None
        store.put_item("project", "anvil", {**held.data, "name": "anvil"})
        rename(store, "gadget", "gizmo")
    lab.move(first, "anvil", of="gizmo")
    with pytest.raises(UsageError, match="launchpad:gadget"):
        lab.here.pull()
