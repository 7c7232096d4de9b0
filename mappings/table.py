"""Reading the tables, with every mistake collected and named by file and line."""

from __future__ import annotations

import csv
import tomllib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from tracker_migrate.checked import did_you_mean
from tracker_migrate.errors import UsageError

__all__ = ["Mistakes", "did_you_mean", "rows", "toml"]


class Mistakes:
    """Collects what is wrong in settings and tables, so that all of it is said at once."""

    def __init__(self) -> None:
        self.found: list[str] = []

    def add(self, place: str, what: str) -> None:
        """Note one mistake. place: file and path or line; what: the cause and the cure."""
        self.found.append(f"{place}: {what}")

    def stop_if_any(self) -> None:
        """Raise UsageError with all of them, one a line."""
        if self.found:
            raise UsageError("\n".join(self.found))


def toml(path: Path, mistakes: Mistakes) -> dict[str, Any]:
    """A TOML file as a dictionary; empty if it does not exist or can't be read as TOML."""
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
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

    columns: all that may stand in the header. needed: those that must, and may not be empty. A line
    that begins with # is a comment.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        return
    except (OSError, UnicodeDecodeError) as error:
        mistakes.add(path.name, f"can't be read as UTF-8 text: {error}")
        return
    lines = [(n, line) for n, line in enumerate(text.splitlines(), 1) if _counts(line)]
    if not lines or not _header_is_right(path, lines[0][1], columns, needed, mistakes):
        return
    header = [name.strip() for name in next(csv.reader([lines[0][1]]))]
    for number, line in lines[1:]:
        place, cells = f"{path.name}:{number}", next(csv.reader([line]))
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


def _counts(line: str) -> bool:
    return bool(line.strip()) and not line.lstrip().startswith("#")


def _header_is_right(
    path: Path, line: str, columns: Sequence[str], needed: Sequence[str], mistakes: Mistakes
) -> bool:
    names = [name.strip() for name in next(csv.reader([line]))]
    strange = [name for name in names if name not in columns]
    missing = [name for name in needed if name not in names]
    for name in strange:
        mistakes.add(
            path.name,
            f'has a column "{name}" that it can\'t have'
            f"{did_you_mean(name, columns)} (known: {', '.join(columns)})",
        )
    if missing:
        mistakes.add(path.name, f"lacks the column {', '.join(missing)}")
    return not strange and not missing
