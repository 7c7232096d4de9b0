"""A list of names that fits into a line."""

from __future__ import annotations

from collections.abc import Sequence

MANY = 6


def few(names: Sequence[str], most: int = MANY) -> str:
    """The first of them, and how many there are besides: `a, b and 12 more`."""
    told = ", ".join(names[:most])
    return told if len(names) <= most else f"{told} and {len(names) - most} more"
