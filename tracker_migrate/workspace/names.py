"""The names that things of the source had and have, where a name is all that they are known by.

A key is given once, by the name of that day. Whoever is renamed keeps it, and its other names lead
to it: a row for each. The newest row of a key says what it is called now; a key without a row is
called as it was at first. Where it is a project that was renamed, all that is named by it (series,
milestones, tasks, blueprints) has its other name by that one row.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine

from tracker_migrate.model import Issue, Key, key, kind_of, name_of, parts
from tracker_migrate.workspace import schema, withdrawn
from tracker_migrate.workspace.database import Writer
from tracker_migrate.workspace.packing import now, unpack
from tracker_migrate.workspace.upsert import upsert

_TABLE = schema.alias
_ISSUE = schema.issue.c
_PROJECT, _BLUEPRINT = "project", "blueprint"
#: kinds whose names begin with that of a project, and those where it stands behind an issue's, too
_BELOW = frozenset({_PROJECT, "series", "milestone", "blueprint", "workitem"})
_BEHIND = frozenset({"task"})


class Names:
    """Those of one workspace, as they are known since it was opened; they are few. Read from any
    thread."""

    def __init__(self, engine: Engine, writer: Writer) -> None:
        self._engine = engine
        self._writer = writer
        self._first: dict[Key, Key] = {}
        self._now: dict[Key, Key] = {}
        #: of projects: a path that one had, and its first one; its first one, and the present one
        self._firsts: dict[str, str] = {}
        self._nows: dict[str, str] = {}
        query = sa.select(_TABLE.c.name, _TABLE.c.key).order_by(_TABLE.c.at, _TABLE.c.name)
        with engine.connect() as connection:
            self._secret = withdrawn.names(connection)
            for row in connection.execute(query):
                self._note(Key(row.name), Key(row.key))

    def _note(self, name: Key, first: Key) -> None:
        self._first[name] = first
        self._now[first] = name
        if kind_of(name) == _PROJECT:
            self._firsts[name_of(name)] = name_of(first)
            self._nows[name_of(first)] = name_of(name)

    def first(self, name: Key) -> Key:
        """The key of what has, or had, this name; the name itself where it never changed."""
        name = _put(name, self._firsts) if self._firsts else name
        return self._first.get(name, name)

    def now(self, first: Key) -> Key:
        """The name by which the source knows a thing now."""
        name = self._now.get(first, first)
        return _put(name, self._nows) if self._nows and kind_of(name) != _PROJECT else name

    @property
    def moved(self) -> bool:
        """Whether a project was renamed, and so all that is named by it."""
        return bool(self._firsts)

    def others(self, kind: str) -> Iterator[tuple[Key, Key]]:
        """Every other name that a thing of a kind has or had, and its first one."""
        for name, first in self._first.items():
            if kind_of(name) == kind and name != first:
                yield name, first

    def of(self, first: Key) -> tuple[Key, ...]:
        """The names of a thing besides the one that its key says, in no order."""
        return tuple(one for one, key in self._first.items() if key == first and one != first)

    def is_secret(self, name: Key) -> bool:
        """Whether a thing had a name only while not everybody could read it."""
        return name in self._secret

    @property
    def secrets(self) -> bool:
        """Whether there are such names."""
        return bool(self._secret)

    def told(self, of: Key) -> Key:
        """A key as everybody may hear it, of a thing or of a part of it: by its present name, if
        the first was never everybody's."""
        tracker, kind, name = parts(of)
        for first in self._secret:
            path = name_of(first)
            if name == path and kind == kind_of(first):
                return self.now(of)
            if name.startswith(f"{path}@"):
                return key(tracker, kind, f"{name_of(self.now(first))}{name.removeprefix(path)}")
        return of

    def is_taken(self, key: Key) -> bool:
        """Whether something has this key, or had it."""
        return key in self._first.values() or self.met(key) is not None

    def put(self, name: Key, first: Key) -> None:
        """Say that a thing has this name from now on; on disk when it returns."""
        row, before = {"name": name, "key": first, "at": now()}, self.now(first)
        met = self.met(first) if kind_of(first) == _BLUEPRINT and before != name else None
        secret = met is not None and met.private

        def write(connection: Connection) -> None:
            upsert(connection, _TABLE, [row])
            withdrawn.forget_name(connection, name)
            if secret:
                withdrawn.note_name(connection, before)
            unread = schema.unread
            connection.execute(unread.delete().where(unread.c.key == name))

        self._writer.now(write)
        self._note(name, first)
        self._secret = (self._secret | ({before} if secret else set())) - {name}

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


def _put(of: Key, paths: Mapping[str, str]) -> Key:
    """A key with the project's path in it put otherwise, if it is one of these."""
    tracker, kind, name = parts(of)
    if kind in _BELOW:
        return key(tracker, kind, _below(name, paths))
    if kind in _BEHIND and "@" in name:
        issue, _, target = name.rpartition("@")
        issue = _below(issue, paths) if "/" in issue else issue
        return key(tracker, kind, f"{issue}@{_below(target, paths)}")
    return of


def _below(path: str, paths: Mapping[str, str]) -> str:
    top, slash, rest = path.partition("/")
    return f"{paths.get(top, top)}{slash}{rest}"
