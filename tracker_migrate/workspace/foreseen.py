"""What was found of public issues without asking a target, kept for as long as it is true: whether
they are refused, and what becomes of their fields.

It is a cache. A row is true while the issue's inputs are those that it names; what is not here, or
not true any more, is found again from the archive and the tables. Of what is not public nothing is
kept: that is looked at each time.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import msgspec
import sqlalchemy as sa
from sqlalchemy.engine import Engine

from tracker_migrate.digest import digest
from tracker_migrate.interfaces import Loss
from tracker_migrate.model import Key
from tracker_migrate.workspace import schema
from tracker_migrate.workspace.database import Writer
from tracker_migrate.workspace.upsert import upsert

_TABLE, _FATE = schema.foreseen, schema.fate


class Fate(NamedTuple):
    """What becomes of a field, for one reason."""

    entity: str
    field: str
    outcome: str
    reason: str


class Row(NamedTuple):
    """What is known of an issue. refused: why, or "". fates: as `Fates.pack` makes them; None if
    nobody has looked."""

    issue: Key
    inputs: str
    refused: str
    fates: bytes | None


class Foreseen:
    """The rows of one target."""

    def __init__(self, engine: Engine, writer: Writer, target: str) -> None:
        self._engine = engine
        self._writer = writer
        self._target = target

    def of(self, issues: Sequence[Key]) -> dict[Key, Row]:
        """What is known of these issues, true or not; up to a page of them."""
        columns = _TABLE.c.issue, _TABLE.c.inputs, _TABLE.c.refused, _TABLE.c.fates
        query = sa.select(*columns).where(
            _TABLE.c.target == self._target, _TABLE.c.issue.in_(list(issues))
        )
        with self._engine.connect() as connection:
            return {Key(row[0]): Row(*row) for row in connection.execute(query)}

    def note(self, rows: Iterable[Row]) -> None:
        """Keep these. Nobody waits for the disk: what gets lost is found again."""
        kept = [row._asdict() | {"target": self._target} for row in rows]
        if kept:
            self._writer.do(lambda c: upsert(c, _TABLE, kept))

    def drop(self, issues: Sequence[Key]) -> None:
        """Forget what was found of these; up to a page of them."""
        where = _TABLE.c.target == self._target, _TABLE.c.issue.in_(list(issues))
        self._writer.do(lambda c: c.execute(_TABLE.delete().where(*where)))


class Fates:
    """The fates by number: each stands in the database once, an issue names them by number."""

    def __init__(self, engine: Engine, writer: Writer) -> None:
        self._engine = engine
        self._writer = writer
        self._ids: dict[Fate, int] = {}
        self._fates: dict[int, Fate] = {}

    def pack(self, losses: Iterable[Loss]) -> bytes:
        """What becomes of an issue's fields, as a few bytes."""
        counts: dict[Fate, int] = {}
        for one in losses:
            at = Fate(one.entity, one.field, one.outcome, one.reason)
            counts[at] = counts.get(at, 0) + one.count
        fresh = [at for at in counts if at not in self._ids]
        if fresh:
            self._learn(fresh)
        return self.packed([(self._ids[at], count) for at, count in counts.items()])

    def packed(self, fates: Sequence[tuple[int, int]]) -> bytes:
        """Numbers of fates, and how often each occurs, as they are kept."""
        return msgspec.msgpack.encode(fates)

    def unpack(self, packed: bytes) -> list[tuple[int, int]]:
        """Numbers of fates, and how often each occurs in an issue."""
        return _PAIRS.decode(packed)

    def named(self, numbers: Iterable[int]) -> dict[int, Fate]:
        """The fates of these numbers."""
        if not self._fates.keys() >= set(numbers):
            with self._engine.connect() as connection:
                for row in connection.execute(sa.select(_FATE)):
                    self._fates[row.id] = Fate(row.entity, row.field, row.outcome, row.reason)
        return self._fates

    def _learn(self, fates: Iterable[Fate]) -> None:
        """Keep these; their numbers are on disk before any issue's row that has them."""
        made = {int(digest(one)[:12], 16): one for one in fates}
        # in one order: two processes that learn the same must not wait for each other's rows
        rows = [{"id": number, **one._asdict()} for number, one in sorted(made.items())]
        self._writer.do(lambda c: upsert(c, _FATE, rows))
        self._fates |= made
        self._ids |= {one: number for number, one in made.items()}


_PAIRS = msgspec.msgpack.Decoder(list[tuple[int, int]])
