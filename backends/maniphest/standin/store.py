"""The database: its tables, its one connection, its counters, its clock, its made-up names."""

from __future__ import annotations

import base64
import os
import sqlite3
import time
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import lru_cache
from typing import Any

SCHEMA = """
CREATE TABLE user (
    id INTEGER PRIMARY KEY, phid TEXT UNIQUE, username TEXT, fold TEXT UNIQUE, realname TEXT,
    email TEXT, bot INT, admin INT, disabled INT, created INT, modified INT, picture TEXT);
CREATE INDEX user_email ON user (email);
CREATE TABLE token (token TEXT PRIMARY KEY, user INT) WITHOUT ROWID;
CREATE TABLE task (
    id INTEGER PRIMARY KEY, phid TEXT UNIQUE, title TEXT, description TEXT, author TEXT, owner TEXT,
    status TEXT, priority INT, points REAL, subtype TEXT, closer TEXT, closed INT, space TEXT,
    created INT, modified INT, view TEXT, edit TEXT, custom TEXT);
CREATE INDEX task_author ON task (author, id);
CREATE INDEX task_modified ON task (modified, id);
CREATE TABLE xaction_task (
    id INTEGER PRIMARY KEY, phid TEXT UNIQUE, object TEXT, author TEXT, created INT, type TEXT,
    fields TEXT, grp TEXT, comment_id INT, comment_phid TEXT, comment TEXT);
CREATE INDEX xaction_task_object ON xaction_task (object, id);
CREATE TABLE xaction_proj (
    id INTEGER PRIMARY KEY, phid TEXT UNIQUE, object TEXT, author TEXT, created INT, type TEXT,
    fields TEXT, grp TEXT, comment_id INT, comment_phid TEXT, comment TEXT);
CREATE INDEX xaction_proj_object ON xaction_proj (object, id);
CREATE TABLE edge (
    src TEXT, type INT, dst TEXT, created INT, seq INT, PRIMARY KEY (src, type, dst)) WITHOUT ROWID;
CREATE INDEX edge_back ON edge (dst, type, src);
CREATE TABLE string_index (field TEXT, value TEXT, object TEXT);
CREATE INDEX string_index_value ON string_index (field, value, object);
CREATE INDEX string_index_object ON string_index (object);
CREATE TABLE number_index (field TEXT, value INT, object TEXT);
CREATE INDEX number_index_value ON number_index (field, value, object);
CREATE INDEX number_index_object ON number_index (object, field);
CREATE TABLE project (
    id INTEGER PRIMARY KEY, phid TEXT UNIQUE, name TEXT, fold TEXT, slug TEXT, icon TEXT,
    color TEXT, description TEXT, parent TEXT, milestone INT, depth INT, subtype TEXT, space TEXT,
    created INT, modified INT, view TEXT, edit TEXT, joins TEXT, author TEXT);
CREATE INDEX project_parent ON project (parent);
CREATE INDEX project_fold ON project (fold, id);
CREATE TABLE slug (slug TEXT PRIMARY KEY, project TEXT) WITHOUT ROWID;
CREATE TABLE file (
    id INTEGER PRIMARY KEY, phid TEXT UNIQUE, name TEXT, mime TEXT, size INT, hash TEXT,
    author TEXT, view TEXT, created INT, modified INT, secret TEXT, chunked INT, data BLOB);
CREATE INDEX file_hash ON file (hash);
CREATE INDEX file_author ON file (author, id);
CREATE TABLE chunk (file TEXT, start INT, data BLOB, PRIMARY KEY (file, start));
CREATE TABLE attachment (object TEXT, file TEXT, PRIMARY KEY (object, file)) WITHOUT ROWID;
CREATE TABLE version (
    xaction TEXT, version INT, id INT, phid TEXT, author TEXT, created INT, removed INT, text TEXT,
    PRIMARY KEY (xaction, version)) WITHOUT ROWID;
CREATE TABLE policy (phid TEXT PRIMARY KEY, rules TEXT) WITHOUT ROWID;
CREATE TABLE space (id INTEGER PRIMARY KEY, phid TEXT UNIQUE, name TEXT, view TEXT, is_default INT,
    archived INT);
"""
TABLES = (
    *("user", "token", "task", "xaction_task", "xaction_proj", "edge", "string_index"),
    *(
        "number_index",
        "project",
        "slug",
        "file",
        "chunk",
        "attachment",
        "policy",
        "space",
        "version",
    ),
)
#: tables whose rows are counted up; a number that a refused call took is not given again
COUNTED = ("user", "task", "xaction_task", "xaction_proj", "project", "file", "space")


class Store:
    """The data. Not safe for threads: the caller holds the stand-in's lock."""

    def __init__(self, path: str) -> None:
        self.db = sqlite3.connect(
            path, check_same_thread=False, isolation_level=None, cached_statements=512
        )
        self.db.row_factory = sqlite3.Row
        self.clock: Callable[[], float] = time.time
        #: what gives the names of new objects, by kind; None or an empty answer makes one up
        self.naming: Callable[[str], str] | None = None
        self._next: dict[str, int] = {}
        self._open()

    def _open(self) -> None:
        for pragma in ("journal_mode=WAL", "synchronous=OFF", "temp_store=MEMORY"):
            self.db.execute(f"PRAGMA {pragma}")
        known = self.value("SELECT count(*) FROM sqlite_master WHERE name = 'task'")
        if not known:
            self.db.executescript(SCHEMA)
        self.recount()

    def recount(self) -> None:
        """Take the counters from what is stored."""
        for table in COUNTED:
            self._next[table] = self.value(f"SELECT coalesce(max(id), 0) + 1 FROM {table}")
        self._next["comment"] = self.value(
            "SELECT coalesce(max(comment_id), 0) + 1 FROM xaction_task"
        )

    def reset(self) -> None:
        """Forget everything, and count from one again."""
        for table in TABLES:
            self.db.execute(f"DELETE FROM {table}")
        self.recount()

    def close(self) -> None:
        """End the connection."""
        self.db.close()

    # -- asking -----------------------------------------------------------------------------

    def rows(self, sql: str, args: Sequence[Any] = ()) -> list[sqlite3.Row]:
        """All rows of an answer."""
        return self.db.execute(sql, args).fetchall()

    def row(self, sql: str, args: Sequence[Any] = ()) -> sqlite3.Row | None:
        """The first row of an answer."""
        found: sqlite3.Row | None = self.db.execute(sql, args).fetchone()
        return found

    def value(self, sql: str, args: Sequence[Any] = ()) -> Any:
        """The first value of the first row, or None."""
        found = self.db.execute(sql, args).fetchone()
        return found[0] if found is not None else None

    def column(self, sql: str, args: Sequence[Any] = ()) -> list[Any]:
        """The first value of each row."""
        return [found[0] for found in self.db.execute(sql, args)]

    def run(self, sql: str, args: Sequence[Any] = ()) -> None:
        """Change something."""
        self.db.execute(sql, args)

    def insert(self, table: str, values: dict[str, Any]) -> None:
        """Add one row."""
        self.db.execute(insertion(table, tuple(values)), tuple(values.values()))

    @contextmanager
    def atomic(self) -> Iterator[None]:
        """All of what is done inside, or nothing of it; counters keep what they gave."""
        if self.db.in_transaction:
            yield
            return
        self.db.execute("BEGIN")
        try:
            yield
        except BaseException:
            self.db.execute("ROLLBACK")
            raise
        self.db.execute("COMMIT")

    # -- giving out -------------------------------------------------------------------------

    def take(self, counter: str, many: int = 1) -> int:
        """The first of `many` numbers that nobody has had."""
        first = self._next[counter]
        self._next[counter] = first + many
        return first

    def burn(self, counter: str, until: int) -> None:
        """Go on counting from `until`, as after many refused calls."""
        self._next[counter] = max(self._next[counter], until)

    def now(self) -> int:
        """The server's time in whole seconds."""
        return int(self.clock())

    def phid(self, kind: str) -> str:
        """A new name, such as `PHID-TASK-...`; those of transactions are shorter."""
        given = self.naming(kind) if self.naming is not None else ""
        length = 15 if kind.startswith("XACT") else 20
        return given or f"PHID-{kind}-{scramble(length)}"


@lru_cache(maxsize=64)
def insertion(table: str, columns: tuple[str, ...]) -> str:
    """The statement that adds a row of these columns."""
    marks = ",".join("?" * len(columns))
    return f"INSERT INTO {table} ({','.join(columns)}) VALUES ({marks})"


def scramble(length: int) -> str:
    """Letters and digits by chance."""
    return base64.b32encode(os.urandom(length * 5 // 8 + 1)).decode()[:length].lower()


def token_of(username: str) -> str:
    """The token of a seeded account: always the same, 32 characters as the server wants."""
    return f"api-{username}-".ljust(32, "x")[:32]


def kind_of(phid: str) -> str:
    """The kind that a name tells, or `????`."""
    parts = phid.split("-", 2)
    if len(parts) == 3 and parts[0] == "PHID" and len(parts[1]) == 4:
        return parts[1]
    return "????"


def fold(text: str) -> str:
    """How the database compares text: no case, accents, control characters, trailing blanks.

    That is MariaDB's utf8mb4_unicode_ci: the look-up lp/e finds lp/é (marker-lookups, exchange 25).
    """
    if text.isascii() and text.isprintable():
        return text.lower().rstrip(" ")
    split = unicodedata.normalize("NFKD", text)
    kept = (char for char in split if unicodedata.category(char) not in {"Mn", "Cc", "Cf"})
    return "".join("\ufffd" if char > "\uffff" else char for char in kept).casefold().rstrip(" ")
