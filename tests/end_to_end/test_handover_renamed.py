"""The handover of a project that was renamed at the source since it was first read."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.end_to_end import handing
from tests.end_to_end.handing import Home, idle
from tests.end_to_end.marked_bugs import PROJECT
from tests.end_to_end.marked_world import MarkedWorld
from tests.end_to_end.world import TARGETS
from tracker_migrate.backends.launchpad.standin.renaming import rename
from tracker_migrate.engine import cutover
from tracker_migrate.workspace import Workspace

OPEN = (502, 504, 506, 510)
NEW = "gizmo"


@pytest.fixture(params=["the old name", "the new name"])
def moved(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[MarkedWorld]:
    """A project that stands at both targets, and is called otherwise by now; what the settings call
    it."""
    with handing.moved(tmp_path / "ws", monkeypatch) as made:
        store = made.here.launchpad.store
        with made.here.launchpad.lock, store.transaction():
            rename(store, PROJECT, NEW)
        made.here.pull(full=True)
        for target in TARGETS:
            made.here.apply(target)
        if request.param == "the new name":
            made.here.specs = [NEW]
            handing.write_settings(made.here)
        yield made


def statuses(home: Home) -> set[str]:
    """Of the open bugs' tasks."""
    found = {home.status(bug, NEW) for bug in OPEN}
    return found | {home.status(506, f"{NEW}/1.x"), home.status(510, f"{NEW}/trunk")}


def test_it_is_told_and_taken_back_and_neither_is_news(moved: MarkedWorld) -> None:
    home = Home(moved)
    before = statuses(home)
    done = handing.handover(moved.here)
    assert (done.issues, done.comments, done.tags, done.statuses) == (4, 4, 4, 5)
    assert not done.refused
    assert statuses(home) == {"Won't Fix"}
    idle(moved.here)
    assert arrived(moved) == []
    undone = handing.undo(moved.here)
    assert (undone.issues, undone.statuses, undone.left) == (4, 5, {})
    assert statuses(home) == before
    idle(moved.here)


def test_who_would_be_mailed_is_asked_of_the_project_as_it_is_called_now(
    moved: MarkedWorld,
) -> None:
    with Workspace(moved.here.folder) as workspace, workspace.coordinating():
        found, _ = cutover.handover_mailing(workspace, "storyboard")
    assert found.issues == 4
    assert found.beside[NEW] == 0, "asked by its old name, it would be gone"


def arrived(moved: MarkedWorld) -> list[str]:
    """What counts as having come after the handover."""
    with Workspace(moved.here.folder) as workspace:
        return [str(one.issue) for one in workspace.told.arrivals(followed=False)]


def test_a_bug_that_a_blueprint_names_is_no_news(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its blueprints stand in the archive, and in no reply about the bug."""
    with handing.moved(tmp_path / "ws", monkeypatch) as made:
        needed = made.project.blueprint(bugs=[502])
        made.project.blueprint(needs=[needed])
        made.spread()
        handing.handover(made.here)
        idle(made.here)
        assert arrived(made) == []
