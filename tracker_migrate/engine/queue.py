"""The queue between who coordinates and the workers: procrastinate, on the workspace's PostgreSQL.

A job names a round and an issue, and nothing more hangs on it: who gets it asks the round for its
part, so that a job may come twice, late, or never. Only this file imports procrastinate, late.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from importlib import metadata
from types import ModuleType
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Engine

from tracker_migrate.errors import Unreachable, UsageError
from tracker_migrate.model import Key
from tracker_migrate.workspace import crew, pacing
from tracker_migrate.workspace.database import GONE, translated

#: seconds between two looks for work, and whether it is over
_LOOK = 0.2
_TASK = "write"
_MADE_FOR = sa.text(
    "SELECT obj_description(oid, 'pg_namespace') FROM pg_namespace WHERE nspname = :name"
)
_WAITING = sa.text(
    f"SELECT count(*) FROM {crew.SCHEMA}.procrastinate_jobs"
    " WHERE queue_name = :queue AND status = 'todo'"
)
#: they would say which jobs they do, and of an error what was being written
_SILENT = ("procrastinate", "psycopg", "psycopg.pool")


def version() -> str:
    """Of procrastinate. Raises UsageError if it is not installed."""
    _procrastinate()
    return metadata.version("procrastinate")


def _procrastinate() -> ModuleType:
    try:
        import procrastinate
        import procrastinate.schema
    except ModuleNotFoundError as error:
        raise UsageError(
            f"workers need {error.name}: pip install tracker-migrate[workers]"
        ) from None
    for name in _SILENT:
        logging.getLogger(name).setLevel(logging.CRITICAL + 1)
    return procrastinate


class Queue:
    """The queue of a workspace. One round has one queue's name."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._procrastinate = _procrastinate()

    def make(self) -> None:
        """Have its tables, and those of the crew: made anew for another version of procrastinate,
        for nothing in them lasts. For who coordinates alone. Raises WorkspaceError."""
        wanted = f"tracker-migrate {crew.SHAPE}, procrastinate {version()}"
        named = {"name": crew.SCHEMA}
        with translated(), self._engine.begin() as connection:
            if connection.execute(_MADE_FOR, named).scalar() == wanted:
                return
            connection.execute(sa.text(f"DROP SCHEMA IF EXISTS {crew.SCHEMA} CASCADE"))
            connection.execute(sa.text(f"CREATE SCHEMA {crew.SCHEMA}"))
            pacing.pace.metadata.create_all(connection)
            connection.execute(sa.text(f"SET LOCAL search_path = {crew.SCHEMA}"))
            # many statements, with % in them
            connection.connection.cursor().execute(_schema())
            connection.execute(sa.text(f"COMMENT ON SCHEMA {crew.SCHEMA} IS '{wanted}'"))

    def defer(self, of: str, issues: Sequence[Key]) -> None:
        """Queue a job for each of these issues."""
        if not issues:
            return
        app = self._app(self._procrastinate.SyncPsycopgConnector(**self._how(1)))
        with self._translated(), app.open():
            task = app.configure_task(_TASK, queue=of)
            task.batch_defer(*[{"issue": issue} for issue in issues])

    def waiting(self, of: str) -> int:
        """How many jobs nobody has fetched yet."""
        with translated(), self._engine.connect() as connection:
            return int(connection.execute(_WAITING, {"queue": of}).scalar_one())

    def work(
        self, of: str, at_once: int, write: Callable[[str], None], over: Callable[[], bool]
    ) -> None:
        """Do the jobs of a round, so many at once, until it is over; what is begun is ended.
        write: does one, in any thread, and raises nothing. Raises Unreachable if the queue is."""
        with self._translated():
            asyncio.run(self._work(of, at_once, write, over))

    async def _work(
        self, of: str, at_once: int, write: Callable[[str], None], over: Callable[[], bool]
    ) -> None:
        app = self._app(self._procrastinate.PsycopgConnector(**self._how(2)))

        def job(issue: str) -> None:
            if over():  # it is lost to the queue: let few be, until no more is fetched
                time.sleep(2 * _LOOK)
            else:
                write(issue)

        app.task(name=_TASK)(job)
        with ThreadPoolExecutor(at_once + 2, thread_name_prefix="write") as pool:
            asyncio.get_running_loop().set_default_executor(pool)
            async with app.open_async():
                how = {"queues": [of], "concurrency": at_once, "delete_jobs": "always"}
                how |= {"install_signal_handlers": False, "listen_notify": False}
                how |= {"fetch_job_polling_interval": _LOOK}
                worker = asyncio.create_task(app.run_worker_async(**how))
                while not worker.done() and not over():
                    await asyncio.wait([worker], timeout=_LOOK)
                failed = worker.done()
                worker.cancel()
                await asyncio.gather(worker, return_exceptions=not failed)

    @contextmanager
    def _translated(self) -> Iterator[None]:
        """Its errors are of its own kind, and those of its pool the driver's."""
        import psycopg

        try:
            yield
        except (self._procrastinate.exceptions.ConnectorException, psycopg.Error):
            raise Unreachable(GONE) from None

    def _app(self, connector: Any) -> Any:
        return self._procrastinate.App(connector=connector)

    def _how(self, connections: int) -> dict[str, Any]:
        """What its connections are made of: those of the workspace, called as they are, looking
        into the queue's schema alone."""
        dialect = self._engine.dialect
        _, given = dialect.create_connect_args(self._engine.url)
        for name in dialect.dispatch.do_connect:
            name(dialect, None, [], given)
        given["options"] = f"{given.get('options', '')} -c search_path={crew.SCHEMA}".strip()
        # a process that is stopped within a transaction would keep a job that nobody can have
        given["autocommit"] = True
        return {"kwargs": given, "min_size": 1, "max_size": connections}


def _schema() -> str:
    """procrastinate's tables, as one text."""
    import procrastinate.schema

    text: str = procrastinate.schema.SchemaManager.get_schema()
    return text
