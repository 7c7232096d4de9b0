"""Authors and dates at a real server, where its address and its database are given: see
real_move.py."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.live.real_move import BUGS, Move, with_database
from tracker_migrate.engine import jobs
from tracker_migrate.engine.backdate import opened
from tracker_migrate.engine.target import Target
from tracker_migrate.model import Key, kind_of
from tracker_migrate.workspace.settings import database_of

pytestmark = pytest.mark.live


@pytest.fixture(params=["storyboard", "maniphest"])
def move(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Move]:
    with with_database(request.param, tmp_path, monkeypatch) as made:
        yield made


def test_authors_dates_and_order_read_back_and_a_late_claim_moves_them(move: Move) -> None:
    people = move.authors()
    move.claim(*people[::2])
    first = move.backdate()
    assert first.moved > 0
    assert not first.left
    assert move.read_back() > 2 * BUGS
    assert jobs.backdate(move.workspace, "real").rows == {}
    move.writes_nothing()
    move.claim(*people[1:])
    assert move.backdate().moved > 0
    assert move.read_back() > 2 * BUGS
    move.claim()
    assert move.backdate().moved > 0
    assert move.read_back() > 2 * BUGS
    move.writes_nothing()


def test_a_lost_ledger_is_rebuilt_though_others_are_the_authors(move: Move) -> None:
    move.claim(*move.authors())
    move.backdate()
    move.lose_ledger()
    adopted = jobs.adopt(move.workspace, "real")
    assert adopted.added > BUGS
    assert (adopted.differs, adopted.doubled, adopted.absent) == ([], [], 0)
    assert jobs.apply(move.workspace, "real").steps == 0
    assert jobs.backdate(move.workspace, "real").rows == {}
    move.writes_nothing()
    assert move.read_back() > 2 * BUGS


def test_what_an_administrator_runs_ends_the_same(move: Move) -> None:
    move.claim(*move.authors())
    move.run()
    by_an_administrator(move)
    done = jobs.backdate_confirm(move.workspace, "real")
    assert done.moved > 0
    assert not done.waiting
    assert move.read_back() > 2 * BUGS
    assert jobs.backdate(move.workspace, "real").rows == {}
    move.writes_nothing()


def by_an_administrator(move: Move) -> None:
    """The statements that are printed are run."""
    said: list[str] = []
    jobs.backdate_statements(move.workspace, "real", said.append)
    held = database_of(move.workspace.settings.targets["real"])
    assert held is not None
    with opened(Target(move.workspace, "real"), held).connect() as database:
        for statement in said:
            if not statement.startswith("--"):
                database.exec_driver_sql(statement.replace("%", "%%"))


def test_a_comment_that_was_hidden_goes_and_the_rest_has_its_dates_in_the_same_run(
    move: Move,
) -> None:
    move.claim(*move.authors())
    move.run()
    key = some_comment(move)
    bug, index = (int(one) for one in key.rpartition(":")[2].split("/"))
    store = move.launchpad.store
    there = store.message(bug, index)
    assert there is not None
    store.put_message(bug, index, {**there.data, "visible": False})
    jobs.pull(move.workspace, full=True)
    assert jobs.apply(move.workspace, "real").exposed == 1
    assert jobs.backdate(move.workspace, "real").withdrawn == [key]
    assert move.read_back() > 2 * BUGS
    assert jobs.apply(move.workspace, "real").exposed == 0
    move.run()
    assert move.read_back() > 2 * BUGS
    jobs.backdate(move.workspace, "real")  # the opening was a change
    assert jobs.backdate(move.workspace, "real").rows == {}
    move.writes_nothing()


def some_comment(move: Move) -> Key:
    """A comment that stands there and does not repeat its bug's description."""
    ledger = move.workspace.ledger("real")
    for issue in ledger.issues():
        for key, held in ledger.of_issue(issue).items():
            if held.kind == "comment" and held.within is None and not key.endswith("/0"):
                return key
    raise AssertionError("no comment was written")


def test_what_was_backdated_is_ours_to_take_back_and_comes_again(move: Move) -> None:
    move.claim(*move.authors())
    assert move.backdate().moved > BUGS
    before = move.places()
    touched, *_ = (of for of in before if kind_of(of) == "bug")
    move.comments(before[touched])
    undone = jobs.undo(move.workspace, "real")
    assert (list(undone.spared), undone.failed) == ([touched], {})
    assert undone.issues == len(before) - 1
    assert move.places() == {touched: before[touched]}
    assert move.backdate().moved > 0
    assert move.read_back() > 2 * BUGS
    assert jobs.backdate(move.workspace, "real").rows == {}
    move.writes_nothing()
