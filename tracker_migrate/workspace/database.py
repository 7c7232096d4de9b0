"""The workspace's database: opening it, its schema's version, and its one writer.

SQLite (WAL, synchronous=FULL) unless the settings name a PostgreSQL. All writes go through one
thread that commits what has gathered in one transaction: a caller that waits for its future knows
that its row is on disk, and a hundred callers cost one fsync.
"""

from __future__ import annotations

import logging
import queue
import re
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine

from tracker_migrate.errors import Unreachable, UsageError, WorkspaceError

T = TypeVar("T")

#: the newest Alembic revision that this code knows
HEAD = "0013"
_GROUP = 256
#: how an SQLite is set: what is committed is on disk, and a log that was long once is cut again
_PRAGMAS = (
    "journal_mode=WAL",
    "synchronous=FULL",
    "temp_store=MEMORY",
    f"journal_size_limit={64 * 1024**2}",
)
#: the option of a connection that is going to write
_WRITES = "tracker_migrate_writes"
#: what drivers say of a server that is not there
_AWAY = re.compile(
    r"refused|could not translate|resolve host|timeout expired|timed out|server closed the conn"
    r"|is starting up|is shutting down|no route|terminating connection|connection is (lost|closed)"
)

#: what is said then
GONE = (
    "the workspace's database can't be reached: is its server running, and the address in "
    "migration.toml or TRACKER_MIGRATE_DATABASE right?"
)

#: an error's text would repeat what was to be written; and the log, on its lowest level, every row
#: that is read: ours has a name of its own, and keeps those to itself
_UNSAID: dict[str, Any] = {"hide_parameters": True, "logging_name": "tracker_migrate"}
_LOG = logging.getLogger("sqlalchemy.engine.Engine.tracker_migrate")


def _no_rows(record: logging.LogRecord) -> bool:
    return record.levelno > logging.DEBUG


_LOG.addFilter(_no_rows)


def open_engine(url: str, connections: int = 16) -> Engine:
    """An engine for a database address, with SQLite set so that a commit survives a power cut.
    connections: how many there may be at once, to a server.

    Raises UsageError if the address is none, or its driver is not installed.
    """
    if not url.startswith("sqlite"):
        try:
            many = {"pool_size": 8, "max_overflow": connections - 8, "pool_pre_ping": True}
            return sa.create_engine(url, **many, **_UNSAID)
        except sa.exc.ArgumentError:
            raise UsageError(
                "the database's address is none: write postgresql+psycopg://USER@HOST/NAME"
            ) from None
        except ModuleNotFoundError as error:
            raise UsageError(
                f"the database needs {error.name}: pip install tracker-migrate[postgres]"
            ) from None
    how = {"timeout": 60, "check_same_thread": False}
    engine = sa.create_engine(url, connect_args=how, **_UNSAID)

    @sa.event.listens_for(engine, "connect")
    def _set(connection: Any, _record: Any) -> None:
        # the driver opens a transaction late and by itself otherwise: BEGIN is ours (below)
        connection.isolation_level = None
        for pragma in _PRAGMAS:
            connection.execute(f"PRAGMA {pragma}")

    @sa.event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        if connection.get_execution_options().get(_WRITES):
            # what reads first and writes then is refused at once if another process wrote meanwhile
            connection.exec_driver_sql("BEGIN IMMEDIATE")
        else:  # put to the driver itself: by way of SQLAlchemy it costs as much as a small query
            connection.connection.cursor().execute("BEGIN")

    return engine


def upgrade(engine: Engine) -> None:
    """Bring the schema to `HEAD`. Raises WorkspaceError if the database is of a newer version."""
    with translated():
        with engine.connect() as connection:
            found = _version(connection)
        if found == HEAD:
            return
        if found is not None and found > HEAD:
            raise WorkspaceError(
                f"this workspace has schema {found}, this program knows up to {HEAD}: "
                "it was made by a newer tracker-migrate; install that version or a later one"
            )
        from alembic import command
        from alembic.config import Config

        config = Config()
        config.set_main_option("script_location", str(Path(__file__).with_name("migrations")))
        with engine.begin() as connection:
            config.attributes["connection"] = connection
            command.upgrade(config, "head")


def version(engine: Engine) -> str | None:
    """The schema that a database has; None if it has none of ours. Raises Unreachable,
    WorkspaceError."""
    with translated(), engine.connect() as connection:
        return _version(connection)


def _version(connection: Connection) -> str | None:
    if not sa.inspect(connection).has_table("alembic_version"):
        return None
    return connection.execute(sa.text("SELECT version_num FROM alembic_version")).scalar()


@contextmanager
def translated() -> Iterator[None]:
    """Turn a database's own errors into ours: the disk is full, it is locked, it is damaged."""
    try:
        yield
    except sa.exc.TimeoutError:  # no connection is free, for half a minute
        raise Unreachable(GONE) from None
    except sa.exc.DBAPIError as error:
        text = str(error.orig).lower()
        if "full" in text or "no space" in text:
            cure = "the disk is full: free some room and run the same command again"
        elif "disk i/o" in text:
            cure = "the disk can't be written: is it full, or failing? then run the same again"
        elif "locked" in text:
            cure = "another process writes to it: wait for that one to end"
        elif "not a database" in text or "malformed" in text or "corrupt" in text:
            cure = "it is damaged: restore it from a copy, or begin a new workspace"
        elif "no such table" in text or "no such column" in text:
            cure = "it lacks tables: restore it from a copy, or begin a new workspace"
        elif _AWAY.search(text):
            raise Unreachable(GONE) from None
        elif "authentication failed" in text or "no password supplied" in text:
            cure = "it does not take the login: put the address into TRACKER_MIGRATE_DATABASE"
        elif "readonly" in text or "permission" in text or "unable to open" in text:
            cure = "it can't be opened for writing: check who owns state/ and its mode"
        else:
            cure = f"{type(error.orig).__name__}: see the database server's log"
        raise WorkspaceError(f"the workspace's database failed: {cure}") from None


class Writer:
    """The one thread that writes. `do` returns at once; the future is done when it is on disk.
    fence: begins each transaction, and raises if none may be any more."""

    def __init__(self, engine: Engine, fence: Callable[[Connection], None] | None = None) -> None:
        self._engine = engine.execution_options(**{_WRITES: True})
        self._fence = fence
        self._queue: queue.SimpleQueue[_Job | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._work, name="ledger-writer", daemon=True)
        self._thread.start()
        self.commits = 0
        self._failed: WorkspaceError | None = None
        self._guard = threading.Lock()
        self._closed = False
        #: called before and after every commit; a test's way to stop at a bad moment
        self.on_commit: Callable[[str], None] | None = None

    def do(self, write: Callable[[Connection], T]) -> Future[T]:
        """Have `write` run within the next transaction. Once the writer is closed, the future fails
        with WorkspaceError."""
        future: Future[T] = Future()
        with self._guard:
            if not self._closed:
                self._queue.put((write, future))
                return future
        future.set_exception(WorkspaceError("the workspace is closed: nothing can be kept in it"))
        return future

    def now(self, write: Callable[[Connection], T]) -> T:
        """Have `write` run, and wait until it is on disk."""
        return self.do(write).result()

    def flush(self) -> None:
        """Wait until all that was given until now is on disk. Raises WorkspaceError if some of it
        could not be written, whether somebody waited for it or not."""
        self.now(lambda _connection: None)
        if self._failed is not None:
            raise self._failed

    def close(self) -> None:
        """Write what is left, and end."""
        with self._guard:
            if not self._closed:
                self._queue.put(None)
            self._closed = True
        self._thread.join()

    def _work(self) -> None:
        while (job := self._queue.get()) is not None:
            group = [job]
            while len(group) < _GROUP:
                try:
                    following = self._queue.get_nowait()
                except queue.Empty:
                    break
                if following is None:
                    self._commit(group)
                    return
                group.append(following)
            self._commit(group)

    def _commit(self, group: list[_Job]) -> None:
        try:
            results = self._together(group)
        except Exception as error:  # noqa: BLE001  one bad write must not fail its neighbours
            if len(group) == 1:
                if isinstance(error, WorkspaceError):
                    self._failed = self._failed or error
                group[0][1].set_exception(error)
                return
            for job in group:
                self._commit([job])
            return
        for (_write, future), result in zip(group, results, strict=True):
            future.set_result(result)

    def _together(self, group: list[_Job]) -> list[Any]:
        with translated():
            with self._engine.begin() as connection:
                if self._fence is not None:
                    self._fence(connection)
                results = [write(connection) for write, _future in group]
                if self.on_commit is not None:
                    self.on_commit("before")
            self.commits += 1
        if self.on_commit is not None:
            self.on_commit("after")
        return results


_Job = tuple[Callable[[Connection], Any], "Future[Any]"]
