"""Web addresses in plain text: where they begin and end, and what a link may point to."""

from __future__ import annotations

import re
from collections.abc import Iterator

_URL = re.compile(r"(?<![A-Za-z0-9])(?:https?|ftp)://[^\s<>\"`{}|\\^\x00-\x20\x7f]+", re.IGNORECASE)
_SCHEME = re.compile(r"(?:https?|ftp)://[^\s/]", re.IGNORECASE)
_CLOSING = {")": "(", "]": "["}


def find(text: str) -> Iterator[tuple[int, int]]:
    """Where web addresses stand in a text, as (start, end), without the punctuation behind them.

    A closing bracket belongs to the address only if an opening one does. Linear in the text.
    """
    for match in _URL.finditer(text):
        end = match.start() + len(_trimmed(match.group()))
        if _SCHEME.match(text, match.start(), end):
            yield match.start(), end


def _trimmed(address: str) -> str:
    depth = {")": address.count("(") - address.count(")")}
    depth["]"] = address.count("[") - address.count("]")
    end = len(address)
    while end:
        last = address[end - 1]
        if last in _CLOSING and depth[last] < 0:
            depth[last] += 1
        elif last not in ".,;:!?'*_~":
            break
        end -= 1
    return address[:end]


def linkable(address: str) -> bool:
    """Whether a link may point there: a web address, not `javascript:` or a bare word."""
    return bool(_SCHEME.match(address))


def encoded(address: str, unsafe: str) -> str:
    """The address with blanks, controls, and the characters of `unsafe` percent-encoded."""
    return "".join(
        "".join(f"%{byte:02X}" for byte in one.encode("utf-8", "replace"))
        if one <= " " or one == "\x7f" or one.isspace() or one in unsafe
        else one
        for one in address
    )
