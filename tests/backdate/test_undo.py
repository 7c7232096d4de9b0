"""What was given its authors in the database is still known as ours: it can be taken back whole,
and comes again; and what people did there stays theirs."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.backdate.moving import MOVING, Moving
from tests.end_to_end.folders import SERVED, folders
from tests.end_to_end.marked_world import MarkedWorld, file_bugs, marked_world
from tests.end_to_end.test_undo import live, number_at, undo
from tests.end_to_end.world import TARGETS
from tests.mariadb import Server
from tracker_migrate.model import Key, key


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
        moving.join(*moving.authors()[:-1])
        moving.written()
        assert moving.backdate().moved > 20
        yield marked, moving


def test_all_goes_and_comes_again_and_what_its_author_says_there_keeps_an_issue(
    backdated: tuple[MarkedWorld, Moving],
) -> None:
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
    (bug, name), *_ = whose(moving)
    moving.comment(name, number_at(here, target, bug), "Me, too")
    assert list(undo(here, target, dry_run=True).spared) == [bug]


def whose(moving: Moving) -> list[tuple[Key, str]]:
    """Public bugs that are shown as somebody's, and their names at the source."""
    found = [
        (one["id"], one["owner_link"]) for one in moving.bugs() if moving.of(one["owner_link"])
    ]
    return [(key("launchpad", "bug", str(at)), link.rpartition("~")[2]) for at, link in found]
