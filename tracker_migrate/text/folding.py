"""Comparing texts by their words, as a reader does."""

from __future__ import annotations


def same_words(one: str, other: str) -> bool:
    """Whether two texts differ in nothing but white space (a no-break space counts as such)."""
    return one.split() == other.split()
