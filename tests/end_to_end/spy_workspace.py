"""The spy at home: which marked words stand in a workspace's files, and in its state."""

from __future__ import annotations

import logging
import sqlite3
import zlib
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from tests.end_to_end.leaks import Leaked
from tests.end_to_end.marked_world import MarkedWorld
from tests.end_to_end.marks import found_in
from tracker_migrate.cli.run import run

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


class Ears:
    """All that is said while commands run: printed, logged, kept in files outside the state."""

    def __init__(
        self,
        marked: MarkedWorld,
        home: Path,
        capfd: pytest.CaptureFixture[str],
        caplog: pytest.LogCaptureFixture,
    ) -> None:
        self.marked, self.home, self._capfd, self._caplog = marked, home, capfd, caplog
        caplog.set_level(logging.DEBUG)

    def run(self, *command: str) -> int:
        """Run a command; no word that is not public may be heard of it."""
        self._capfd.readouterr()
        self._caplog.clear()
        status = run([*command, "-C", str(self.marked.here.folder)])
        printed = self._capfd.readouterr()
        self.said = printed.out + printed.err
        said = [printed.out, printed.err, self._caplog.text]
        heard = frozenset().union(*map(found_in, said), words_in_files(*self.places))
        self.is_public(heard, " ".join(command))
        return status

    @property
    def places(self) -> tuple[Path, ...]:
        """Where something could be left: the workspace, the home, the temporary files."""
        return self.marked.here.folder, self.home

    def is_public(self, words: frozenset[str], where: str) -> None:
        """Fails if one of these words may not be read by everybody."""
        told = [self.marked.marks[word] for word in words & self.marked.secret]
        if told:
            raise Leaked(f"{where}: {told[:5]}")

    def stays_at_the_source(self) -> None:
        """Fails if a hidden comment, or the text of a deleted one, stands anywhere in the state."""
        kept = frozenset().union(*words_in_state(self.marked.here.folder).values())
        if kept & self.marked.marks.of("hidden text", "hidden subject", "deleted text"):
            raise Leaked("the state holds what was to stay at the source")
