"""What was given its authors in the database is still known as ours: it can be taken back whole,
and comes again; and what people did there stays theirs."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.backdate.moving import MOVING, Moving
from tests.end_to_end.folders import SERVED, folders
from tests.end_to_end.marked_world import MarkedWorld, file_bugs, marked_world
from tests.end_to_end.test_undo import live, undo
from tests.end_to_end.world import TARGETS
from tests.mariadb import Server


@pytest.fixture(params=TARGETS)
def backdated(
    request: pytest.FixtureRequest,
    mariadb: Server,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[tuple[MarkedWorld, Moving]]:
    with (
        marked_world(tmp_path / "ws", monkeypatch) as marked,
        folders(tmp_path / "ws" / SERVED) as served,
    ):
        file_bugs(marked.project)
        served.use(marked.here)
        moving = MOVING[request.param](marked.here, mariadb)
        moving.join(*moving.authors()[1:])
        moving.written()
        assert moving.backdate().moved > 20
        yield marked, moving


def test_all_goes_and_comes_again_as_it_was(backdated: tuple[MarkedWorld, Moving]) -> None:
    marked, moving = backdated
    here, target = moving.here, moving.target
    before = live(marked, target)
    undone = undo(here, target)
    assert (undone.spared, undone.failed) == ({}, {})
    assert undone.issues > 20
    assert live(marked, target) == []
    assert undo(here, target).issues == 0
    moving.written()
    moving.backdate()
    assert live(marked, target) == before
    moving.writes_nothing()
