"""How MariaDB compares text here: case, accents and blanks at the end do not count.

The column's collation is utf8mb4_general_ci (scenario tag-rules: "e" is "é", any emoji is any
other, "straße" is not "strasse" because one letter is folded to one letter).
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

OUTSIDE = "\ufffd"  # what every character beyond the basic plane weighs


@lru_cache(maxsize=8192)
def _weight(char: str) -> str:
    if ord(char) > 0xFFFF:
        return OUTSIDE
    if char == "ß":
        return "S"
    base = unicodedata.normalize("NFD", char)[0] if ord(char) < 0x2000 else char
    upper = base.upper()
    return upper if len(upper) == 1 else base


def weights(text: str) -> str:
    """The text as it is compared, one letter for each of its characters."""
    return text.upper() if text.isascii() else "".join(map(_weight, text))


def fold(text: str | None) -> str | None:
    """What two texts have in common when a unique key takes them for the same."""
    return None if text is None else weights(text).rstrip(" ")


@lru_cache(maxsize=256)
def _pattern(pattern: str) -> re.Pattern[str]:
    found = re.findall(r"\\.|.", weights(pattern), re.DOTALL)
    wild = {"%": ".*", "_": "."}
    return re.compile("".join(wild.get(one) or re.escape(one[-1]) for one in found), re.DOTALL)


def like(pattern: str, text: str | None) -> bool:
    """SQL's LIKE with this collation: `%` and `_` are wild, a backslash takes that away."""
    return text is not None and _pattern(pattern).fullmatch(weights(text)) is not None


def begins(term: str, text: str) -> bool:
    """Whether a word of a text begins with a term, whose weights are given."""
    return re.search(r"\b" + re.escape(term), weights(text)) is not None
