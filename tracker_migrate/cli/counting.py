"""So many of something, and which: the first of them, for a screen."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

#: so many are named; all of them are in --json
MANY = 40


def some(lines: Sequence[str], meaning: str) -> Iterator[str]:
    """How many, what it means, and the first of them; nothing if there are none."""
    if not lines:
        return
    yield f"{len(lines):>10} {meaning}"
    yield from (f"{'':>13}{line}" for line in lines[:MANY])
    if len(lines) > MANY:
        yield f"{'':>13}… and {len(lines) - MANY} more: --json names all"


def reasons(why: Mapping[str, str], meaning: str) -> Iterator[str]:
    """The same of keys with a reason each."""
    yield from some([f"{key}: {reason}" for key, reason in sorted(why.items())], meaning)
