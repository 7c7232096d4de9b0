"""`python -m benchmarks.copies FOLDER COUNT`: a workspace of any size in no time. The bugs that it
holds, written at its targets or not, are put straight into its database again and again, under
other numbers.

A copy has its own number in every key and address, and in its ledger's rows; people, tags and
projects are the same. So each page costs what one of real issues does, and nothing was read or
sent for it.
"""

from __future__ import annotations

import re
import sys
import zlib
from pathlib import Path
from typing import Any

import msgspec
import sqlalchemy as sa
from sqlalchemy.engine import Connection

from tracker_migrate.digest import digest
from tracker_migrate.engine.foreseen import inputs
from tracker_migrate.engine.target import Target
from tracker_migrate.model import Issue, Key, name_of
from tracker_migrate.workspace import Workspace, schema
from tracker_migrate.workspace.archive import position

_ISSUE = schema.issue
#: rows that are put in at once
_BATCH = 2000

Row = dict[str, Any]


def multiply(workspace: Workspace, count: int) -> int:
    """Copy the public bugs that name no other one until there are `count` issues in all; returns
    how many copies were made. What stands at a target of a bug stands there of its copies."""
    with workspace.engine.begin() as connection:
        bugs = _bugs(connection)
        missing = count - _count(connection)
        first = 1 + max(int(name_of(Key(row["key"]))) for row in bugs)
        targets = [Target(workspace, name) for name in workspace.settings.targets]
        held = [(target, _held(connection, target)) for target in targets]
        put = _Put(connection)
        models = [_Model(row) for row in bugs]
        for at in range(max(missing, 0)):
            model, number = models[at % len(bugs)], str(first + at)
            issue = model.copy(number)
            put(_ISSUE, issue)
            for target, templates in held:
                mark = inputs(target, issue["digest"])
                for one in templates.get(model.key, ()):
                    put(one.table, one.copy(number, mark))
        put.rest()
    return max(missing, 0)


def _bugs(connection: Connection) -> list[Row]:
    named = sa.select(schema.link.c.issue).union(sa.select(schema.link.c.to))
    query = sa.select(_ISSUE).where(
        _ISSUE.c.kind == "bug", _ISSUE.c.private.is_(False), _ISSUE.c.key.not_in(named)
    )
    return [dict(row._mapping) for row in connection.execute(query.order_by(_ISSUE.c.position))]


def _count(connection: Connection) -> int:
    return int(connection.execute(sa.select(sa.func.count()).select_from(_ISSUE)).scalar_one())


class _Model:
    """An issue as it is kept, with its number taken out."""

    def __init__(self, row: Row) -> None:
        self.key = row["key"]
        self._row = row
        self._model = _number_in(self.key).split(zlib.decompress(row["model"]).decode())

    def copy(self, number: str) -> Row:
        """The row of a copy."""
        text = number.join(self._model).encode()
        key = Key(self.key.removesuffix(name_of(self.key)) + number)
        return {
            **self._row,
            "key": key,
            "position": position(key),
            "model": zlib.compress(text, 1),
            "digest": digest(msgspec.json.decode(text, type=Issue)),
        }


class _Template:
    """A row of a ledger, with the number of its issue taken out."""

    def __init__(self, table: sa.Table, row: Row, bug: str) -> None:
        self.table = table
        self._row = row
        where = _number_in(bug)
        names = ("key", "issue", "within", "remote_id")
        self._names = {name: where.split(row[name]) for name in names if row.get(name)}

    def copy(self, number: str, mark: str) -> Row:
        """The row of a copy. mark: what its issue's output depends on."""
        row = self._row | {name: number.join(parts) for name, parts in self._names.items()}
        if "remote_id" in row:
            row["remote_id"] += f"-{number}"
        if self.table is schema.number:
            row["number"] = int(number)
        if row.get("inputs"):
            row["inputs"] = mark + "".join(row["inputs"].partition("/")[1:])
        return row


def _number_in(bug: str) -> re.Pattern[str]:
    """A bug's number wherever a key or an address has it."""
    old = name_of(Key(bug))
    return re.compile(rf"(?<=:){old}(?=[@/\"]|$)|(?<=/bugs/){old}\b|(?<=/\+bug/){old}\b")


def _held(connection: Connection, target: Target) -> dict[str, list[_Template]]:
    """What the ledger says of each issue."""
    found: dict[str, list[_Template]] = {}
    for table in (schema.object_, schema.verdict, schema.foreseen, schema.number):
        of = "key" if table is schema.number else "issue"
        for row in connection.execute(sa.select(table).where(table.c.target == target.name)):
            bug = row._mapping[of]
            if bug.rpartition(":")[2].isdigit():
                found.setdefault(bug, []).append(_Template(table, dict(row._mapping), bug))
    return found


class _Put:
    """Puts rows in, many at once."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._rows: dict[str, tuple[sa.Table, list[Row]]] = {}

    def __call__(self, table: sa.Table, row: Row) -> None:
        rows = self._rows.setdefault(table.name, (table, []))[1]
        rows.append(row)
        if len(rows) == _BATCH:
            self._send(table, rows)

    def _send(self, table: sa.Table, rows: list[Row]) -> None:
        self._connection.execute(table.insert(), rows)
        rows.clear()

    def rest(self) -> None:
        """Put in what is left."""
        for table, rows in self._rows.values():
            if rows:
                self._send(table, rows)


if __name__ == "__main__":
    with Workspace(Path(sys.argv[1])) as opened:
        multiply(opened, int(sys.argv[2]))
