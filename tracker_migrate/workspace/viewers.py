"""What others than the present viewer have read, and what stands at a target because of them.

Each viewer's readings are his own, so an issue that only another one ever read is in nobody's
archive any more when the login changes; it has to be closed all the same when nobody may read it.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby

import msgspec
import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine

from tracker_migrate.model import Key
from tracker_migrate.workspace import schema
from tracker_migrate.workspace.database import Writer
from tracker_migrate.workspace.packing import now
from tracker_migrate.workspace.upsert import upsert

_ISSUE = schema.issue
_OBJECT = schema.object_.c
_SETTLED = "read through as"
_PAGE = 100
_ABSENT = ("gone", "undone")


class Left(msgspec.Struct, frozen=True, kw_only=True):
    """An issue as another viewer has read it last. gone: it was not to be seen any more. mine:
    whoever reads now has a reading of it as well, as a public one."""

    key: Key
    private: bool
    gone: bool
    mine: bool


class Viewers:
    """Those of one workspace; of several that have read an issue the last one counts."""

    def __init__(self, engine: Engine, writer: Writer) -> None:
        self._engine = engine
        self._writer = writer

    def settled(self, viewer: str) -> bool:
        """Whether this one was the last who read everything that is to be read: then what others
        knew counts no more."""
        query = sa.select(schema.meta.c.value).where(schema.meta.c.name == _SETTLED)
        with self._engine.connect() as connection:
            return connection.execute(query).scalar() == viewer

    def settle(self, viewer: str) -> None:
        """Note that."""
        row = {"name": _SETTLED, "value": viewer}
        self._writer.now(lambda c: upsert(c, schema.meta, [row]))

    def left(self, viewer: str) -> Iterator[Left]:
        """What stands at a target, and this viewer has not; or has as public, and another one knew
        better. In order; a reader of it must not write meanwhile."""
        mine = _ISSUE.alias("mine")
        other, has = _ISSUE.c, mine.c.key.is_not(None)
        public = sa.and_(mine.c.gone_at.is_(None), mine.c.private.is_(False))
        closed = sa.or_(other.private.is_(True), other.gone_at.is_not(None))
        query = (
            sa.select(other.key, other.private, other.gone_at, has.label("mine"))
            .outerjoin(mine, sa.and_(mine.c.key == other.key, mine.c.viewer == viewer))
            .where(other.viewer != viewer, sa.or_(~has, sa.and_(public, closed)))
            .where(other.key.in_(_standing()))
            .order_by(other.position, other.key, _known_at())
        )
        with self._engine.connect() as connection:
            rows = connection.execution_options(yield_per=_PAGE).execute(query)
            for key, known in groupby(rows, key=lambda row: row.key):
                last = list(known)[-1]
                gone = last.gone_at is not None
                yield Left(key=Key(key), private=last.private, gone=gone, mine=bool(last.mine))

    def private(self, key: Key, viewer: str) -> bool:
        """Whether an issue was there, and not public, when it was read last: by this viewer; or by
        any, as long as this one has not come round."""
        whose = [_ISSUE.c.viewer == viewer] if self.settled(viewer) else []
        query = sa.select(_ISSUE.c.private, _ISSUE.c.gone_at).where(_ISSUE.c.key == key, *whose)
        with self._engine.connect() as connection:
            row = connection.execute(query.order_by(_known_at().desc()).limit(1)).first()
        return row is not None and bool(row.private) and row.gone_at is None

    def restricted(self) -> frozenset[Key]:
        """The issues that stand at a target for some, and not for all."""
        query = _standing().where(
            _OBJECT.key == _OBJECT.issue, _OBJECT.audience.not_in(("public", "importer"))
        )
        with self._engine.connect() as connection:
            return frozenset(Key(row.issue) for row in connection.execute(query))


def inherit_gone(connection: Connection, key: Key, viewer: str) -> None:
    """Have it that a viewer knows that an issue is gone which only others have read."""
    query = sa.select(_ISSUE).where(_ISSUE.c.key == key).order_by(_known_at().desc())
    held = connection.execute(query.limit(1)).mappings().first()
    if held is not None:
        upsert(connection, _ISSUE, [{**held, "viewer": viewer, "gone_at": now()}])


def _known_at() -> sa.ColumnElement[str]:
    return sa.func.coalesce(_ISSUE.c.gone_at, _ISSUE.c.read_at)


def _standing() -> sa.Select[tuple[str]]:
    return sa.select(_OBJECT.issue).where(_OBJECT.state.not_in(_ABSENT)).distinct()
