"""What stands at a target twice, in words, and what a person may do about each."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

_MANY = 20
_SAID = {
    "settled": "closed, for the importer alone; an administrator may remove it",
    "found": "not settled yet: the next apply closes it",
}


def document(doubles: Sequence[Any], tell: Callable[[str], str] = str) -> list[dict[str, str]]:
    """As JSON values. tell: makes of a text what others may read."""
    return [
        {
            "issue": tell(one.issue),
            "key": tell(one.key),
            "kind": one.kind,
            "number": one.at.number or one.at.id,
            "url": one.at.url,
            "beside": one.beside,
            "state": one.state,
            "said": said(one.state, tell(one.reason)),
        }
        for one in doubles
    ]


def said(state: str, reason: str) -> str:
    """What is done about one, or has to be."""
    return _SAID.get(state) or (f"not closed: {reason}" if state == "failed" else reason)


def lines(doubles: Sequence[dict[str, str]]) -> Iterator[str]:
    """A line each, up to a screenful."""
    for one in doubles[:_MANY]:
        where = one["url"] or one["number"]
        yield f"  doubled {one['kind']} {where} of {one['key']}: {one['said']}"
    if len(doubles) > _MANY:
        yield f"  … and {len(doubles) - _MANY} more: --json names all"
