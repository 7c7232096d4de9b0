"""SQL for a target's MariaDB or MySQL: many rows in one statement, values quoted for people to read
and run, and a database's tables held against those that are known.

Only what both of them, and their older versions, take. A statement has `%s` for its values, which
the driver puts in; `said` puts them in for an administrator.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy.dialects import mysql

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection

#: rows of one statement, and characters of their texts: a request may have 16 MB as MariaDB is
#: shipped (max_allowed_packet), and a quote or a line end takes two bytes of it
_ROWS, _CHARACTERS = 500, 1_000_000
#: what every sql_mode, character set and terminal leaves as it is
_PLAIN = re.compile(r"[ -&(-\[\]-~]*")


class Statement(NamedTuple):
    """SQL with `%s` for each of its values, and the values."""

    sql: str
    values: tuple[Any, ...] = ()


def run(database: Connection, statement: Statement) -> int:
    """Execute a statement; says how many rows it found."""
    return database.exec_driver_sql(statement.sql, statement.values).rowcount


def rows(database: Connection, statement: Statement) -> Sequence[Any]:
    """Execute a query; all its rows."""
    return database.exec_driver_sql(statement.sql, statement.values).all()


def said(statement: Statement) -> str:
    """A statement with its values, safe to run as it is under any sql_mode."""
    parts = [one.replace("%%", "%") for one in re.split("(?<!%)%s", statement.sql)]
    values = [*(literal(value) for value in statement.values), ""]
    return "".join(part + value for part, value in zip(parts, values, strict=True))


def literal(value: Any) -> str:
    """A value in SQL. A text of which a sql_mode, a character set or a terminal could make anything
    else is in hexadecimal. Dates: UTC, whole seconds."""
    if value is None:
        return "NULL"
    if isinstance(value, int):
        return str(int(value))
    if isinstance(value, datetime):
        return f"'{second(value)}'"
    if isinstance(value, bytes):
        plain = value.isascii() and _PLAIN.fullmatch(value.decode())
        return f"_binary'{value.decode()}'" if plain else f"X'{value.hex()}'"
    if not isinstance(value, str):
        raise TypeError(f"no SQL for a {type(value).__name__}")
    if _PLAIN.fullmatch(value):
        return f"'{value}'"
    return f"CONVERT(X'{value.encode().hex()}' USING utf8mb4)"


def second(when: datetime) -> datetime:
    """A date as a `datetime` column has it: UTC, whole seconds (MariaDB cuts them, MySQL rounds),
    no zone."""
    aware = when.replace(tzinfo=UTC) if when.tzinfo is None else when.astimezone(UTC)
    return aware.replace(microsecond=0, tzinfo=None)


def among(values: Sequence[Any]) -> str:
    """As many `%s` as there are values, for `IN (…)`."""
    return ", ".join(["%s"] * len(values))


def pieces(given: Iterable[Sequence[Any]], most: int = _ROWS) -> Iterator[list[Sequence[Any]]]:
    """Rows in portions that fit into one statement."""
    portion: list[Sequence[Any]] = []
    size = 0
    for row in given:
        weight = sum(len(one) for one in row if isinstance(one, str | bytes))
        if portion and (len(portion) >= most or size + weight > _CHARACTERS):
            yield portion
            portion, size = [], 0
        portion.append(row)
        size += weight
    if portion:
        yield portion


def listed(names: Sequence[str], given: Sequence[Sequence[Any]]) -> tuple[str, tuple[Any, ...]]:
    """Rows as a table within a statement, `(SELECT …)`, whose columns have these names; and their
    values. For `… JOIN {listed} n ON n.id = t.id`: what it is joined by must be of one type."""
    first = ", ".join(f"%s AS {name}" for name in names)
    rest = f"SELECT {among(names)}"
    table = " UNION ALL ".join([f"SELECT {first}", *([rest] * (len(given) - 1))])
    return f"({table})", tuple(value for row in given for value in row)


def updates(
    table: str, key: str, columns: Sequence[str], given: Iterable[Sequence[Any]]
) -> Iterator[Statement]:
    """Statements that set these columns of many rows of a table. given: the key, and then the
    columns' values, of each."""
    names = [f"v{place}" for place, _ in enumerate(columns)]
    sets = ", ".join(f"t.{column} = n.{name}" for column, name in zip(columns, names, strict=True))
    for portion in pieces(given):
        source, values = listed(["id", *names], portion)
        yield Statement(f"UPDATE {table} t JOIN {source} n ON n.id = t.{key} SET {sets}", values)


def deletes(table: str, key: str, ids: Iterable[Any]) -> Iterator[Statement]:
    """Statements that delete rows by their key."""
    for portion in pieces([one] for one in ids):
        values = tuple(row[0] for row in portion)
        yield Statement(f"DELETE FROM {table} WHERE {key} IN ({among(values)})", values)


class Edits:
    """What is to be changed, gathered: only what is not so yet."""

    def __init__(self) -> None:
        self._changed: dict[tuple[str, str, Any], dict[str, Any]] = {}
        self._deleted: dict[tuple[str, str], list[Any]] = {}

    @property
    def rows(self) -> dict[str, int]:
        """How many rows of each table are changed or deleted; a table of which none is, is not
        named."""
        counts = Counter(table for table, _key, _id in self._changed)
        for (table, _key), ids in self._deleted.items():
            counts[table] += len(ids)
        return dict(counts)

    def row(self, table: str, row: Any, *, key: str = "id", **wanted: Any) -> None:
        """Have a row hold these values. row: as it is, with an attribute for each column."""
        changed = {name: one for name, one in wanted.items() if getattr(row, name) != one}
        if changed:
            self._changed.setdefault((table, key, getattr(row, key)), {}).update(changed)

    def delete(self, table: str, id_: Any, *, key: str = "id") -> None:
        """Have a row deleted."""
        self._deleted.setdefault((table, key), []).append(id_)

    def statements(self) -> Iterator[Statement]:
        """The statements that do so: what is deleted first, in the order in which it was named."""
        for (table, key), ids in self._deleted.items():
            yield from deletes(table, key, ids)
        alike: dict[tuple[str, str, tuple[str, ...]], list[Sequence[Any]]] = {}
        for (table, key, id_), changed in self._changed.items():
            alike.setdefault((table, key, tuple(changed)), []).append((id_, *changed.values()))
        for (table, key, columns), given in alike.items():
            yield from updates(table, key, columns, given)


# -- tables that are known --------------------------------------------------------------------

_COLUMNS = """
SELECT table_schema, table_name, column_name, column_type, is_nullable
FROM information_schema.columns WHERE table_schema = COALESCE(%s, DATABASE()) AND table_name = %s
"""


def differences(database: Connection, known: Iterable[sa.Table]) -> list[str]:
    """In what the tables of a database differ from those that are known, a line each: a table or
    column that is missing, of another type, or that nobody has heard of."""
    return [line for table in known for line in _of_table(database, table)]


def _of_table(database: Connection, table: sa.Table) -> Iterator[str]:
    found = {row[2]: row for row in rows(database, Statement(_COLUMNS, (table.schema, table.name)))}
    if not found:
        yield f"{table.fullname}: is not there"
        return
    for column in table.columns:
        expected = f"{_type(column.type)}{'' if column.nullable else ' not null'}"
        row = found.pop(column.name, None)
        if row is None:
            yield f"{table.fullname}.{column.name}: is not there, expected {expected}"
            continue
        there = f"{_plain_type(row[3])}{'' if row[4] == 'YES' else ' not null'}"
        if there != expected:
            yield f"{table.fullname}.{column.name}: is {there}, expected {expected}"
    for name, row in found.items():
        yield f"{table.fullname}.{name}: is not known ({_plain_type(row[3])})"


def _type(kind: sa.types.TypeEngine[Any]) -> str:
    return _plain_type(kind.compile(mysql.dialect()))


def _plain_type(name: str | bytes) -> str:
    """A column's type without what says nothing of what fits into it: MySQL 8 tells no width of
    whole numbers, and how texts are compared is of no account here."""
    text = name.decode() if isinstance(name, bytes) else name
    text = re.sub(r"\s+(character set|collate)\s+\S+", "", text.lower())
    text = re.sub(r"\b(tiny|small|medium|big)?int(eger)?\b(\(\d+\))?", r"\1int", text)
    return re.sub(r"\s*,\s*", ",", text)
