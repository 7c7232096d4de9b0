"""Taking what stands at a target into its ledger: the rows that a lost one had, made anew."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from concurrent.futures import Future
from contextlib import contextmanager
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from tracker_migrate.workspace import schema
from tracker_migrate.workspace.database import Writer
from tracker_migrate.workspace.ledger import Held
from tracker_migrate.workspace.packing import now
from tracker_migrate.workspace.upsert import upsert


class Adoption:
    """Writes rows of the ledger of `target` that no step of this workspace led to."""

    def __init__(self, writer: Writer, target: str) -> None:
        self._writer = writer
        self._target = target

    def keep(self, objects: Sequence[Held], numbered: frozenset[str]) -> Future[None]:
        """Know these objects from now on. numbered: kinds whose numbers we choose: theirs are in
        use, and are given to nothing else."""
        at = now()
        rows = [self._row(one, at) for one in objects]
        numbers = [
            {"target": self._target, "key": one.key, "kind": one.kind, "number": int(one.at.id)}
            for one in objects
            if one.kind in numbered and one.state != "gone" and one.within is None
        ]

        def write(connection: Connection) -> None:
            for table, its in ((schema.object_, rows), (schema.number, numbers)):
                if its:
                    upsert(connection, table, its)

        return self._writer.do(write)

    def retire_blocks(self) -> None:
        """Give no more numbers of the blocks that are known: somebody who had a newer ledger may
        have used them. The next one is claimed anew."""
        table = schema.block
        where = table.c.target == self._target
        last = table.update().where(where).values(next=table.c.last + 1)
        self._writer.now(lambda connection: connection.execute(last))

    @contextmanager
    def rehearsal(self) -> Iterator[str]:
        """Copy what is known of the target under another name, which is given; it is forgotten
        afterwards. What is meant and not known is not copied: it holds texts."""
        name = f"{self._target} (rehearsal)"
        self._writer.now(lambda connection: _copy(connection, self._target, name))
        try:
            yield name
        finally:
            self._writer.flush()
            self._writer.now(lambda connection: _drop(connection, name))

    def _row(self, one: Held, at: str) -> dict[str, Any]:
        return {
            "target": self._target,
            "key": one.key,
            "kind": one.kind,
            "issue": one.issue,
            "remote_id": one.at.id,
            "number": one.at.number,
            "url": one.at.url,
            "digest": one.digest,
            "fields": json.dumps(one.fields),
            "open": json.dumps(one.open),
            "audience": one.audience,
            "state": one.state,
            "sent_at": at,
            "within": one.within,
            "by": one.by,
            "lists": json.dumps(one.lists),
        }


def _of_a_target() -> Iterator[sa.Table]:
    """The tables of the ledger that a rehearsal reads and writes: one row of theirs is about one
    target. What was said at the source only names one."""
    others = (schema.home, schema.doubled, schema.looked)
    for table in schema.metadata.tables.values():
        if "target" in table.primary_key.columns and table not in others:
            yield table


def _copy(connection: Connection, target: str, name: str) -> None:
    _drop(connection, name)  # one that did not come to its end
    for table in _of_a_target():
        columns = [sa.literal(name) if one.name == "target" else one for one in table.c]
        rows = sa.select(*columns).where(table.c.target == target)
        connection.execute(table.insert().from_select(list(table.c), rows))


def _drop(connection: Connection, name: str) -> None:
    for table in _of_a_target():
        connection.execute(table.delete().where(table.c.target == name))
