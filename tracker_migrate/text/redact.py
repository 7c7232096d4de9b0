"""E-mail addresses that a tracker hides from the public stay hidden in what is written."""

from __future__ import annotations

import re

HIDDEN = "<email address hidden>"

# What Launchpad takes for an address, and no more: a reader that is logged in gets the real texts,
# one that is not gets them hidden already, and neither may lose a word that the public can read
# (recording wire/email-addresses.jsonl; `fÀ@Tnova.tests` in a log is none).
_LOCAL = r"\b[a-zA-Z0-9._/=\"'+-]{1,64}"
_DOMAIN = r"[a-zA-Z][a-zA-Z0-9-]{1,63}\.[a-zA-Z0-9.-]{1,251}\b"
_ADDRESS = re.compile(f"{_LOCAL}@{_DOMAIN}")


def hide_addresses(text: str) -> str:
    """The text with each e-mail-like part as `<email address hidden>`, as Launchpad does.

    Linear in the text: a local part is at most 64 characters long.
    """
    if "@" not in text:
        return text
    return _ADDRESS.sub(HIDDEN, text).replace(f"<{HIDDEN}>", HIDDEN)
