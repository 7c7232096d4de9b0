"""Text on a terminal: one line, and nothing in it that moves, colours, hides or turns around.

Names and titles come from servers that are not trusted. An escape sequence could repaint what was
printed before, set the clipboard or the window's title; a line break could forge a line of ours; a
change of direction shows an ending where there is none.
"""

from __future__ import annotations

import unicodedata

from tracker_migrate.text.characters import visible

#: characters of a piece of text that are shown; keys and reasons are far shorter
LONGEST = 4000
_PICTURES: dict[int, int | str] = {
    0x09: " ",
    0x0A: 0x240A,
    **dict.fromkeys((0x2028, 0x2029, 0x0085), 0x240A),
    # marks of direction, and what joins or parts letters without being seen
    **dict.fromkeys((0x061C, 0x200B, 0x200E, 0x200F, 0x2060, 0xFEFF, 0x00AD, 0x180E), 0xFFFD),
    **dict.fromkeys(range(0x202A, 0x202F), 0xFFFD),
    **dict.fromkeys(range(0x2066, 0x2070), 0xFFFD),
    **dict.fromkeys(range(0xFFF9, 0xFFFC), 0xFFFD),
    # a second alphabet that no terminal shows
    **dict.fromkeys(range(0xE0000, 0xE0080), 0xFFFD),
}


def printable(text: str, longest: int = LONGEST) -> str:
    """The text as one line that shows what it holds: ESC as U+241B, a line break as U+240A, what
    changes the direction as U+FFFD; cut where it is longer than any line of ours."""
    if text.isascii() and text.isprintable() and len(text) <= longest:
        return text
    line = visible(text[: longest + 1]).translate(_PICTURES)
    line = "".join(_thinned(line))
    return line if len(text) <= longest else line[:longest] + "…"


def _thinned(line: str) -> list[str]:
    """At most three marks on a letter: a pile of them paints over the lines above."""
    kept, marks = [], 0
    for one in line:
        marks = marks + 1 if unicodedata.combining(one) else 0
        if marks <= 3:
            kept.append(one)
    return kept
