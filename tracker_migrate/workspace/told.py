"""What was said at the source about where issues are by now, and what came there afterwards.

One row for each thing that is said on an issue (a comment, a tag, a status of a task): meant first,
then noted as said. It belongs to the source, and to no target. A row that was taken back stays: by
it is known what its traces at the source are.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Literal

import msgspec
import sqlalchemy as sa
from msgspec import structs
from sqlalchemy.engine import Connection, Engine

from tracker_migrate.abilities import Notice
from tracker_migrate.model import Key
from tracker_migrate.typed import ready
from tracker_migrate.workspace import schema
from tracker_migrate.workspace.database import Writer
from tracker_migrate.workspace.packing import now
from tracker_migrate.workspace.upsert import upsert

_TABLE, _AFTER = schema.told, schema.afterwards
_ENDED = schema.meta.c.name == "handed over"

State = Literal["meant", "said", "was", "refused", "taking", "taken", "left"]


class Saying(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that is said on an issue.

    state: `meant` (its request may have left), `said`, `was` (it stood there already, and is
    nobody's of ours), `refused` (see the reason), `taking` (back, in a request that may have left),
    `taken`, `left` (as it is, for a person has changed it since). target, address: where people are
    sent to. at: of the last change of state (UTC, ISO 8601).
    """

    issue: Key
    notice: Notice
    state: State
    target: str = ""
    address: str = ""
    reason: str = ""
    at: str = ""

    @property
    def ours(self) -> bool:
        """Whether it has, or may have, left traces at the source."""
        return self.state not in ("was", "refused")


class Ended(msgspec.Struct, frozen=True, kw_only=True):
    """A handover that came to its end. at: UTC, ISO 8601. target: where people are sent to."""

    at: str
    target: str


class Arrival(msgspec.Struct, frozen=True, kw_only=True):
    """What came to the source after that. new: the issue itself. comments: so many of its comments.
    followed: whether it is in the archive, and goes to the targets; else it is told, and no more.
    at: when that was seen first."""

    issue: Key
    new: bool = False
    comments: int = 0
    followed: bool = False
    at: str = ""


ready(Notice, Ended)


class Told:
    """The sayings of one workspace."""

    def __init__(self, engine: Engine, writer: Writer) -> None:
        self._engine = engine
        self._writer = writer

    def of(self, issue: Key) -> list[Saying]:
        """What was said on an issue, or meant to be; in the order of its sorts."""
        query = sa.select(_TABLE).where(_TABLE.c.issue == issue)
        query = query.order_by(_TABLE.c.what, _TABLE.c.of)
        with self._engine.connect() as connection:
            return [_saying(row) for row in connection.execute(query)]

    def keep(self, *sayings: Saying) -> None:
        """Note these, in one commit; on disk when it returns."""
        rows = [_row(one) for one in sayings]
        if rows:
            self._writer.now(lambda connection: upsert(connection, _TABLE, rows))

    def issues(self) -> Iterator[Key]:
        """The issues that something is noted of, by key."""
        query = sa.select(_TABLE.c.issue).distinct().order_by(_TABLE.c.issue)
        with self._engine.connect() as connection:
            keys = connection.execute(query).scalars().all()
        yield from map(Key, keys)

    def counts(self) -> dict[str, int]:
        """How many issues have something in each state."""
        query = sa.select(_TABLE.c.state, sa.func.count(sa.distinct(_TABLE.c.issue))).group_by(
            _TABLE.c.state
        )
        with self._engine.connect() as connection:
            return {row[0]: row[1] for row in connection.execute(query)}

    def in_state(self, *states: State) -> list[Saying]:
        """Those that are in one of these states, by issue."""
        query = sa.select(_TABLE).where(_TABLE.c.state.in_(states)).order_by(_TABLE.c.issue)
        with self._engine.connect() as connection:
            return [_saying(row) for row in connection.execute(query)]

    # -- afterwards -------------------------------------------------------------------------------

    def ended(self) -> Ended | None:
        """The handover, if one has come to its end and was not taken back."""
        with self._engine.connect() as connection:
            held = connection.execute(sa.select(schema.meta.c.value).where(_ENDED)).scalar()
        return msgspec.json.decode(held, type=Ended) if held else None

    def end(self, target: str) -> None:
        """The handover is done; the first end counts."""
        if self.ended() is None:
            value = msgspec.json.encode(Ended(at=now(), target=target)).decode()
            row = {"name": "handed over", "value": value}
            self._writer.now(lambda connection: upsert(connection, schema.meta, [row]))

    def reopen(self) -> None:
        """There was no handover: what comes is followed as ever."""
        self._writer.now(lambda connection: connection.execute(schema.meta.delete().where(_ENDED)))

    def arrived(self, one: Arrival) -> None:
        """Note what came; of an issue that is known to have come the first moment stays."""
        row = {
            "issue": one.issue,
            "new": one.new,
            "comments": one.comments,
            "followed": one.followed,
        }

        def write(connection: Connection) -> None:
            known = connection.execute(
                sa.select(_AFTER.c.at, _AFTER.c.new).where(_AFTER.c.issue == one.issue)
            ).first()
            at, new = (known.at, known.new) if known else (now(), one.new)
            upsert(connection, _AFTER, [{**row, "at": at, "new": new}])

        self._writer.now(write)

    def follow(self, issue: Key) -> None:
        """Note that what came of an issue is followed from now on."""
        update = _AFTER.update().where(_AFTER.c.issue == issue).values(followed=True)
        self._writer.now(lambda connection: connection.execute(update))

    def arrivals(self, *, followed: bool | None = None) -> list[Arrival]:
        """What came after the handover, the first first."""
        query = sa.select(_AFTER).order_by(_AFTER.c.at, _AFTER.c.issue)
        if followed is not None:
            query = query.where(_AFTER.c.followed.is_(followed))
        with self._engine.connect() as connection:
            return [
                Arrival(
                    issue=Key(row.issue),
                    new=row.new,
                    comments=row.comments,
                    followed=row.followed,
                    at=row.at,
                )
                for row in connection.execute(query)
            ]


def forgotten(row: Any) -> dict[str, Any]:
    """What is left of a row of a private issue: what finds its comment (the last line, which is its
    signature), what takes it back, and what an issue was before it, as far as it is ours."""
    one = _saying(row)
    notice = one.notice
    if notice.what == "comment":
        notice = structs.replace(notice, value=notice.value.rpartition("\n")[2])
    if one.state in ("was", "refused", "left"):
        notice = structs.replace(notice, was=None, now=None)
    return _row(structs.replace(one, notice=notice, reason=""))


def _row(one: Saying) -> dict[str, Any]:
    notice = one.notice
    return {
        "issue": one.issue,
        "what": notice.what,
        "of": notice.of,
        "state": one.state,
        "notice": msgspec.json.encode(notice).decode(),
        "target": one.target,
        "address": one.address,
        "reason": one.reason,
        "at": one.at or now(),
    }


def _saying(row: Any) -> Saying:
    return Saying(
        issue=Key(row.issue),
        notice=msgspec.json.decode(row.notice, type=Notice),
        state=row.state,
        target=row.target,
        address=row.address,
        reason=row.reason,
        at=row.at,
    )
