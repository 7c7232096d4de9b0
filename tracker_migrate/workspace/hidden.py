"""Issues that somebody closed by hand at a target: they stay closed until they are released."""

from __future__ import annotations

from collections.abc import Iterable

import sqlalchemy as sa
from sqlalchemy.engine import Engine

from tracker_migrate.model import Key
from tracker_migrate.workspace import schema
from tracker_migrate.workspace.database import Writer
from tracker_migrate.workspace.packing import now
from tracker_migrate.workspace.upsert import upsert

_TABLE = schema.hidden


class Hidden:
    """Those of one target. Read from any thread, and while another process writes."""

    def __init__(self, engine: Engine, writer: Writer, target: str) -> None:
        self._engine = engine
        self._writer = writer
        self._target = target

    def keys(self) -> frozenset[Key]:
        """All of them: people name them one by one, so they are few."""
        query = sa.select(_TABLE.c.issue).where(_TABLE.c.target == self._target)
        with self._engine.connect() as connection:
            return frozenset(map(Key, connection.execute(query).scalars()))

    def add(self, issues: Iterable[Key]) -> None:
        """Close these from now on; on disk when it returns."""
        at = now()
        rows = [{"target": self._target, "issue": issue, "at": at} for issue in issues]
        self._writer.now(lambda c: upsert(c, _TABLE, rows) if rows else None)

    def release(self, issues: Iterable[Key]) -> None:
        """Leave these to the tables again."""
        where = _TABLE.c.target == self._target, _TABLE.c.issue.in_(list(issues))
        self._writer.now(lambda c: c.execute(_TABLE.delete().where(*where)))
