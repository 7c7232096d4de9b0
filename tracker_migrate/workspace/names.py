"""The names that things of the source had and have, where a name is all that they are known by.

A key is given once, by the name of that day. Whoever is renamed keeps it, and its other names lead
to it: a row for each. The newest row of a key says what it is called now; a key without a row is
called as it was at first.
"""

from __future__ import annotations

from collections.abc import Iterator

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine

from tracker_migrate.model import Issue, Key
from tracker_migrate.workspace import schema
from tracker_migrate.workspace.database import Writer
from tracker_migrate.workspace.packing import now, unpack
from tracker_migrate.workspace.upsert import upsert

_TABLE = schema.alias
_ISSUE = schema.issue.c


class Names:
    """Those of one workspace, as they are known since it was opened; they are few. Read from any
    thread."""

    def __init__(self, engine: Engine, writer: Writer) -> None:
        self._engine = engine
        self._writer = writer
        self._first: dict[Key, Key] = {}
        self._now: dict[Key, Key] = {}
        query = sa.select(_TABLE.c.name, _TABLE.c.key).order_by(_TABLE.c.at, _TABLE.c.name)
        with engine.connect() as connection:
            for row in connection.execute(query):
                self._note(Key(row.name), Key(row.key))

    def _note(self, name: Key, first: Key) -> None:
        self._first[name] = first
        self._now[first] = name

    def first(self, name: Key) -> Key:
        """The key of what has, or had, this name; the name itself where it never changed."""
        return self._first.get(name, name)

    def now(self, first: Key) -> Key:
        """The name by which the source knows a thing now."""
        return self._now.get(first, first)

    def of(self, first: Key) -> tuple[Key, ...]:
        """The names of a thing besides the one that its key says, in no order."""
        return tuple(one for one, key in self._first.items() if key == first and one != first)

    def is_taken(self, key: Key) -> bool:
        """Whether something has this key, or had it."""
        return key in self._first.values() or self.met(key) is not None

    def put(self, name: Key, first: Key) -> None:
        """Say that a thing has this name from now on; on disk when it returns."""
        row = {"name": name, "key": first, "at": now()}

        def write(connection: Connection) -> None:
            upsert(connection, _TABLE, [row])
            unread = schema.unread
            connection.execute(unread.delete().where(unread.c.key == name))

        self._writer.now(write)
        self._note(name, first)

    # -- what was met under these names -----------------------------------------------------------

    def met(self, key: Key) -> Issue | None:
        """An issue as some viewer read it last, be it gone since; None if it was never read."""
        query = sa.select(_ISSUE.model).where(_ISSUE.key == key).order_by(_ISSUE.read_at.desc())
        with self._engine.connect() as connection:
            held = connection.execute(query.limit(1)).scalar()
        return unpack(held, Issue) if held else None

    def all_met(self, kind: str, viewer: str) -> Iterator[Issue]:
        """Every issue of a kind that a viewer ever read, be it gone since."""
        query = sa.select(_ISSUE.model).where(_ISSUE.kind == kind, _ISSUE.viewer == viewer)
        with self._engine.connect() as connection:
            for row in connection.execution_options(yield_per=100).execute(query):
                yield unpack(row.model, Issue)
