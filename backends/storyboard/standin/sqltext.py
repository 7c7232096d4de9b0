"""The texts of the database's own errors, which StoryBoard hands to its callers with status 500.

They echo the statement with its parameters (facts 1): what a client must not log.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from tracker_migrate.backends.storyboard.standin.errors import Fault
from tracker_migrate.backends.storyboard.standin.tables import MODELS

DATA, INTERNAL, OPERATIONAL = "9h9h", "2j85", "e3q8"  # ends of the links that they name
NAIVE = "Datetime value without timezone provided, please provide a timezone."


def _quoted(column: str) -> str:
    return f"`{column}`" if column == "status" else column


def insert_text(kind: str, with_id: bool) -> str:
    """The INSERT of a table, as SQLAlchemy writes it."""
    model = MODELS[kind]
    columns = (*(("id",) if with_id else ()), *model.columns)
    names = ", ".join(map(_quoted, columns))
    values = ", ".join(f"%({column})s" for column in columns)
    return f"INSERT INTO {model.table} ({names}) VALUES ({values})"


def _plain(value: Any) -> Any:
    if isinstance(value, bool):
        return int(value)
    return value.replace(tzinfo=None) if isinstance(value, datetime) else value


def failed(what: str, sql: str, parameters: Mapping[str, Any], link: str) -> Fault:
    """A statement that MariaDB refused."""
    plain = {name: _plain(value) for name, value in parameters.items()}
    text = f"(pymysql.err.{what}\n[SQL: {sql}]\n[parameters: {plain}]\n"
    return Fault(500, f"{text}(Background on this error at: http://sqlalche.me/e/13/{link})")


def failed_insert(kind: str, what: str, given: Mapping[str, Any], link: str = DATA) -> Fault:
    """An INSERT that MariaDB refused; `given` lacks what stays NULL."""
    with_id = given.get("id") is not None
    columns: Sequence[str] = (*(("id",) if with_id else ()), *MODELS[kind].columns)
    parameters = {column: given.get(column) for column in columns}
    return failed(what, insert_text(kind, with_id), parameters, link)


def truncated(column: str) -> str:
    """An enum's value that is none of its values."""
    return f"DataError) (1265, \"Data truncated for column '{column}' at row 1\")"


def too_long(column: str) -> str:
    """A text beyond its column's length."""
    return f"DataError) (1406, \"Data too long for column '{column}' at row 1\")"


def out_of_range(internal: bool) -> str:
    """An id beyond the column's range: one that was named, or the next one of the counter."""
    name, code = ("InternalError", 167) if internal else ("DataError", 1264)
    return f"{name}) ({code}, \"Out of range value for column 'id' at row 1\")"


def naive(kind: str, given: Mapping[str, Any]) -> Fault:
    """A date without a zone: it fails on its way into the INSERT, before anything is written."""
    sql = insert_text(kind, given.get("id") is not None)
    text = f"(builtins.RuntimeError) {NAIVE}\n[SQL: {sql}]\n[parameters: [{dict(given)}]]"
    return Fault(500, text)
