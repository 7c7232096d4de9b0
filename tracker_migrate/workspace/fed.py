"""How far a target's feed was read, and what it leaves to be done."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any, Literal

import msgspec
import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine

from tracker_migrate.model import Key
from tracker_migrate.workspace import schema
from tracker_migrate.workspace.database import Writer
from tracker_migrate.workspace.packing import now
from tracker_migrate.workspace.upsert import upsert

_FED, _ISSUE = schema.fed, schema.fed_issue
_PAGE = 500
What = Literal["look", "closed"]


class Stand(msgspec.Struct, frozen=True, kw_only=True):
    """Where a feed was read to. at: when the look began that got so far (UTC, ISO 8601, this
    machine's clock). counted: when the target's issues were counted last."""

    mark: dict[str, Any]
    at: str
    counted: str


class Fed:
    """Of one target."""

    def __init__(self, engine: Engine, writer: Writer, target: str) -> None:
        self._engine = engine
        self._writer = writer
        self._target = target

    def stand(self) -> Stand | None:
        """Where the feed stood at the last look that came to its end; None if there was none."""
        query = sa.select(_FED).where(_FED.c.target == self._target)
        with self._engine.connect() as connection:
            row = connection.execute(query).first()
        return Stand(mark=json.loads(row.mark), at=row.at, counted=row.counted) if row else None

    def keep(self, mark: Mapping[str, Any], at: str, counted: str, look: Iterable[Key]) -> None:
        """Know that everything up to a mark was told, and which issues are still to be looked at
        for it; in one commit, on disk when it returns."""
        row = {"target": self._target, "mark": json.dumps(mark), "at": at, "counted": counted}
        owed = self._rows(look, "look")

        def write(connection: Connection) -> None:
            upsert(connection, _FED, [row])
            if owed:
                upsert(connection, _ISSUE, owed)

        self._writer.now(write)

    def issues(self, what: What) -> list[Key]:
        """The issues of which this is noted, by key."""
        where = _ISSUE.c.target == self._target, _ISSUE.c.what == what
        query = sa.select(_ISSUE.c.issue).where(*where).order_by(_ISSUE.c.issue)
        with self._engine.connect() as connection:
            return [Key(one) for one in connection.execute(query).scalars()]

    def has(self, issue: Key, what: What) -> bool:
        """Whether this is noted of an issue."""
        where = _ISSUE.c.target == self._target, _ISSUE.c.what == what, _ISSUE.c.issue == issue
        with self._engine.connect() as connection:
            return connection.execute(sa.select(_ISSUE.c.issue).where(*where)).first() is not None

    def add(self, issues: Iterable[Key], what: What) -> None:
        """Note this of issues."""
        if rows := self._rows(issues, what):
            self._writer.now(lambda connection: upsert(connection, _ISSUE, rows))

    def drop(self, issues: Iterable[Key], what: What) -> None:
        """Note it no more."""
        left = list(issues)

        def write(connection: Connection) -> None:
            for start in range(0, len(left), _PAGE):
                some = left[start : start + _PAGE]
                where = _ISSUE.c.target == self._target, _ISSUE.c.what == what
                connection.execute(_ISSUE.delete().where(*where, _ISSUE.c.issue.in_(some)))

        if left:
            self._writer.now(write)

    def _rows(self, issues: Iterable[Key], what: What) -> list[dict[str, str]]:
        at = now()
        return [{"target": self._target, "issue": one, "what": what, "at": at} for one in issues]
