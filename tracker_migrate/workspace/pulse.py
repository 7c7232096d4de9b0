"""How it goes with the daemon, as it says itself: kept so that another process can tell it."""

from __future__ import annotations

import msgspec
import sqlalchemy as sa
from sqlalchemy.engine import Engine

from tracker_migrate.typed import ready
from tracker_migrate.workspace import schema
from tracker_migrate.workspace.database import Writer
from tracker_migrate.workspace.upsert import upsert

_NAME = "daemon"
_ROW = schema.meta.c.name == _NAME


class Side(msgspec.Struct, kw_only=True, omit_defaults=True):
    """The source, or a target. All moments are UTC, ISO 8601; "" for none.

    done: when a round last came through here. until: what had changed by then was read, or
    written. error: why the last round did not come through; failing: since when none has; brought
    to an end by it: status, the exit status, else 0. queue: how many issues are to be written,
    about."""

    done: str = ""
    until: str = ""
    error: str = ""
    failing: str = ""
    status: int = 0
    queue: int = 0


class Pulse(msgspec.Struct, kw_only=True, omit_defaults=True):
    """A daemon. process: `process N on HOST`. began, at: when it did, and when it said this. doing:
    `reading`, `writing`, `resting`, `paused`, `waiting`, `ended`; what: at which target, or what it
    waits for. until: when the next round begins, if it rests. rounds: how many there were; every:
    seconds between two. status: what it ended with; why: in words, if that was no good end. apart:
    the source's clock less ours, seconds."""

    process: str = ""
    began: str = ""
    at: str = ""
    doing: str = ""
    what: str = ""
    until: str = ""
    rounds: int = 0
    every: float = 0.0
    status: int = 0
    why: str = ""
    apart: float = 0.0
    source: Side = msgspec.field(default_factory=Side)
    targets: dict[str, Side] = msgspec.field(default_factory=dict)


class Pulses:
    """The daemon of one workspace: the one that runs, or the last that did."""

    def __init__(self, engine: Engine, writer: Writer) -> None:
        self._engine = engine
        self._writer = writer

    def read(self) -> Pulse | None:
        """What was said last; None if there never was one, or a newer version said it."""
        with self._engine.connect() as connection:
            held = connection.execute(sa.select(schema.meta.c.value).where(_ROW)).scalar()
        try:
            return msgspec.json.decode(held, type=Pulse) if held else None
        except msgspec.DecodeError:
            return None

    def keep(self, pulse: Pulse) -> None:
        """Say how it goes."""
        row = {"name": _NAME, "value": msgspec.json.encode(pulse).decode()}
        self._writer.now(lambda connection: upsert(connection, schema.meta, [row]))


ready(Pulse)
