"""E-mail addresses that a tracker hides from the public stay hidden in what is written."""

from __future__ import annotations

import re
from typing import Any

import msgspec

from tracker_migrate.model import PARTS, File, Issue

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
    # none goes over the end of a line, and most lines of a log have no sign of one
    lines = text.split("\n")
    return "\n".join(_hidden_in(line) if "@" in line else line for line in lines)


def _hidden_in(line: str) -> str:
    return _ADDRESS.sub(HIDDEN, line).replace(f"<{HIDDEN}>", HIDDEN)


# what is no text of people's: keys (`launchpad:task:1@bzr.dev`) and addresses of the source's own
_NO_TEXT = frozenset({"key", "home", "to", "target", "project", "series", "assignee", "milestone",
                      "author", "person", "by", "data", "name", "kind", "access"})  # fmt: skip
_KEY = re.compile(r"[a-z]+:[a-z_]+:\S+")


def hide_in(issue: Issue) -> Issue:
    """The issue as the public would read it: no address in any text of it, or of its parts.

    A reader who is logged in gets every title, comment, attachment's title, value of the history …
    with the addresses in it (recording wire/email-addresses.jsonl). Without one it comes back as
    it is.
    """
    changed = _hidden_fields(issue, _NO_TEXT | PARTS.keys())
    for name in PARTS:
        held = getattr(issue, name)
        parts = tuple(_hidden_part(part) for part in held)
        if any(new is not old for new, old in zip(parts, held, strict=True)):
            changed[name] = parts
    return msgspec.structs.replace(issue, **changed) if changed else issue


def _hidden_part(part: Any) -> Any:
    changed = _hidden_fields(part, _NO_TEXT)
    return msgspec.structs.replace(part, **changed) if changed else part


def _hidden_fields(of: msgspec.Struct, skip: frozenset[str]) -> dict[str, Any]:
    changed = {}
    for name in of.__struct_fields__:
        held = getattr(of, name)
        if held and name not in skip and (hidden := _hidden(held)) != held:
            changed[name] = hidden
    return changed


def _hidden(value: Any) -> Any:
    match value:
        case str():
            return value if "@" not in value or _KEY.fullmatch(value) else hide_addresses(value)
        case list() | tuple():
            return type(value)(_hidden(one) for one in value)
        case dict():
            return {name: _hidden(one) for name, one in value.items()}
        case File():
            return _hidden_part(value)
    return value
