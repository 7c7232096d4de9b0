"""What the runs of a workspace did at a target, and how long it took: from the times of intents.

An intent's time is that of its commit, right before its request leaves; its result is noted when
the reply is there. Every process that opens a workspace has a name of its own, so that what it sent
is one run.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime, timedelta

import msgspec
import sqlalchemy as sa
from sqlalchemy.engine import Engine

from tracker_migrate.workspace import schema
from tracker_migrate.workspace.packing import moment

#: what was sent last is what is measured: so many requests
LATELY = 5_000
#: a longer silence between two requests is none of the work: a daemon's sleep, a person's night
_SILENCE = timedelta(seconds=20)
_TABLE = schema.intent


class Run(msgspec.Struct, frozen=True, kw_only=True):
    """What one process sent to a target. began, ended: the first and the last that is known of it.
    requests: all that were meant; done: those that were carried out; refused: that the target did
    not take. open: whose result is not known yet."""

    began: datetime
    ended: datetime
    requests: int
    done: int
    refused: int
    open: int


class Pace(msgspec.Struct, kw_only=True):
    """The last requests that were carried out. requests, actions: by kind of request, how many,
    and how many objects they were about. seconds: for which at least one was under way, or the
    next was being made."""

    requests: dict[str, int] = msgspec.field(default_factory=dict)
    actions: dict[str, int] = msgspec.field(default_factory=dict)
    seconds: float = 0.0

    @property
    def count(self) -> int:
        """How many requests were measured."""
        return sum(self.requests.values())


class Worked:
    """The runs at one target."""

    def __init__(self, engine: Engine, target: str) -> None:
        self._engine = engine
        self._target = target

    def runs(self, most: int = 10) -> list[Run]:
        """The last runs that sent anything, the latest first."""
        state, last = _TABLE.c.state, sa.func.max(_TABLE.c.id)
        counts = [
            sa.func.sum(sa.case((state == one, 1), else_=0)) for one in ("done", "refused", "open")
        ]
        ended = sa.func.max(sa.func.coalesce(_TABLE.c.settled_at, _TABLE.c.meant_at))
        query = (
            sa.select(sa.func.min(_TABLE.c.meant_at), ended, sa.func.count(), *counts)
            .where(_TABLE.c.target == self._target)
            .group_by(_TABLE.c.owner)
            .order_by(last.desc())
            .limit(most)
        )
        with self._engine.connect() as connection:
            rows = connection.execute(query).all()
        return [
            Run(
                began=moment(began),
                ended=moment(end),
                requests=int(all_),
                done=int(done),
                refused=int(refused),
                open=int(open_),
            )
            for began, end, all_, done, refused, open_ in rows
        ]

    def pace(self) -> Pace:
        """How fast it went lately."""
        found, spans = Pace(), []
        names = ("kind", "keys", "meant_at", "settled_at")
        query = (
            sa.select(*(_TABLE.c[name] for name in names))
            .where(_TABLE.c.target == self._target, _TABLE.c.state == "done")
            .order_by(_TABLE.c.id.desc())
            .limit(LATELY)
        )
        with self._engine.connect() as connection:
            rows = connection.execute(query).all()
        for kind, keys, meant_at, settled_at in rows:
            found.requests[kind] = found.requests.get(kind, 0) + 1
            found.actions[kind] = found.actions.get(kind, 0) + len(json.loads(keys))
            spans.append((moment(meant_at), moment(settled_at or meant_at)))
        found.seconds = sum((end - begin).total_seconds() for begin, end in _joined(spans))
        return found


def _joined(
    spans: list[tuple[datetime, datetime]],
) -> Iterator[tuple[datetime, datetime]]:
    """The spans of time in which work was done, without those between that are long."""
    held: tuple[datetime, datetime] | None = None
    for begin, end in sorted(spans):
        if held is not None and begin - held[1] <= _SILENCE:
            held = held[0], max(held[1], end)
            continue
        if held is not None:
            yield held
        held = begin, end
    if held is not None:
        yield held
