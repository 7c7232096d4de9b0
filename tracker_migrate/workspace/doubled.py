"""What stands at a target twice because a request was delivered twice, and what became of it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine

from tracker_migrate.interfaces import RemoteRef
from tracker_migrate.model import Key
from tracker_migrate.workspace import schema
from tracker_migrate.workspace.database import Writer
from tracker_migrate.workspace.packing import now
from tracker_migrate.workspace.upsert import upsert

_TABLE = schema.doubled
_LOOKED = schema.looked


class Double(msgspec.Struct, frozen=True, kw_only=True):
    """An object that stands beside the one of the ledger.

    key, issue: of the one that the ledger names, which people call `beside`. state: `found`;
    `settled` (closed, for the importer alone); `left` (people have worked on it); `failed` (it
    could not be closed, see the reason); `told` (the target can't take it back); `gone` (somebody
    removed it).
    """

    key: Key
    issue: Key
    kind: str
    at: RemoteRef
    beside: str
    state: str = "found"
    reason: str = ""


class Doubled:
    """Those of one target, and how far its history was looked through."""

    def __init__(self, engine: Engine, writer: Writer, target: str) -> None:
        self._engine = engine
        self._writer = writer
        self._target = target

    def mark(self) -> dict[str, Any]:
        """Where the target stood at the last look that came to its end."""
        query = sa.select(_LOOKED.c.mark).where(_LOOKED.c.target == self._target)
        with self._engine.connect() as connection:
            held = connection.execute(query).scalar()
        return dict(json.loads(held)) if held else {}

    def keep(self, found: Sequence[Double], mark: Mapping[str, Any] | None = None) -> None:
        """Know these, and that everything up to `mark` was looked at; in one commit, on disk when
        it returns."""
        at = now()
        rows = [self._row(one, at) for one in found]
        looked = {"target": self._target, "mark": json.dumps(dict(mark or {})), "at": at}

        def write(connection: Connection) -> None:
            if rows:
                upsert(connection, _TABLE, rows)
            if mark is not None:
                upsert(connection, _LOOKED, [looked])

        self._writer.now(write)

    def standing(self) -> list[Double]:
        """Those that nobody has removed yet, by key: few."""
        query = (
            sa.select(_TABLE)
            .where(_TABLE.c.target == self._target, _TABLE.c.state != "gone")
            .order_by(_TABLE.c.key, _TABLE.c.remote_id)
        )
        with self._engine.connect() as connection:
            return [_double(row) for row in connection.execute(query)]

    def _row(self, one: Double, at: str) -> dict[str, Any]:
        return {
            "target": self._target,
            "kind": one.kind,
            "remote_id": one.at.id,
            "number": one.at.number,
            "url": one.at.url,
            "key": one.key,
            "issue": one.issue,
            "beside": one.beside,
            "state": one.state,
            "reason": one.reason,
            "at": at,
        }


def _double(row: Any) -> Double:
    return Double(
        key=Key(row.key),
        issue=Key(row.issue),
        kind=row.kind,
        at=RemoteRef(id=row.remote_id, number=row.number, url=row.url),
        beside=row.beside,
        state=row.state,
        reason=row.reason,
    )
