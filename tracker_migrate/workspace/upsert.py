"""Insert or replace rows by primary key, on SQLite and on PostgreSQL."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

from sqlalchemy import Table
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import Connection


def upsert(connection: Connection, table: Table, rows: Sequence[Mapping[str, Any]]) -> None:
    """Write rows (all with the same columns); a row whose key is there is replaced."""
    names = tuple(sorted(rows[0]))
    connection.execute(_statement(connection.dialect.name, table, names), list(rows))


@cache  # building it costs more than running it
def _statement(dialect: str, table: Table, names: tuple[str, ...]) -> Any:
    make = postgresql.insert if dialect == "postgresql" else sqlite.insert
    statement: Any = make(table)
    keys = [column.name for column in table.primary_key]
    others = [name for name in names if name not in keys]
    if not others:
        return statement.on_conflict_do_nothing(index_elements=keys)
    values = {name: statement.excluded[name] for name in others}
    return statement.on_conflict_do_update(index_elements=keys, set_=values)
