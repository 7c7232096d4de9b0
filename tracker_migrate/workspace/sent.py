"""What a create has sent, as digests; and the memory of those that were given up.

A request whose reply is lost, and whose object is not to be seen, may be carried out all the same,
later. Its text is forgotten; the digests of what it sent stay, so that what it has made is known
again, and an old value of ours is told from a person's edit.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
import sqlalchemy as sa
from sqlalchemy.engine import Engine

from tracker_migrate.digest import digests
from tracker_migrate.interfaces import ClosedAction
from tracker_migrate.model import Key
from tracker_migrate.workspace import schema
from tracker_migrate.workspace.database import Writer
from tracker_migrate.workspace.packing import now

GIVEN_UP = "given up"


class Sent(msgspec.Struct, frozen=True, kw_only=True):
    """What was sent of an object. number: the one that was chosen for it. digest: of the open form.
    fields: by name, the digests of the open value and of the value as sent. open, audience, holds,
    by: as a `ClosedAction` has them."""

    key: Key
    kind: str
    number: int | None = None
    digest: str
    fields: dict[str, tuple[str, str]]
    open: tuple[Key, ...] = ()
    audience: str = "public"
    holds: tuple[Key, ...] = ()
    by: str = ""

    def columns(self) -> dict[str, Any]:
        """These columns of the object's row."""
        return {
            "digest": self.digest,
            "fields": json.dumps(self.fields),
            "open": json.dumps(self.open),
            "audience": self.audience,
            "by": self.by,
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
    )


class GivenUp:
    """The creates of one target that were given up: their intents keep what they have sent where
    their marks stood."""

    def __init__(self, engine: Engine, writer: Writer, target: str) -> None:
        self._engine = engine
        self._writer = writer
        self._target = target

    def keep(self, intent: int, creates: Sequence[Sent]) -> None:
        """Give up an intent; on disk when it returns."""
        row = {
            "state": GIVEN_UP,
            "settled_at": now(),
            "step": b"",
            "mark": msgspec.json.encode(list(creates)).decode(),
        }
        table = schema.intent
        update = table.update().where(table.c.id == intent).values(row)
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
