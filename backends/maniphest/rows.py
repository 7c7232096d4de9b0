"""Rows of Phorge's databases, asked for by their PHIDs or numbers, some hundred at a time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from tracker_migrate import mysql
from tracker_migrate.mysql import Statement, among

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection


class Rows:
    """One server's databases. prefix: what their names begin with, such as `phabricator_`."""

    def __init__(self, database: Connection, prefix: str) -> None:
        self._database = database
        self.prefix = prefix

    def table(self, name: str) -> str:
        """A table's full name, from that of the application and its own (`file.file`)."""
        return f"{self.prefix}{name}"

    def of(self, values: Sequence[Any], sql: str) -> Iterator[Any]:
        """Rows for these values. sql: with `{}` for their list, and `{p}` for the prefix."""
        for portion in mysql.pieces(([one] for one in values), 500):
            given = tuple(row[0] for row in portion)
            said = sql.format(among(given), p=self.prefix)
            yield from mysql.rows(self._database, Statement(said, given))

    def cached(self, comments: Sequence[str]) -> Iterator[Any]:
        """What pages keep of comments: under each one's own PHID, whatever it says by now."""
        for portion in mysql.pieces(([f"XCMT:{one}@%"] for one in comments), 100):
            given = tuple(row[0] for row in portion)
            like = " OR ".join(["cacheKey LIKE %s"] * len(given))
            sql = f"SELECT id FROM {self.prefix}cache.cache_markupcache WHERE {like}"
            yield from mysql.rows(self._database, Statement(sql, given))
