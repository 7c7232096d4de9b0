"""A machine may be stopped at any moment: then others have what it held, and wait for nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import psycopg
import psycopg_pool
from psycopg.pq import TransactionStatus

from tests.workers.conftest import Hall
from tracker_migrate.engine.queue import Queue
from tracker_migrate.workspace.crew import called
from tracker_migrate.workspace.outpost import Outpost

Halls = Callable[..., Hall]


def test_the_queue_is_asked_in_no_transaction(hall: Halls) -> None:
    """A job that was fetched in one, and not committed, would stand there as waiting for ever."""
    with _from_the_queues(hall()) as connection:
        connection.execute("SELECT count(*) FROM procrastinate_jobs")
        assert connection.info.transaction_status is TransactionStatus.IDLE


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
