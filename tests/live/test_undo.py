"""Writing, taking back and writing anew at a real server, where the address of one is given: see
real_move.py."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.live.real_move import BUGS, Move, moved
from tracker_migrate.engine import jobs
from tracker_migrate.engine.filters import Only
from tracker_migrate.model import key, kind_of

pytestmark = pytest.mark.live
_KEEP = 'numbers = "keep"', "above = 1_500_000_000"


@pytest.fixture(params=["storyboard", "maniphest"])
def move(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Move]:
    with moved(request.param, tmp_path, monkeypatch) as made:
        yield made


def test_all_goes_and_comes_again(move: Move) -> None:
    before = move.places()
    undone = jobs.undo(move.workspace, "real")
    assert (undone.issues, undone.spared, undone.failed) == (len(before), {}, {})
    assert move.places() == {}
    assert (undone.left == []) == (move.tracker == "storyboard")
    assert jobs.undo(move.workspace, "real").issues == 0
    adopted = jobs.adopt(move.workspace, "real")
    assert (adopted.issues, adopted.twins) == (0, [])
    move.run()
    after = move.places()
    assert after.keys() == before.keys()
    assert not {at.id for at in after.values()} & {at.id for at in before.values()}
    again = jobs.apply(move.workspace, "real")
    assert (again.steps, again.doubles) == (0, [])


def test_what_somebody_has_worked_on_stays_and_a_part_can_be_taken_back(move: Move) -> None:
    before = move.places()
    touched, asked, *_ = (of for of in before if kind_of(of) == "bug")
    move.comments(before[touched])
    would = jobs.undo(move.workspace, "real", dry_run=True)
    assert list(would.spared) == [touched]
    number = asked.rpartition(":")[2]
    assert jobs.undo(move.workspace, "real", only=Only(f"bug:{number}")).issues == 1
    assert move.places().keys() == before.keys() - {asked}
    undone = jobs.undo(move.workspace, "real")
    assert (list(undone.spared), undone.issues) == ([touched], len(before) - 2)
    assert move.places() == {touched: before[touched]}
    jobs.apply(move.workspace, "real")
    assert move.places().keys() == before.keys()


def test_numbers_that_are_kept_are_given_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with moved("storyboard", tmp_path, monkeypatch, *_KEEP) as move:
        before = move.places()
        assert jobs.undo(move.workspace, "real").issues == len(before)
        move.run()
        bugs = {of for of in before if of == key("launchpad", "bug", move.places()[of].id)}
        assert len(bugs) == BUGS
