"""The workspace is lost, or an old copy of it comes back: `adopt` rebuilds the ledger from what
stands at the target, and the next run writes nothing twice."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest

from tests.end_to_end.test_kill import state
from tests.end_to_end.test_recorded_projects import agrees
from tests.end_to_end.world import TARGETS, World, world
from tracker_migrate.backends.launchpad.standin.generate import generate
from tracker_migrate.engine import jobs
from tracker_migrate.engine.adopt import Adopted
from tracker_migrate.workspace import Workspace

both = pytest.mark.parametrize("target", TARGETS)


def adopt(here: World, target: str, **how: Any) -> Adopted:
    """Rebuild the ledger; nothing is written to the target by it."""
    before = here.writes(target)
    with Workspace(here.folder) as workspace, workspace.coordinating():
        found = jobs.adopt(workspace, target, **how)
    assert here.writes(target) == before
    return found


def lose(here: World) -> None:
    """The workspace is lost; a new one is made and pulled."""
    shutil.rmtree(here.folder / "state")
    here.pull()


def writes_nothing(here: World, target: str) -> None:
    """Two more runs send no writing request, and everything is there once, as it should be."""
    before = here.writes(target)
    for _ in range(2):
        here.apply(target)
    assert here.writes(target) == before
    agrees(here.verify(target))


@both
def test_a_lost_ledger_is_rebuilt(
    target: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with world(tmp_path / "ws", monkeypatch, "gadget") as here:
        generate(here.launchpad, bugs=40, blueprints=5, seed=6)
        pulled = here.pull()
        here.apply(target)
        before = state(here, target)
        lose(here)
        found = adopt(here, target)
        assert found.issues == pulled.new
        assert found.added == found.objects
        assert [*found.differs, *found.doubled, *found.gone, *found.unknown] == []
        assert found.left == 0
        writes_nothing(here, target)
        assert state(here, target) == before
