"""A machine may be stopped at any moment: then others have what it held, and wait for nothing."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
import psycopg_pool
import pytest
import sqlalchemy as sa
from psycopg.pq import TransactionStatus
from sqlalchemy.engine import Connection

from tests.engine.world import settings
from tests.workers.conftest import Hall
from tracker_migrate.engine.queue import Queue
from tracker_migrate.errors import Locked, Unreachable
from tracker_migrate.interfaces import Block, ClosedStep, Receipt
from tracker_migrate.model import Key
from tracker_migrate.testing.memory import bug
from tracker_migrate.workspace import Ledger, Workspace
from tracker_migrate.workspace.crew import called
from tracker_migrate.workspace.outpost import Outpost

Halls = Callable[..., Hall]


def test_the_queue_is_asked_in_no_transaction(hall: Halls) -> None:
    """A job that was fetched in one, and not committed, would stand there as waiting for ever."""
    with _from_the_queues(hall()) as connection:
        connection.execute("SELECT count(*) FROM procrastinate_jobs")
        assert connection.info.transaction_status is TransactionStatus.IDLE


def test_two_that_give_numbers_of_two_kinds_do_not_wait_for_one_another(
    address: str, tmp_path: Path
) -> None:
    """One gives both in turn; the other the second and then the first, in one transaction."""
    settings(tmp_path / "ws", address)
    with Workspace(tmp_path / "ws") as here, Workspace(tmp_path / "ws") as there:
        one, other = here.ledger("there"), there.ledger("there")
        for kind in ("a", "b"):
            one.add_block(kind, Block(first=1, last=99))
        first, second = threading.Event(), threading.Event()
        _pausing(one, "a", first, second)
        _pausing(other, "b", second, first, 0.3)
        with ThreadPoolExecutor(3) as pool:
            # what comes while a transaction is under way is the next one
            begun, goes_on = threading.Event(), threading.Event()

            def hold(_connection: Connection) -> None:
                begun.set()
                goes_on.wait(30)

            there.writer.do(hold)
            assert begun.wait(30)
            given = []
            for number, kind in enumerate("ba"):
                wanted = {kind: [(Key(f"x:y:{number}"), None)]}
                given.append(pool.submit(other.give_numbers, wanted))
                time.sleep(0.1)
            goes_on.set()
            both = {kind: [(Key(f"x:{kind}:3"), None)] for kind in "ab"}
            assert one.give_numbers(both) == {}
            assert [each.result() for each in given] == [{}, {}]


def _pausing(
    ledger: Ledger, kind: str, gave: threading.Event, other: threading.Event, more: float = 0.0
) -> None:
    """Have it wait for the other one after it gave numbers of that kind, and so many seconds."""
    give = ledger._give

    def pause(connection: Connection, one: str, fixed: Any) -> list[Key]:
        found = give(connection, one, fixed)
        if one == kind:
            gave.set()
            other.wait(2)
            time.sleep(more)
        return found

    vars(ledger)["_give"] = pause


def test_who_coordinated_and_was_cut_off_writes_nothing_more(hall: Halls) -> None:
    """Another may coordinate by then. A firewall forgets a connection on which nothing goes on."""
    here = hall("theirs").world
    here.keep(bug(1), bug(2))
    with here.workspace.coordinating():
        here.workspace.must_coordinate()
        _cut_off(here.workspace)
        with (
            Workspace(here.workspace.folder) as second,
            second.coordinating(),
            pytest.raises(Locked, match="another may do so by now"),
        ):
            here.apply()
        assert here.server.all("card") == []
    with here.workspace.coordinating():
        assert not here.apply().left


def test_a_run_that_workers_see_nobody_coordinate_ends(
    hall: Halls, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They are there, and take nothing; it would wait for them for ever."""
    here = hall("theirs")
    here.world.keep(*(bug(number) for number in range(1, 40)))
    sink, sent = here.world.sink, threading.Event()
    real = sink.send

    def send(step: ClosedStep) -> Receipt:
        if not sent.is_set():
            sent.set()
            _cut_off(here.world.workspace)
            time.sleep(1.5)
        return real(step)

    monkeypatch.setattr(sink, "send", send)
    with here.workers(1):
        with pytest.raises(Locked, match="another may do so by now"):
            here.apply()
        assert not here.apply().left
    assert here.world.verify().agrees


def _cut_off(workspace: Workspace) -> None:
    """End the connection by which a workspace coordinates."""
    with workspace.engine.connect() as connection:
        for pid in workspace._holders.values():
            connection.execute(sa.text("SELECT pg_terminate_backend(:pid)"), {"pid": pid})
    while workspace.is_coordinated():
        time.sleep(0.05)


def test_a_worker_that_ends_leaves_the_others_their_jobs(hall: Halls) -> None:
    """What it fetches until its end is noticed, nobody else gets."""
    queue, done = Queue(hall().world.workspace.engine), list[str]()
    queue.make()
    queue.defer("round", [Key(f"x:y:{number}") for number in range(300)])
    queue.work("round", 2, done.append, lambda: len(done) >= 5)
    assert queue.waiting("round") >= 300 - 5 - 2 * 2


@pytest.mark.parametrize("does", ["defer", "work"])
def test_a_queue_that_can_not_be_reached_is_no_bug(
    hall: Halls, monkeypatch: pytest.MonkeyPatch, does: str
) -> None:
    """The run ends as with any other server that is not there."""
    queue = Queue(hall().world.workspace.engine)
    how = queue._how(1)
    how["kwargs"] |= {"host": "/nowhere"}
    monkeypatch.setattr(queue, "_how", lambda _many: how | {"timeout": 0.5})
    asks = {
        "defer": lambda: queue.defer("round", [Key("x:y:1")]),
        "work": lambda: queue.work("round", 1, lambda _issue: None, lambda: False),
    }
    with pytest.raises(Unreachable, match="the workspace's database can't be reached"):
        asks[does]()


def test_the_queues_connections_say_whose_they_are(hall: Halls) -> None:
    """Those of a worker that is taken for dead are ended, these too."""
    here = hall()
    with Outpost(here.world.workspace.folder) as outpost:
        Queue(here.world.workspace.engine).make()
        with _pool(Queue(outpost.engine)) as pool, pool.connection() as connection:
            (name,) = connection.execute("SHOW application_name").fetchone() or ("",)
        assert name == called(outpost.owner)


@contextmanager
def _from_the_queues(here: Hall) -> Iterator[psycopg.Connection]:
    queue = Queue(here.world.workspace.engine)
    queue.make()
    with _pool(queue) as pool, pool.connection() as connection:
        yield connection


def _pool(queue: Queue) -> psycopg_pool.ConnectionPool:
    """As procrastinate makes it."""
    return psycopg_pool.ConnectionPool(**queue._how(1), open=True)
