"""How far the sweep has come: the walk over all issues that comes round once in a while."""

from __future__ import annotations

from datetime import datetime

import msgspec
import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine

from tracker_migrate.workspace import schema
from tracker_migrate.workspace.database import Writer
from tracker_migrate.workspace.upsert import upsert


class Reached(msgspec.Struct, frozen=True, kw_only=True):
    """after: the position (`archive.position`) of the issue that was swept last; "" for none. at:
    the moment up to which issues were due."""

    after: str = ""
    at: datetime


class Swept:
    """The place that the sweep of one workspace has reached, by the name of what is swept."""

    def __init__(self, engine: Engine, writer: Writer) -> None:
        self._engine = engine
        self._writer = writer

    def reached(self, name: str) -> Reached | None:
        """Where the sweep stands; None if it has not begun."""
        query = sa.select(schema.meta.c.value).where(schema.meta.c.name == _row(name))
        with self._engine.connect() as connection:
            held = connection.execute(query).scalar()
        return msgspec.json.decode(held, type=Reached) if held else None

    def keep(self, name: str, reached: Reached) -> None:
        """Note where the sweep stands."""
        row = {"name": _row(name), "value": msgspec.json.encode(reached).decode()}

        def write(connection: Connection) -> None:
            upsert(connection, schema.meta, [row])

        self._writer.now(write)


def _row(name: str) -> str:
    return f"swept {name}"
