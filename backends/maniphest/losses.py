"""What becomes of every field at Maniphest: native, text, or lost with the reason."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from tracker_migrate.text.details import SAID_BY_ORIGIN

Outcome = Literal["native", "text", "lost"]

_ISSUE: dict[str, tuple[Outcome, str]] = {
    "title": ("native", ""),
    "description": ("native", ""),
    "private": ("native", ""),
    "access": ("native", ""),
}

#: fields that are not simply kept as text. A field that stands nowhere here is `text`. What is
#: native for one object only (a milestone that fits, an owner who has an account) is told by
#: `balance.losses`; this table then says what becomes of the others
LOSSES: Mapping[str, tuple[Outcome, str]] = {
    **{f"bug.{name}": value for name, value in _ISSUE.items()},
    **{f"blueprint.{name}": value for name, value in _ISSUE.items()},
    "task.status": ("native", ""),
    "task.importance": ("native", ""),
    "task.complete": ("native", ""),
    "comment.text": ("native", ""),
    "attachment.file": ("native", ""),
}

#: native, and yet written in the text too: the source's own word stays readable in every case
ALSO_READABLE = frozenset({"task.status", "task.importance"})


def readable(entity: str, field: str) -> Outcome:
    """What `text.details` asks: the fields whose outcome is `text` are written, and those whose
    word at the source says more than ours; what the line of origin says is not said again."""
    name = f"{entity}.{field}"
    if (entity, field) in SAID_BY_ORIGIN:
        return "native"
    return "text" if name in ALSO_READABLE else LOSSES.get(name, ("text", ""))[0]
