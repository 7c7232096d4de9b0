"""Two texts side by side, line by line: what is alike on both sides is folded but for its edges."""

from __future__ import annotations

from collections.abc import Iterator
from difflib import SequenceMatcher

import msgspec

#: lines that are shown around what differs
_EDGE = 3


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """A row of both sides; None where a side has nothing. differs: whether they are not alike.
    folded: so many lines, alike on both sides, are left out here."""

    left: str | None = None
    right: str | None = None
    differs: bool = False
    folded: int = 0


def sides(left: str, right: str) -> list[Line]:
    """The rows of two texts."""
    ours, theirs = left.split("\n"), right.split("\n")
    found: list[Line] = []
    for op, start, end, begin, stop in SequenceMatcher(
        None, ours, theirs, autojunk=False
    ).get_opcodes():
        if op == "equal":
            same = ours[start:end]
            found += _folded(same, first=start == 0, last=end == len(ours))
        else:
            found += _beside(ours[start:end], theirs[begin:stop])
    return found


def _beside(left: list[str], right: list[str]) -> Iterator[Line]:
    for place in range(max(len(left), len(right))):
        yield Line(
            left=left[place] if place < len(left) else None,
            right=right[place] if place < len(right) else None,
            differs=True,
        )


def _folded(same: list[str], *, first: bool, last: bool) -> Iterator[Line]:
    """Lines that are alike: those at the edges of what differs, and how many there are between."""
    head = 0 if first else _EDGE
    tail = 0 if last else _EDGE
    if len(same) <= head + tail + 1:
        yield from (Line(left=one, right=one) for one in same)
        return
    yield from (Line(left=one, right=one) for one in same[:head])
    yield Line(folded=len(same) - head - tail)
    yield from (Line(left=one, right=one) for one in same[len(same) - tail :])
