"""The StoryBoard stand-in's data in a MariaDB while something works on it there.

The stand-in keeps its data in SQLite, under its own names. What the API shows is copied into tables
made from the list of the real ones, and back: rows that changed there, and those that went.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa

from tests.mariadb import Server
from tracker_migrate.backends.storyboard import tables
from tracker_migrate.backends.storyboard.standin import StoryBoardStandIn

#: the stand-in's table → the real one; in the order in which rows may be put in
_TABLES: Mapping[str, sa.Table] = {
    "user": tables.users,
    "story": tables.stories,
    "task": tables.tasks,
    "comment": tables.comments,
    "history": tables.comments_history,
    "event": tables.events,
    "subscription": tables.subscriptions,
}
_DATES = ("created_at", "updated_at")


@contextmanager
def mirrored(standin: StoryBoardStandIn, server: Server) -> Iterator[str]:
    """The address of a database that holds what the stand-in holds; what is different there in the
    end, the stand-in shows."""
    address = server.address(server.database())
    engine = sa.create_engine(address)
    tables.metadata.create_all(engine)
    before = {name: _of_standin(standin, name, table) for name, table in _TABLES.items()}
    with engine.begin() as database:
        for name, table in _TABLES.items():
            if before[name]:
                database.execute(table.insert(), list(before[name].values()))
    try:
        yield address
    finally:
        with engine.connect() as database:
            after = {name: _of_database(database, table) for name, table in _TABLES.items()}
        engine.dispose()
        with standin.lock, standin.store.transaction():
            for name in _TABLES:
                _back(standin, name, before[name], after[name])


def _of_standin(
    standin: StoryBoardStandIn, name: str, table: sa.Table
) -> dict[int, dict[str, Any]]:
    shared = {row["name"] for row in standin.store.all(f"PRAGMA table_info({name})")}
    columns = [column.name for column in table.columns if column.name in shared]
    rows = {}
    for row in standin.store.all(f"SELECT * FROM {name}"):
        rows[row["id"]] = {
            column: _date(row[column]) if column in _DATES else row[column] for column in columns
        }
    return rows


def _of_database(database: sa.Connection, table: sa.Table) -> dict[int, dict[str, Any]]:
    found = database.execute(sa.select(table)).mappings().all()
    return {row["id"]: dict(row) for row in found}


def _back(
    standin: StoryBoardStandIn,
    name: str,
    before: dict[int, dict[str, Any]],
    after: dict[int, dict[str, Any]],
) -> None:
    for number in before.keys() - after.keys():
        standin.store.run(f"DELETE FROM {name} WHERE id = ?", (number,))
    for number, old in before.items():
        new = after.get(number, old)
        changed = {column: new[column] for column, one in old.items() if new[column] != one}
        for column in _DATES:
            if column in changed and changed[column] is not None:
                changed[column] = changed[column].replace(tzinfo=UTC).isoformat()
        standin.store.update(name, number, changed)
        if name == "event" and "author_id" in changed and old["comment_id"] is not None:
            whose = {"author_id": changed["author_id"]}
            standin.store.update("comment", old["comment_id"], whose)


def _date(text: str | None) -> datetime | None:
    if text is None:
        return None
    return datetime.fromisoformat(text).astimezone(UTC).replace(tzinfo=None, microsecond=0)
