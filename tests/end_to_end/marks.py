"""Words that occur once in the world, and who may read each: what a leak is known by."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator
from typing import Literal, NamedTuple

WORD = re.compile(rb"zq[0-9a-f]{10}", re.IGNORECASE)
#: `issue`: who may read the issue may read it. `source`: it stays at the source, and nobody at a
#: target may read it. `address`: kept in the archive, and hidden wherever it is written
Rule = Literal["issue", "source", "address"]


class Mark(NamedTuple):
    """One word. what: where it stands. issue: of which issue (a bug's number, a blueprint)."""

    word: str
    what: str
    issue: int | str
    rule: Rule


class Marks:
    """All words that were given out; the same ones for the same seed."""

    def __init__(self, seed: int = 0) -> None:
        self._seed = seed
        self._by_word: dict[str, Mark] = {}

    def new(self, what: str, issue: int | str = "", rule: Rule = "issue") -> str:
        """A word that occurs nowhere else."""
        number = f"{self._seed} {len(self._by_word)}"
        word = f"zq{hashlib.sha1(number.encode()).hexdigest()[:10]}"
        self._by_word[word] = Mark(word, what, issue, rule)
        return word

    def belongs(self, word: str, issue: int | str) -> None:
        """A word that was given out is of this issue."""
        self._by_word[word] = self._by_word[word]._replace(issue=issue)

    def __iter__(self) -> Iterator[Mark]:
        return iter(self._by_word.values())

    def __getitem__(self, word: str) -> Mark:
        return self._by_word[word]

    def of(self, *whats: str, issues: Iterable[int | str] | None = None) -> frozenset[str]:
        """The words of these kinds, of these issues (None: of all)."""
        wanted = None if issues is None else set(issues)
        return frozenset(
            mark.word
            for mark in self
            if (not whats or mark.what in whats) and (wanted is None or mark.issue in wanted)
        )

    def ruled(self, *rules: Rule) -> frozenset[str]:
        """The words of these rules."""
        return frozenset(mark.word for mark in self if mark.rule in rules)


def found_in(data: bytes | str) -> frozenset[str]:
    """The words that stand in a text, however it is written there."""
    raw = data.encode("utf-8", "replace") if isinstance(data, str) else data
    return frozenset(word.decode().lower() for word in WORD.findall(raw))
