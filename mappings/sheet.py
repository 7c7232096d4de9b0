"""Adding rows to a table that people edit: not a letter of theirs changes, nor the order.

A row is *added*, or *offered*: an offer is a line that begins with `#?`, and so a comment; whoever
takes the `#?` away makes it a row. An offer that nobody touched gives its place to a row about the
same thing.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

OFFER = "#?"
#: how an offer's note ends that nobody touched: with how often its name occurs
_COUNTED = re.compile(r"\d+ (?:issues?|tasks?)(?:, \d+ comments?)?(?:: .*)?")


class Sheet:
    """The text of a CSV table, and its lines. columns: of a header that has to be written first."""

    def __init__(self, text: str, columns: Sequence[str]) -> None:
        self._lines = text.removeprefix("\ufeff").splitlines(keepends=True)
        self._mark = text[:1] if text.startswith("\ufeff") else ""
        if self._lines and not self._lines[-1].endswith(("\n", "\r")):
            self._lines[-1] += "\n"
        self.header = self._first() or list(columns)
        if not self._first():
            self._lines.append(_line(columns))

    def _first(self) -> list[str]:
        for line in self._lines:
            if line.strip() and not line.lstrip().startswith("#"):
                return [name.strip() for name in _cells(line)]
        return []

    @property
    def text(self) -> str:
        """The whole table."""
        return self._mark + "".join(self._lines)

    def told(self, *columns: str) -> set[tuple[str, ...]]:
        """What rows and offers have under these columns: what they are about."""
        return {
            tuple(row.get(name, "") for name in columns)
            for line in self._lines
            for row in [self._row(line)]
            if row
        }

    def offer(self, row: Mapping[str, str]) -> None:
        """Offer a row, below all others."""
        self._lines.append(f"{OFFER} {self._written(row)}")

    def add(self, row: Mapping[str, str], about: Sequence[str]) -> None:
        """Add a row: in place of an untouched offer that has the same under `about`, else below
        all others."""
        for place, line in enumerate(self._lines):
            if line.startswith(OFFER) and self._is_offer_of(row, line, about):
                self._lines[place] = self._written(row)
                return
        self._lines.append(self._written(row))

    def _is_offer_of(self, row: Mapping[str, str], line: str, about: Sequence[str]) -> bool:
        offered = self._row(line)
        untouched = _COUNTED.fullmatch(offered.get("note", "")) is not None
        return untouched and all(offered.get(name, "") == row.get(name, "") for name in about)

    def _written(self, row: Mapping[str, str]) -> str:
        return _line([row.get(name, "") for name in self.header])

    def _row(self, line: str) -> dict[str, str]:
        """A line's cells by column; empty for a comment, for the header, and for what is none."""
        bare = line.removeprefix(OFFER).strip()
        if not bare or bare.startswith("#"):
            return {}
        cells = [one.strip() for one in _cells(bare)]
        if cells == self.header or len(cells) > len(self.header):
            return {}
        return dict(zip(self.header, cells, strict=False))


def read(path: Path, columns: Sequence[str]) -> Sheet:
    """The table of a file, which need not exist."""
    if not path.exists():
        return Sheet("", columns)
    with path.open(encoding="utf-8", newline="") as file:
        return Sheet(file.read(), columns)


def save(path: Path, text: str) -> None:
    """Write a table in one go: whoever reads meanwhile has the old one, or the new one."""
    fresh = path.with_name(f".{path.name}.new")
    with fresh.open("w", encoding="utf-8", newline="") as file:
        file.write(text)
    fresh.replace(path)


def _cells(line: str) -> list[str]:
    try:
        return next(csv.reader([line.strip()], strict=True), [])
    except csv.Error:
        return []


def _line(cells: Iterable[str]) -> str:
    """One line. What looks like an address stays out of a table, and a cell is never two lines. A
    row whose first cell begins with # is quoted, else it would be a comment."""
    plain = [" ".join(cell.replace("@", " at ").split()) for cell in cells]
    line = io.StringIO()
    writer = csv.writer(line, lineterminator="\n")
    if plain and plain[0].startswith("#"):
        writer = csv.writer(line, lineterminator="\n", quoting=csv.QUOTE_ALL)
    writer.writerow(plain)
    return line.getvalue()
