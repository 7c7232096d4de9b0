"""What a row of StoryBoard's timeline tells of."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tracker_migrate.bounded import Excess, measured
from tracker_migrate.replies import decode

#: how the timeline calls it that an object of a kind is new
TYPES = {"story": "story_created", "task": "task_created", "comment": "user_comment"}


def info(row: Mapping[str, Any]) -> Mapping[str, Any]:
    """What it says besides, in JSON inside of a text of JSON; nothing if that can't be read."""
    given = row.get("event_info")
    try:
        held = decode(measured(given.encode()))[0] if isinstance(given, str) else given
    except (Excess, ValueError):
        return {}
    return held if isinstance(held, dict) else {}


def made(row: Mapping[str, Any], kind: str) -> int:
    """The number of the new object of a kind that it tells of; 0 if it does not say."""
    number = info(row).get("task_id") if kind == "task" else row.get(f"{kind}_id")
    return int(number) if isinstance(number, int) else 0
