"""Web addresses in plain text: where they begin and end, and what a link may point to.

The host is taken strictly: Maniphest makes no link of `http://x.org)T1`, and then what is in it is
live. So is a password: `http://me:secret@x.org` stays text.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache

_HEAD = r"(?:https?|ftp)://(?![^\s/?#]{0,200}@)[A-Za-z0-9][A-Za-z0-9._-]{0,253}(?::\d{1,5}(?![A-Za-z0-9]))?"
_URL = re.compile(
    rf"(?<![A-Za-z0-9]){_HEAD}(?:[/?#][^\s<>\"`{{}}|\\^\x00-\x20\x7f\u200b]*)?", re.IGNORECASE
)
_LINKABLE = re.compile(rf"{_HEAD}(?:[/?#]|\Z)", re.IGNORECASE)
_CLOSING = {")": "(", "]": "["}


def find(text: str) -> Iterator[tuple[int, int]]:
    """Where web addresses stand in a text, as (start, end), without the punctuation behind them.

    A closing bracket belongs to the address only if an opening one does. Linear in the text.
    """
    if "://" not in text:  # most lines: the search takes longer
        return
    for match in _URL.finditer(text):
        end = match.start() + len(_trimmed(match.group()))
        if linkable(text[match.start() : end]):
            yield match.start(), end


def _trimmed(address: str) -> str:
    over = {close: address.count(close) - address.count(_CLOSING[close]) for close in _CLOSING}
    end = len(address)
    while end:
        last = address[end - 1]
        if over.get(last, 0) > 0:
            over[last] -= 1
        elif last not in ".,;:!?'*_~":
            break
        end -= 1
    return address[:end]


def linkable(address: str) -> bool:
    """Whether a link may point there: a web address, not `javascript:` or a bare word."""
    return bool(_LINKABLE.match(address))


def encoded(address: str, unsafe: str) -> str:
    """The address with blanks, controls, and the characters of `unsafe` percent-encoded."""
    return _unsafe(unsafe).sub(_percent, address)


@cache
def _unsafe(characters: str) -> re.Pattern[str]:
    return re.compile(rf"[{re.escape(characters)}\x00-\x20\x7f\s]")


def _percent(one: re.Match[str]) -> str:
    return "".join(f"%{byte:02X}" for byte in one[0].encode("utf-8", "replace"))
