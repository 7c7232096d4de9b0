"""The spy at home: which marked words stand in a workspace's files, and in its state."""

from __future__ import annotations

import sqlite3
import zlib
from contextlib import suppress
from pathlib import Path
from typing import Any

from tests.end_to_end.marks import found_in

#: what the source said, whole, stands in these tables alone
ARCHIVE = frozenset({"issue", "reply", "entity"})


def words_in_files(*folders: Path) -> frozenset[str]:
    """The words in the names and contents of all files below these folders, a workspace's `state`
    left out."""
    found: set[str] = set()
    for folder in folders:
        for path in folder.rglob("*"):
            if "state" not in path.relative_to(folder).parts:
                found |= found_in(str(path.relative_to(folder)))
                found |= found_in(path.read_bytes()) if path.is_file() else frozenset()
    return frozenset(found)


def words_in_state(workspace: Path) -> dict[str, frozenset[str]]:
    """The words in each table of the database, unpacked, and (as "files") beside it."""
    state = workspace / "state"
    beside = [path for path in state.rglob("*") if path.is_file() and ".db" not in path.name]
    found = {"files": frozenset().union(*(found_in(path.read_bytes()) for path in beside))}
    with sqlite3.connect(state / "workspace.db") as connection:
        tables = connection.execute("SELECT name FROM sqlite_master WHERE type='table'").fetchall()
        for (table,) in tables:
            rows = connection.execute(f"SELECT * FROM {table}")
            found[table] = frozenset().union(
                *(found_in(unpacked(value)) for row in rows for value in row)
            )
    return found


def unpacked(value: Any) -> bytes:
    """A value of the database as bytes, decompressed where it was compressed."""
    if isinstance(value, bytes):
        with suppress(zlib.error):
            return zlib.decompress(value)
        return value
    return str(value).encode("utf-8", "replace")
