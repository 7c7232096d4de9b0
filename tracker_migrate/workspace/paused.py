"""Whether somebody asked the daemon to leave the trackers alone."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.engine import Engine

from tracker_migrate.workspace import schema
from tracker_migrate.workspace.database import Writer
from tracker_migrate.workspace.packing import now
from tracker_migrate.workspace.upsert import upsert

_ROW = schema.meta.c.name == "paused"


class Paused:
    """The pause of one workspace. It outlives the process that asked for it, and the daemon."""

    def __init__(self, engine: Engine, writer: Writer) -> None:
        self._engine = engine
        self._writer = writer

    def since(self) -> str | None:
        """Since when it is paused (UTC, ISO 8601), or None."""
        with self._engine.connect() as connection:
            held = connection.execute(sa.select(schema.meta.c.value).where(_ROW)).scalar()
        return str(held) if held else None

    def begin(self) -> bool:
        """Pause, from now on; whether it was not paused before."""
        if self.since() is not None:
            return False
        row = {"name": "paused", "value": now()}
        self._writer.now(lambda connection: upsert(connection, schema.meta, [row]))
        return True

    def end(self) -> bool:
        """Go on; whether it was paused."""
        delete = schema.meta.delete().where(_ROW)
        return bool(self._writer.now(lambda connection: connection.execute(delete).rowcount))
