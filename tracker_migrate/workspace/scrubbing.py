"""Taking the bytes of what was deleted off the disk: a database keeps them until it is rewritten.

What is beyond a database's reach is said in docs/privacy.md: copies, snapshots, PostgreSQL's log of
writes, the blocks that a file system gives back.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine

from tracker_migrate.errors import Locked, WorkspaceError
from tracker_migrate.workspace import schema
from tracker_migrate.workspace.database import translated

_BUSY = "another process reads this workspace: wait for it to end, and run the same command again"
#: the tables that hold words of issues and people
_TABLES = ("issue", "reply", "entity", "mention", "tagging", "unread", "intent", "told")
_LOCK_SECONDS = 60
#: a rewritten database stands beside the old one, once more in the log
_COPIES = 2


def scrub(engine: Engine) -> None:
    """Rewrite the database without what was deleted. Nothing else may be at work in it.

    Raises Locked if somebody reads it, WorkspaceError if there is no room or no right to.
    """
    with translated():
        if engine.dialect.name == "sqlite":
            _rewrite_file(engine)
        else:
            _rewrite_tables(engine)


def check_room(engine: Engine) -> None:
    """Raise WorkspaceError if the disk has no room for `scrub`, as far as that can be known: the
    disk of a PostgreSQL is not ours to see."""
    path = _file(engine)
    if path is None:
        return
    beside = (path, path.with_name(f"{path.name}-wal"))
    needed = _COPIES * sum(one.stat().st_size for one in beside if one.exists())
    free = shutil.disk_usage(path.parent).free
    if free < needed:
        raise WorkspaceError(
            f"rewriting the database needs {needed >> 20} MiB, the disk has {free >> 20}: free "
            "some room and run the same command again"
        )


def unused(engine: Engine) -> int:
    """Bytes of an SQLite that hold nothing, its log included; 0 for a PostgreSQL."""
    path = _file(engine)
    if path is None:
        return 0
    with engine.connect() as connection:
        free = connection.exec_driver_sql("PRAGMA freelist_count").scalar_one()
        page = connection.exec_driver_sql("PRAGMA page_size").scalar_one()
    beside = (path.with_name(f"{path.name}{end}") for end in ("-wal", "-shm"))
    return int(free * page) + sum(one.stat().st_size for one in beside if one.exists())


def _file(engine: Engine) -> Path | None:
    name = engine.url.database
    return Path(name) if engine.dialect.name == "sqlite" and name else None


# -- SQLite ----------------------------------------------------------------------------------------


def _rewrite_file(engine: Engine) -> None:
    """VACUUM makes the file anew; the log is emptied before it and after it, for it holds pages as
    they were."""
    path = _file(engine)
    with _raw(engine) as connection:
        try:
            connection.execute(f"PRAGMA busy_timeout={_LOCK_SECONDS * 1000}")
            _empty_log(connection)
            # in memory it would need as much as the file is long; elsewhere than in state/ others
            # might have a say in who reads it
            connection.execute("PRAGMA temp_store=FILE")
            if path is not None:
                quoted = str(path.parent).replace("'", "''")
                connection.execute(f"PRAGMA temp_store_directory='{quoted}'")
            connection.execute("VACUUM")
            _empty_log(connection)
        finally:
            connection.execute("PRAGMA temp_store_directory=''")
            connection.execute("PRAGMA temp_store=MEMORY")


@contextmanager
def _raw(engine: Engine) -> Iterator[Any]:
    """The driver's own connection, without a transaction; its errors as SQLAlchemy's."""
    with closing(engine.raw_connection()) as pooled:
        driver = engine.dialect.loaded_dbapi
        try:
            yield pooled.driver_connection
        except driver.Error as error:
            raise sa.exc.DBAPIError(None, None, error) from None


def _empty_log(connection: Any) -> None:
    busy, *_ = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    if busy:
        raise Locked(_BUSY)


# -- PostgreSQL ------------------------------------------------------------------------------------


def _rewrite_tables(engine: Engine) -> None:
    with engine.connect() as connection:
        connection.execution_options(isolation_level="AUTOCOMMIT")
        connection.exec_driver_sql(f"SET lock_timeout = '{_LOCK_SECONDS}s'")
        try:
            for name in _TABLES:
                _rewrite_table(connection, schema.metadata.tables[name].name)
        finally:
            connection.invalidate()  # the time-out is this connection's alone


def _rewrite_table(connection: Connection, name: str) -> None:
    """Who may not do it is only warned by the server: that it was done shows in the file."""
    before = _filenode(connection, name)
    try:
        connection.exec_driver_sql(f'VACUUM (FULL) "{name}"')
    except sa.exc.OperationalError as error:
        if "lock timeout" in str(error.orig):
            raise Locked(_BUSY) from None
        raise
    if _filenode(connection, name) == before:
        raise WorkspaceError(
            f'the database did not rewrite its table "{name}": have its owner run VACUUM FULL'
        )


def _filenode(connection: Connection, name: str) -> int:
    query = sa.text("SELECT pg_relation_filenode(CAST(:name AS regclass))")
    return int(connection.execute(query, {"name": f'"{name}"'}).scalar_one())
