"""Fields that somebody changed at a target after we wrote them, and what is done about each.

No text is kept here: `theirs` and `ours` are digests, by which a value is known again.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

import msgspec
import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine

from tracker_migrate.model import Key
from tracker_migrate.workspace import schema
from tracker_migrate.workspace.database import Writer
from tracker_migrate.workspace.packing import now
from tracker_migrate.workspace.upsert import upsert

_PAGE = 500


class Conflict(msgspec.Struct, frozen=True, kw_only=True):
    """One field of an object. policy: what is done about it, in words. theirs: `digest.short` of
    what somebody made of it. ours: the digest of the open form of what the source says; "" if that
    is what was sent last, or is not known."""

    key: Key
    field: str
    policy: str
    theirs: str = ""
    ours: str = ""


class Conflicts:
    """Those of one target. Reads come from any thread; one writer writes."""

    def __init__(self, engine: Engine, writer: Writer, target: str) -> None:
        self._engine = engine
        self._writer = writer
        self._target = target

    def note(self, conflicts: Sequence[Conflict]) -> None:
        """Know of these; on disk when it returns."""
        at = now()
        rows = [
            {**msgspec.structs.asdict(one), "target": self._target, "at": at} for one in conflicts
        ]
        if rows:
            self._writer.now(lambda connection: upsert(connection, schema.conflict, rows))

    def lift(self, fields: Iterable[tuple[Key, str]]) -> None:
        """Know that there is no conflict any more about these fields of objects."""
        table, ended = schema.conflict, list(fields)

        def write(connection: Connection) -> None:
            for key, field in ended:
                where = table.c.target == self._target, table.c.key == key, table.c.field == field
                connection.execute(table.delete().where(*where))

        if ended:
            self._writer.now(write)

    def of(self, keys: Collection[Key]) -> dict[tuple[Key, str], Conflict]:
        """Those of these objects, by object and field."""
        table = schema.conflict
        found: dict[tuple[Key, str], Conflict] = {}
        for some in _some(list(keys)):
            query = sa.select(table).where(table.c.target == self._target, table.c.key.in_(some))
            with self._engine.connect() as connection:
                for row in connection.execute(query):
                    found[Key(row.key), row.field] = _conflict(row)
        return found

    def all(self) -> list[Conflict]:
        """Every one, by key and field."""
        table = schema.conflict
        query = sa.select(table).where(table.c.target == self._target)
        with self._engine.connect() as connection:
            rows = connection.execute(query.order_by(table.c.key, table.c.field)).all()
        return [_conflict(row) for row in rows]

    def reopen(self, policies: Mapping[tuple[Key, str], str]) -> None:
        """Know that something else is to be done about these by now: their objects are compared
        anew by the next run. In one commit."""
        table, held, verdict = schema.conflict, schema.object_, schema.verdict

        def write(connection: Connection) -> None:
            for (key, field), policy in policies.items():
                where = table.c.target == self._target, table.c.key == key, table.c.field == field
                connection.execute(table.update().where(*where).values(policy=policy))
            for some in _some(sorted({key for key, _field in policies})):
                its = held.c.target == self._target, held.c.key.in_(some)
                issues = sa.select(held.c.issue).where(*its)
                done = verdict.c.target == self._target, verdict.c.issue.in_(issues)
                connection.execute(verdict.update().where(*done).values(inputs=""))
                connection.execute(held.update().where(*its).values(digest=""))

        if policies:
            self._writer.now(write)


def _conflict(row: sa.Row[tuple[object, ...]]) -> Conflict:
    return Conflict(
        key=Key(row.key), field=row.field, policy=row.policy, theirs=row.theirs, ours=row.ours
    )


def _some(keys: Sequence[Key]) -> Iterator[Sequence[Key]]:
    return (keys[start : start + _PAGE] for start in range(0, len(keys), _PAGE))
