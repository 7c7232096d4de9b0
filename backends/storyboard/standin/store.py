"""The data: one SQLite connection, numbers that are never given twice, transactions."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from tracker_migrate.backends.storyboard.standin import sqltext
from tracker_migrate.backends.storyboard.standin.collation import begins, like
from tracker_migrate.backends.storyboard.standin.errors import Fault, Refused, taken
from tracker_migrate.backends.storyboard.standin.tables import MODELS, SCHEMA, TABLES

Row = sqlite3.Row
LARGEST, SMALLEST = 2**31 - 1, -(2**31)
CHUNK = 500  # how many numbers one IN (...) holds


class Store:
    """An SQLite file or `:memory:`; call it with the stand-in's lock held."""

    def __init__(self, data: str) -> None:
        self.db = sqlite3.connect(
            data, isolation_level=None, check_same_thread=False, cached_statements=512
        )
        self.db.row_factory = sqlite3.Row
        self.db.create_function("likes", 2, like, deterministic=True)
        self.db.create_function("begins", 2, begins, deterministic=True)
        self.db.executescript("PRAGMA journal_mode=WAL; PRAGMA synchronous=OFF")
        if self.one("SELECT 1 FROM sqlite_master WHERE name = 'counter'") is None:
            self.db.executescript(SCHEMA)
        self._next: dict[str, int] = {
            row["kind"]: row["next"] for row in self.all("SELECT * FROM counter")
        }
        self._moved: set[str] = set()
        self._inserts: dict[tuple[str, ...], str] = {}

    def close(self) -> None:
        """Close the file."""
        self.db.close()

    # -- reading ----------------------------------------------------------------------------

    def all(self, sql: str, parameters: Sequence[Any] = ()) -> list[Row]:
        """Every row."""
        return self.db.execute(sql, parameters).fetchall()

    def one(self, sql: str, parameters: Sequence[Any] = ()) -> Row | None:
        """The first row, None if there is none."""
        row: Row | None = self.db.execute(sql, parameters).fetchone()
        return row

    def value(self, sql: str, parameters: Sequence[Any] = ()) -> Any:
        """The first column of the first row; None if there is none."""
        row = self.db.execute(sql, parameters).fetchone()
        return None if row is None else row[0]

    def get(self, kind: str, number: int | None) -> Row | None:
        """An object by its number."""
        return self.one(f"SELECT * FROM {kind} WHERE id = ?", (number,))

    def has(self, kind: str, number: int | None) -> bool:
        """Whether there is an object of this number."""
        return self.one(f"SELECT 1 FROM {kind} WHERE id = ?", (number,)) is not None

    def among(self, sql: str, numbers: Iterable[int]) -> Iterator[Row]:
        """The rows of a statement with one `{numbers}` in it, asked for in chunks."""
        wanted = list(numbers)
        for start in range(0, len(wanted), CHUNK):
            part = wanted[start : start + CHUNK]
            yield from self.db.execute(sql.format(numbers=",".join("?" * len(part))), part)

    # -- numbers ----------------------------------------------------------------------------

    def next_id(self, kind: str) -> int:
        """The number that the next object without one will get."""
        return self._next.get(kind, 1)

    def take(self, kind: str) -> int:
        """The next number: gone for good, even if the insert is refused (AUTO_INCREMENT)."""
        number = self.next_id(kind)
        self._next[kind] = number + 1
        self._moved.add(kind)
        return number

    def pass_over(self, kind: str, number: int) -> None:
        """Let the counter jump past a number that was named (facts 6)."""
        if number >= self._next.get(kind, 1):
            self._next[kind] = number + 1
            self._moved.add(kind)

    def free(self, kind: str, given: Mapping[str, Any]) -> int:
        """The number for a new object: the one that is named, else the next; 400 or 500 if none."""
        number = given.get("id")
        if number:
            if not SMALLEST <= number <= LARGEST:
                raise sqltext.failed_insert(kind, sqltext.out_of_range(False), given)
            if self.has(kind, number):
                raise taken(MODELS[kind].name, number)
            return int(number)
        if self.next_id(kind) > LARGEST:
            what = sqltext.out_of_range(True)
            raise sqltext.failed_insert(kind, what, given, sqltext.INTERNAL)
        return self.take(kind)

    # -- writing ----------------------------------------------------------------------------

    def insert(self, kind: str, values: Mapping[str, Any], refusal: Refused | None = None) -> int:
        """A new row; `refusal` is raised when a unique key forbids it. Returns its number."""
        key = (kind, *values)
        if key not in self._inserts:
            marks = ",".join("?" * len(values))
            self._inserts[key] = f"INSERT INTO {kind} ({','.join(values)}) VALUES ({marks})"
        try:
            number = self.db.execute(self._inserts[key], tuple(values.values())).lastrowid or 0
        except sqlite3.IntegrityError:
            raise (refusal or Fault(400, "Database error")) from None
        if "id" in values:
            self.pass_over(kind, values["id"])
        return number

    def update(self, kind: str, number: int, values: Mapping[str, Any]) -> None:
        """Change fields of a row; sqlite3.IntegrityError if a unique key forbids it."""
        if values:
            names = ", ".join(f"{name} = ?" for name in values)
            self.run(f"UPDATE {kind} SET {names} WHERE id = ?", (*values.values(), number))

    def run(self, sql: str, parameters: Sequence[Any] = ()) -> int:
        """Any other statement; returns how many rows it touched."""
        return self.db.execute(sql, parameters).rowcount

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """One request's writes: all or none, save for a refusal that keeps what it wrote."""
        self.db.execute("BEGIN")
        try:
            yield
        except BaseException as error:
            keeps = isinstance(error, Refused) and error.keeps
            self._end("COMMIT" if keeps else "ROLLBACK")
            raise
        self._end("COMMIT")

    def _end(self, how: str) -> None:
        if how == "COMMIT" and self._moved:
            rows = [(kind, self._next[kind]) for kind in self._moved]
            self.db.executemany("INSERT OR REPLACE INTO counter VALUES (?, ?)", rows)
            self._moved.clear()
        self.db.execute(how)

    # -- as a whole -------------------------------------------------------------------------

    def empty(self) -> None:
        """Take everything away; the next number of every kind is 1 again."""
        self.db.execute("BEGIN")
        for table in TABLES:
            self.db.execute(f"DELETE FROM {table}")
        self.db.execute("DELETE FROM sqlite_sequence")
        self._next.clear()
        self._moved.clear()
        self.db.execute("COMMIT")

    def counts(self) -> dict[str, int]:
        """How many rows each table has."""
        return {table: self.value(f"SELECT count(*) FROM {table}") for table in TABLES}
