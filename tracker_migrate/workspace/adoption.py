"""Taking what stands at a target into its ledger: the rows that a lost one had, made anew."""

from __future__ import annotations

import json
from collections.abc import Sequence
from concurrent.futures import Future
from typing import Any

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
            if one.kind in numbered and one.state != "gone"
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
        }
