"""Characters that a target can't take, made visible.

Maniphest marks stored pieces of a text with U+0001, so a stray one breaks its page; PostgreSQL
takes no NUL; MySQL and JSON take no lone surrogate; a browser shows no control character. What
stood there stays readable as its Unicode control picture (ESC becomes U+241B, NUL U+2400).
"""

from __future__ import annotations

import re

#: C0 controls but TAB and LF → control pictures; the others that nobody can show → U+FFFD
_PICTURES: dict[int, int | str] = {
    **{code: 0x2400 + code for code in range(0x20) if code not in (0x09, 0x0A)},
    0x7F: 0x2421,
    **dict.fromkeys(range(0x80, 0xA0), 0xFFFD),
    **dict.fromkeys(range(0xD800, 0xE000), 0xFFFD),
    **dict.fromkeys(range(0xFDD0, 0xFDF0), 0xFFFD),
    0xFFFE: 0xFFFD,
    0xFFFF: 0xFFFD,
}
#: all of them: to look for one takes less than to change them
_ODD = re.compile(f"[{re.escape(''.join(map(chr, _PICTURES)))}]")
#: what a usual text in ASCII is made of
_USUAL = bytes([0x09, 0x0A, *range(0x20, 0x7F)])


def visible(text: str) -> str:
    """The text with LF line ends, TAB kept, and each other control character as a visible one."""
    if text.isprintable():  # most lines; and it tells so in no time
        return text
    if text.isascii() and not text.encode().translate(None, _USUAL):
        return text
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    return text.translate(_PICTURES) if _ODD.search(text) else text
