"""What a create has sent, as digests; and the memory of those that were given up.

A request whose reply is lost, and whose object is not to be seen, may be carried out all the same,
later. Its text is forgotten once that was waited for; the digests of what it sent stay, so that
what it has made is known again, and an old value of ours is told from a person's edit.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
import sqlalchemy as sa
from sqlalchemy.engine import Engine

from tracker_migrate.digest import digests, short
from tracker_migrate.interfaces import ClosedAction, ClosedStep
from tracker_migrate.model import Key
from tracker_migrate.workspace import schema
from tracker_migrate.workspace.database import Writer
from tracker_migrate.workspace.packing import now, unpack

GIVEN_UP = "given up"


class Sent(msgspec.Struct, frozen=True, kw_only=True):
    """What was sent of an object. number: the one that was chosen for it. digest: of the open form.
    fields: by name, the digests of the open value and of the value as sent. open, audience, holds,
    by, marker: as a `ClosedAction` has them. lists: of fields that are lists, digests of their
    elements. issue: whose object it is; "" in what an earlier version gave up."""

    key: Key
    kind: str
    number: int | None = None
    digest: str
    fields: dict[str, tuple[str, str]]
    open: tuple[Key, ...] = ()
    audience: str = "public"
    holds: tuple[Key, ...] = ()
    by: str = ""
    lists: dict[str, tuple[str, ...]] = {}
    marker: str = ""
    issue: str = ""

    def columns(self) -> dict[str, Any]:
        """These columns of the object's row."""
        return {
            "digest": self.digest,
            "fields": json.dumps(self.fields),
            "open": json.dumps(self.open),
            "audience": self.audience,
            "by": self.by,
            "lists": json.dumps(self.lists),
        }


def sent(action: ClosedAction, stored: Mapping[str, Any]) -> Sent:
    """What an action sends. stored: its fields that read back in another form, in that form."""
    marks = digests({**action.fields, **stored})
    return Sent(
        key=action.key,
        kind=action.kind,
        number=action.number,
        digest=action.digest,
        fields={name: (action.opens.get(name, ""), mark) for name, mark in marks.items()},
        open=action.open,
        audience=action.audience,
        holds=action.holds,
        by=action.by,
        marker=action.marker,
        lists={
            name: (*map(short, value), *action.spares.get(name, ()))
            for name, value in action.fields.items()
            if isinstance(value, list)
        },
    )


class GivenUp:
    """The requests of one target that were given up: their intents keep what they have created
    where their marks stood, and their steps as long as they may still come."""

    def __init__(self, engine: Engine, writer: Writer, target: str) -> None:
        self._engine = engine
        self._writer = writer
        self._target = target

    def keep(self, intent: int, creates: Sequence[Sent], *, waited: bool) -> None:
        """Give up an intent; on disk when it returns. waited: it will not come any more."""
        row: dict[str, Any] = {
            "state": GIVEN_UP,
            "settled_at": now(),
            "mark": msgspec.json.encode(list(creates)).decode(),
        }
        table = schema.intent
        update = table.update().where(table.c.id == intent).values(row | _without_text(waited))
        self._writer.now(lambda connection: connection.execute(update))

    def coming(self) -> list[tuple[int, ClosedStep]]:
        """The intents, and their steps, that nobody has waited for yet, the oldest first."""
        table = schema.intent
        query = (
            sa.select(table.c.id, table.c.step)
            .where(table.c.target == self._target, table.c.state == GIVEN_UP, table.c.step != b"")
            .order_by(table.c.id)
        )
        with self._engine.connect() as connection:
            return [(row.id, unpack(row.step, ClosedStep)) for row in connection.execute(query)]

    def waited(self, intents: Sequence[int]) -> None:
        """Note that these will not come any more."""
        table = schema.intent
        update = table.update().where(table.c.id.in_(intents)).values(_without_text(True))
        if intents:
            self._writer.now(lambda connection: connection.execute(update))

    def all(self) -> list[Sent]:
        """What they have sent, the oldest first: few."""
        table = schema.intent
        query = (
            sa.select(table.c.mark)
            .where(table.c.target == self._target, table.c.state == GIVEN_UP)
            .order_by(table.c.id)
        )
        with self._engine.connect() as connection:
            marks = connection.execute(query).scalars().all()
        return [one for mark in marks for one in msgspec.json.decode(mark, type=list[Sent])]


def _without_text(waited: bool) -> dict[str, Any]:
    return {"step": b""} if waited else {}
