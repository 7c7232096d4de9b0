"""Settings of the source that are changed in mid-life: nobody's issue is closed because of that."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.end_to_end.arrived import There, there
from tests.end_to_end.marked_world import MarkedWorld, marked_world
from tests.end_to_end.test_vanished import Lab
from tests.end_to_end.world import TARGETS, world
from tracker_migrate.engine import jobs
from tracker_migrate.errors import Brake
from tracker_migrate.model import Key, key
from tracker_migrate.workspace import Workspace


def keys(bugs: list[int]) -> list[Key]:
    return [key("launchpad", "bug", bug) for bug in bugs]


# -- `private` ------------------------------------------------------------------------------------


def audiences(marked: MarkedWorld, bugs: list[int]) -> set[str]:
    with Workspace(marked.here.folder) as workspace:
        ledgers = [workspace.ledger(target) for target in TARGETS]
        found = [ledger.held([of])[of].audience for ledger in ledgers for of in keys(bugs)]
    return set(found)


def pull_for_both(marked: MarkedWorld, **how: Any) -> None:
    with Workspace(marked.here.folder) as workspace, workspace.coordinating():
        jobs.pull_for(workspace, TARGETS, **how)


def test_readers_of_private_bugs_are_not_shut_out_by_a_setting_unless_that_is_meant(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with marked_world(tmp_path / "ws", monkeypatch) as marked:
        bugs = [marked.project.bug("Private", readers=[marked.project.half]) for _ in range(4)]
        turned = marked.project.bug()
        marked.spread()
        assert audiences(marked, bugs) == {"few"}
        marked.here.private = False
        marked.here.write_settings()
        marked.project.turn(turned, "Private")
        for brief in (True, False):
            with pytest.raises(Brake, match="4 issues that are not public are not read any more"):
                pull_for_both(marked, brief=brief, sweep=keys([turned]))
            assert audiences(marked, bugs) == {"few"}
        with pytest.raises(Brake):
            pull_for_both(marked, full=True)
        assert audiences(marked, [turned]) == {"importer"}
        marked.here.private = True
        marked.here.write_settings()
        marked.spread()
        assert audiences(marked, bugs) == {"few"}
        marked.here.private = False
        marked.here.write_settings()
        marked.here.pull(accept=True)
        for target in TARGETS:
            marked.here.apply(target)
        assert audiences(marked, [*bugs, turned]) == {"importer"}


# -- `specs` --------------------------------------------------------------------------------------


def stands(lab: Lab, bug: int) -> list[tuple[Any, bool, bool]]:
    """How a bug stands at each target: its tasks, whether it is closed, whether it says that it was
    moved."""

    def one(found: There | None) -> tuple[Any, bool, bool]:
        assert found is not None
        return sorted(found.tasks), found.shut, found.says("Moved away to")

    return [one(there(lab.here, target).get(str(bug))) for target in TARGETS]


@pytest.fixture
def lab(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Two projects are read, and one bug of each stands at the targets."""
    with world(tmp_path / "ws", monkeypatch, "gadget", "gizmo") as here:
        made = Lab(here)
        store = made.project.store
        with here.launchpad.lock, store.transaction():
            held = store.item("gadget")
            assert held is not None
            store.put_item("project", "gizmo", {**held.data, "name": "gizmo"})
        yield made


def finished(lab: Lab) -> tuple[int, int]:
    """A bug of either project; the second one is read no more."""
    first, second = lab.project.bug(), lab.project.bug()
    lab.move(second, "gizmo")
    lab.here.pull()
    lab.apply()
    lab.here.specs = ["gadget"]
    lab.here.write_settings()
    return first, second


def test_a_project_that_is_read_no_more_leaves_its_bugs_as_they_stand(lab: Lab) -> None:
    first, second = finished(lab)
    before = stands(lab, second)
    pulled = lab.here.pull()
    assert (pulled.full, pulled.unfollowed, pulled.changed, pulled.gone) == (True, 1, 0, 0)
    lab.apply()
    lab.sweep()
    assert stands(lab, second) == before
    assert not any(shut or says for _tasks, shut, says in before)
    lab.move(first, "gizmo")
    lab.sweep()
    assert all(says for _tasks, _shut, says in stands(lab, first)), "this one has moved"
    for target in TARGETS:
        assert lab.here.apply(target).steps == 0


def test_what_is_read_no_more_is_closed_when_it_is_not_to_be_seen(lab: Lab) -> None:
    _, second = finished(lab)
    lab.here.pull()
    lab.apply()
    lab.project.turn(second, "Private")
    lab.sweep()
    assert all(shut for _tasks, shut, _says in stands(lab, second))
