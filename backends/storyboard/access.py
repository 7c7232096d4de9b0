"""Who may read a story: the planner's fields for an audience, and what makes them refused. Pure.

The importing account is never named here: the wire puts it in first, for who is not in the list
loses access at once (facts 4).
"""

from __future__ import annotations

from typing import Any

from tracker_migrate.interfaces import Audience

#: the fields of a story that say who may read it
FIELDS = ("private", "users", "teams")


def story(audience: Audience) -> dict[str, Any]:
    """The fields of a story that say who may read it. `CLOSED` names nobody, and so takes every
    reader off the list that StoryBoard keeps while a story is public (facts 4)."""
    return {
        "private": audience.name != "public",
        "users": sorted(set(audience.users), key=int),
        "teams": sorted(set(audience.groups), key=int),
    }


def refusal(audience: Audience) -> str | None:
    """Why nobody may write for this audience, or None. An id is a number at StoryBoard."""
    if audience.refused:
        return audience.refused
    for one in (*audience.users, *audience.groups):
        if not (one.isascii() and one.isdigit()):
            return f"policy {audience.name!r}: {one!r} is no id of a StoryBoard user or team"
    return None
