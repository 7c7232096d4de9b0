"""A bug that another workspace's migration brought to the same target is joined, not doubled."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.end_to_end.test_kill import state
from tests.end_to_end.test_recorded_projects import agrees, reader_of
from tests.end_to_end.world import TARGETS, World, world
from tracker_migrate.backends.launchpad.standin.generate import generate


@pytest.mark.parametrize("target", TARGETS)
def test_a_second_workspace_joins(
    target: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with world(tmp_path / "first", monkeypatch, "gadget") as here:
        generate(here.launchpad, bugs=25, blueprints=3, seed=6)
        here.pull()
        here.apply(target)
        before = state(here, target)
        other = World(
            tmp_path / "second", here.specs, here.launchpad, here.storyboard, here.maniphest
        )
        pulled = other.pull()
        applied = other.apply(target)
        assert applied.joined == pulled.new
        assert all(len(issues) == 1 for issues in before.values())
        assert state(here, target) == before
        agrees_but_for_fields(other, target)


def agrees_but_for_fields(other: World, target: str) -> None:
    """Joined objects are there, once; what stands in them is their writer's business."""
    result = other.verify(target)
    assert not result.missing
    assert not result.doubled
    assert not result.account.missing


@pytest.mark.parametrize("target", TARGETS)
def test_a_lost_ledger_writes_nothing_twice(
    target: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The state is deleted, and everything is run again."""
    with world(tmp_path / "ws", monkeypatch, "gadget") as here:
        generate(here.launchpad, bugs=15, blueprints=2, seed=8)
        here.pull()
        here.apply(target)
        agrees(here.verify(target))
        shutil.rmtree(here.folder / "state")
        here.pull()
        here.apply(target)
        there = reader_of(here, target).by_permalink()
        assert all(len(issues) == 1 for issues in there.values())
        agrees_but_for_fields(here, target)
