"""E-mail addresses that a tracker hides from the public stay hidden in what is written."""

from __future__ import annotations

import re

HIDDEN = "<email address hidden>"

#: what can't be in the local part of an address: where it begins
_NOT_LOCAL = re.compile(r"[^\w.!#$%&'*+/=?^{|}~\"-]")
_DOMAIN = re.compile(r"[A-Za-z][A-Za-z0-9-]{0,63}(?:\.[A-Za-z0-9-]{1,63})+")


def hide_addresses(text: str) -> str:
    """The text with each e-mail-like part as `<email address hidden>`, as Launchpad does.

    Linear: each stretch between two `@` is looked at once.
    """
    if "@" not in text:
        return text
    pieces: list[str] = []
    done = 0
    at = text.find("@")
    while at >= 0:
        start = _local_start(text, done, at)
        domain = _DOMAIN.match(text, at + 1)
        if start < at and domain:
            pieces += [text[done:start], HIDDEN]
            done = domain.end()
        at = text.find("@", max(at + 1, done))
    shown = "".join([*pieces, text[done:]])
    return shown.replace(f"<{HIDDEN}>", HIDDEN)


def _local_start(text: str, low: int, at: int) -> int:
    start = at
    while start > low and text[start - 1] != "@" and not _NOT_LOCAL.match(text[start - 1]):
        start -= 1
    return start
