"""Reading the tables, with every mistake collected and named by file and line."""

from __future__ import annotations

import csv
import re
import tomllib
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path
from typing import Any

from tracker_migrate.checked import did_you_mean
from tracker_migrate.errors import UsageError
from tracker_migrate.text.redact import hide_addresses

__all__ = ["Mistakes", "Once", "did_you_mean", "holds_address", "known_target", "rows", "toml"]

#: what looks like an e-mail address and is none: who logs in at a database, or at a repository
_LOGIN = re.compile(r"://[^\s/@]*@|(?<!\S)\w+@[\w.-]+:(?=\S)|\b(?:git|hg|svn|bzr)@")


class Once:
    """Notices a second row about the same thing."""

    def __init__(self, mistakes: Mistakes) -> None:
        self._mistakes = mistakes
        self._seen: dict[tuple[str, ...], str] = {}

    def is_new(self, place: str, *what: str) -> bool:
        """Whether no row before was about this; a mistake is noted if one was."""
        first = self._seen.setdefault(what, place)
        if first != place:
            line = first.rpartition(":")[2]
            self._mistakes.add(place, f"{what[0]} has a row already, line {line}: keep one")
        return first == place


class Mistakes:
    """Collects what is wrong in settings and tables, so that all of it is said at once."""

    def __init__(self) -> None:
        self.found: list[str] = []

    def add(self, place: str, what: str) -> None:
        """Note one mistake. place: file and path or line; what: the cause and the cure."""
        self.found.append(hide_addresses(f"{place}: {what}"))

    def stop_if_any(self) -> None:
        """Raise UsageError with all of them, one a line."""
        if self.found:
            raise UsageError("\n".join(self.found))


def known_target(
    place: str, name: str, targets: Collection[str] | None, mistakes: Mistakes
) -> None:
    """Note a mistake if a row is about a target that the workspace does not have."""
    if targets is not None and name and name not in targets:
        known = ", ".join(targets) or "none yet"
        mistakes.add(place, f'no target "{name}"{did_you_mean(name, targets)} (known: {known})')


def holds_address(text: str) -> bool:
    """Whether an e-mail address stands in a text; the USER@ of a database's address is none."""
    if "@" not in text:
        return False
    rest = _LOGIN.sub(" ", text)
    return hide_addresses(rest) != rest


def _no_addresses(path: Path, text: str, mistakes: Mistakes) -> None:
    """Note each line with an e-mail address. Comments count: these files are there to be committed
    and shown around."""
    for number, line in enumerate(text.splitlines(), 1):
        if holds_address(line):
            mistakes.add(
                f"{path.name}:{number}",
                "holds an e-mail address: take it out (an account is named by its number or PHID)",
            )


def toml(path: Path, mistakes: Mistakes) -> dict[str, Any]:
    """A TOML file as a dictionary; empty if it does not exist or can't be read as TOML."""
    try:
        text = path.read_text(encoding="utf-8-sig")
        _no_addresses(path, text, mistakes)
        return tomllib.loads(text)
    except FileNotFoundError:
        return {}
    except UnicodeDecodeError:
        mistakes.add(path.name, "is not UTF-8: save it as UTF-8")
    except tomllib.TOMLDecodeError as error:
        mistakes.add(path.name, f"is not valid TOML: {error}")
    except OSError as error:
        mistakes.add(path.name, f"can't be read: {error.strerror}")
    return {}


def rows(
    path: Path, columns: Sequence[str], needed: Sequence[str], mistakes: Mistakes
) -> Iterator[tuple[str, dict[str, str]]]:
    """The rows of a CSV table as (place, row); empty if it does not exist.

    columns: all that may stand in the header. needed: those that must, and may not be empty. A row
    is one line; a line that begins with # is a comment.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        return
    except UnicodeDecodeError:
        mistakes.add(path.name, "is not UTF-8: save it as UTF-8")
        return
    except OSError as error:
        mistakes.add(path.name, f"can't be read: {error.strerror}")
        return
    _no_addresses(path, text, mistakes)
    lines = [(n, line) for n, line in enumerate(text.splitlines(), 1) if _counts(line)]
    if not lines or not _header_is_right(path, lines[0][1], columns, needed, mistakes):
        return
    header = [name.strip() for name in _cells(lines[0][1]) or ()]
    for number, line in lines[1:]:
        if holds_address(line):
            continue  # told above
        place, cells = f"{path.name}:{number}", _cells(line)
        if cells is None:
            mistakes.add(place, 'is not one row of a table: is a quote (") not closed?')
            continue
        if len(cells) > len(header):
            mistakes.add(place, f"has {len(cells)} cells under {len(header)} headings")
            continue
        row = dict.fromkeys(columns, "") | dict(
            zip(header, (c.strip() for c in cells), strict=False)
        )
        empty = [name for name in needed if not row[name]]
        if empty:
            mistakes.add(place, f"has nothing under {', '.join(empty)}")
            continue
        yield place, row


def _cells(line: str) -> list[str] | None:
    """The cells of a line; None if it is not one row."""
    try:
        return next(csv.reader([line], strict=True), [])
    except csv.Error:
        return None


def _counts(line: str) -> bool:
    return bool(line.strip()) and not line.lstrip().startswith("#")


def _header_is_right(
    path: Path, line: str, columns: Sequence[str], needed: Sequence[str], mistakes: Mistakes
) -> bool:
    names = [name.strip() for name in _cells(line) or ()]
    strange = [name for name in names if name not in columns]
    double = sorted({name for name in names if names.count(name) > 1 and name in columns})
    missing = [name for name in needed if name not in names]
    for name in strange:
        mistakes.add(
            path.name,
            f'has a column "{name}" that it can\'t have'
            f"{did_you_mean(name, columns)} (known: {', '.join(columns)})",
        )
    if missing:
        mistakes.add(path.name, f"lacks the column {', '.join(missing)}")
    if double:
        mistakes.add(path.name, f"has the column {', '.join(double)} twice")
    return not strange and not missing and not double
