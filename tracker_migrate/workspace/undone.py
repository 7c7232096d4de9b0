"""What was taken back: the ledger knows no more of it, so that the next run makes it anew.

Where the target keeps it, its row stays under a name of its own. That is no name of the source: an
issue that is made anew has nothing to do with it; but who may read it is still looked at, and an
administrator can be told of it until it is gone.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine

from tracker_migrate.interfaces import RemoteRef
from tracker_migrate.model import Key, key, kind_of
from tracker_migrate.workspace import schema
from tracker_migrate.workspace.database import Writer

_PAGE = 500
_OBJECT = schema.object_
#: verdicts that say what became of an issue there
_WRITTEN = ("done", "aside", "exposed")


def undone_key(kind: str, remote_id: str) -> Key:
    """What an object is called that was taken back and stays: it belongs to no issue."""
    return key("target", "undone", f"{kind}/{remote_id}")


def is_undone(of: Key) -> bool:
    """Whether a key of the ledger is that of an object that was taken back."""
    return kind_of(of) == "undone"


def drop(connection: Connection, target: str, issue: Key, keys: Sequence[Key]) -> None:
    """Know no more of objects of an issue: neither where they were nor their numbers, which are
    given to nothing else, for the target may never take them again. The issue is to be written; if
    its own object is among them, the next one is closed once for what stands below it, too."""
    for table in (_OBJECT, schema.number, schema.conflict):
        for some in _some(keys):
            where = table.c.target == target, table.c.key.in_(some)
            connection.execute(table.delete().where(*where))
    if issue in keys:
        fed = schema.fed_issue
        closed = fed.c.target == target, fed.c.issue == issue, fed.c.what == "closed"
        connection.execute(fed.delete().where(*closed))
    verdict = schema.verdict
    its = verdict.c.target == target, verdict.c.issue == issue, verdict.c.state.in_(_WRITTEN)
    again = {"state": "planned", "reason": "", "inputs": "", "attempts": 0}
    connection.execute(verdict.update().where(*its).values(**again))


class Undone:
    """Takes rows of the ledger of `target` out of it."""

    def __init__(self, engine: Engine, writer: Writer, target: str) -> None:
        self._engine = engine
        self._writer = writer
        self._target = target

    def finish(self, issue: Key, keys: Sequence[Key], stay: Iterable[Key] = ()) -> None:
        """Know no more of these objects of an issue, in one commit. stay: those of them that the
        target keeps: they are known by another name."""
        kept = list(stay)

        def write(connection: Connection) -> None:
            for some in _some(kept):
                where = _OBJECT.c.target == self._target, _OBJECT.c.key.in_(some)
                for row in connection.execute(sa.select(_OBJECT).where(*where)).all():
                    connection.execute(_OBJECT.update().where(*_is(row)).values(**_renamed(row)))
            drop(connection, self._target, issue, keys)

        self._writer.now(write)

    def standing(self) -> Iterator[tuple[Key, str, RemoteRef]]:
        """Key, kind and place of what was taken back and stays, as far as is known; in order."""
        after = ""
        while True:
            columns = (_OBJECT.c[name] for name in ("key", "kind", "remote_id", "number", "url"))
            query = (
                sa.select(*columns)
                .where(_OBJECT.c.target == self._target, _OBJECT.c.state == "undone")
                .where(_OBJECT.c.key > after)
                .order_by(_OBJECT.c.key)
                .limit(_PAGE)
            )
            with self._engine.connect() as connection:
                rows = connection.execute(query).all()
            for row in rows:
                at = RemoteRef(id=row.remote_id, number=row.number, url=row.url)
                yield Key(row.key), row.kind, at
            if len(rows) < _PAGE:
                return
            after = rows[-1].key

    def forget(self, keys: Sequence[Key]) -> None:
        """Know no more of what was taken back, and has gone since."""

        def write(connection: Connection) -> None:
            for some in _some(keys):
                where = _OBJECT.c.target == self._target, _OBJECT.c.key.in_(some)
                connection.execute(_OBJECT.delete().where(*where, _OBJECT.c.state == "undone"))

        if keys:
            self._writer.now(write)

    def reopen(self, issue: Key, refers: Mapping[Key, tuple[Sequence[Key], Sequence[str]]]) -> None:
        """Know that objects of an issue refer to what is being taken back: their texts are written
        again when that stands there anew. refers: for each, to what; and its fields that are no
        texts, of which nobody can say how they stand from then on."""
        verdict = schema.verdict

        def write(connection: Connection) -> None:
            for of, (to, fields) in refers.items():
                where = _OBJECT.c.target == self._target, _OBJECT.c.key == of
                row = connection.execute(sa.select(_OBJECT).where(*where)).one()
                left = {n: mark for n, mark in json.loads(row.fields).items() if n not in fields}
                open_ = list(dict.fromkeys([*json.loads(row.open), *to]))
                values = {"open": json.dumps(open_), "fields": json.dumps(left)}
                connection.execute(_OBJECT.update().where(*where).values(**values))
            its = verdict.c.target == self._target, verdict.c.issue == issue
            connection.execute(verdict.update().where(*its).values(inputs=""))

        self._writer.now(write)


def _is(row: Any) -> tuple[Any, Any]:
    return _OBJECT.c.target == row.target, _OBJECT.c.key == row.key


def _renamed(row: Any) -> dict[str, Any]:
    named = undone_key(row.kind, row.remote_id)
    return {"key": named, "issue": named, "state": "undone", "open": "[]", "within": None}


def _some(keys: Sequence[Key]) -> Iterator[Sequence[Key]]:
    return (keys[start : start + _PAGE] for start in range(0, len(keys), _PAGE))
