"""The tasks of a target by series, milestone and status, as `verify` counted them at both ends."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

#: rows that a screen shows; all of them are in --json, and in state/reports
MANY = 30
_NAMES = ("project", "series", "milestone", "status")
_WIDEST = 40


def lines(counted: Any, many: int = MANY) -> Iterator[str]:
    """A table; what differs stands first, and is told by a word. Nothing, if nothing was
    counted."""
    if not counted.rows:
        return
    off = [row for row in counted.rows if row.source != row.target]
    shown = sorted([*off, *(row for row in counted.rows if row not in off)][:many], key=_place)
    cells = [[_cut(getattr(row, name) or "-") for name in _NAMES] for row in shown]
    wide = [max(map(len, column)) for column in zip(_NAMES, *cells, strict=True)]
    yield _line(_NAMES, wide, "source", "target")
    for row, each in zip(shown, cells, strict=True):
        told = "" if row.source == row.target else "  DIFFERS"
        yield f"{_line(each, wide, row.source, row.target)}{told}"
    left = len(counted.rows) - len(shown)
    if left:
        yield f"    … and {left} more rows, told by --json"
    yield _told(counted)


def _told(counted: Any) -> str:
    if counted.differ:
        return (
            f"    tasks: {counted.source} at the source, {counted.target} here; {counted.differ} "
            "stand here otherwise than they should"
        )
    return f"    tasks: {counted.source} at the source, and as many here, row by row"


def _place(row: Any) -> tuple[bool, str, str, str, str]:
    return (row.source == row.target, row.project, row.series, row.milestone, row.status)


def _cut(name: str) -> str:
    return name if len(name) <= _WIDEST else f"{name[: _WIDEST - 1]}…"


def _line(cells: Sequence[str], wide: Sequence[int], source: Any, target: Any) -> str:
    held = "  ".join(cell.ljust(width) for cell, width in zip(cells, wide, strict=True))
    return f"    {held}  {source:>7}  {target:>7}"
