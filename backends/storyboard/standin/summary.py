"""A story as the API shows it: its own fields, and the status that follows from its tasks."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from tracker_migrate.backends.storyboard.standin import acl
from tracker_migrate.backends.storyboard.standin.call import Call
from tracker_migrate.backends.storyboard.standin.people import people, team
from tracker_migrate.backends.storyboard.standin.store import Row, Store

STATUSES = ("todo", "merged", "invalid", "review", "inprogress")  # in the order of a story's counts
OPEN = frozenset({"todo", "inprogress", "review"})

Counts = dict[int, dict[str, int]]


def bare(row: Row, status: Mapping[str, Any] | None = None, **more: Any) -> dict[str, Any]:
    """What the table holds: the answer to a POST, and a story inside another object.

    What GET shows besides stands where the server puts it: `status` before the privacy, `more`
    after it. In JSON that is all one, in XML it shows.
    """
    return {
        "title": row["title"],
        "description": row["description"],
        "is_bug": bool(row["is_bug"]),
        "creator_id": row["creator_id"],
        "story_type_id": row["story_type_id"],
        **(status or {}),
        "private": bool(row["private"]),
        **more,
        "id": row["id"],
        "created_at": row["created_at"],
        "updated_at": row["updated_at"],
    }


def counts(store: Store, numbers: Sequence[int]) -> Counts:
    """How many tasks each story has in each status; stories without a task are not in it."""
    sql = (
        "SELECT story_id, status, count(*) AS tasks FROM task WHERE story_id IN ({numbers}) "
        "GROUP BY story_id, status"
    )
    found: Counts = defaultdict(dict)
    for row in store.among(sql, numbers):
        found[row["story_id"]][row["status"]] = row["tasks"]
    return dict(found)


def status(tasks: dict[str, int] | None) -> str:
    """Derived, never stored; a story without a task is invalid (facts 3)."""
    if not tasks:
        return "invalid"
    if OPEN & tasks.keys():
        return "active"
    return "merged" if "merged" in tasks else "invalid"


def task_statuses(tasks: dict[str, int] | None) -> list[dict[str, Any]]:
    """The counts by status: null, not 0, for a story without a task."""
    return [
        {"key": key, "count": tasks.get(key, 0) if tasks is not None else None} for key in STATUSES
    ]


def tags(store: Store, numbers: Sequence[int]) -> dict[int, list[str | None]]:
    """The tags of stories, in the order in which they were put on."""
    sql = (
        "SELECT story_id, name FROM story_tag JOIN tag ON tag.id = tag_id "
        "WHERE story_id IN ({numbers}) GROUP BY story_id, tag_id ORDER BY min(place)"
    )
    found: dict[int, list[str | None]] = defaultdict(list)
    for row in store.among(sql, numbers):
        found[row["story_id"]].append(row["name"])
    return found


def _readers(store: Store, number: int) -> dict[str, list[dict[str, Any]]]:
    permission = acl.permission_of(store, number)
    if permission is None:
        return {"users": [], "teams": []}
    teams = acl.readers(store, "team", permission)
    rows = store.among("SELECT * FROM team WHERE id IN ({numbers})", teams)
    return {
        "users": people(store, acl.readers(store, "user", permission)),
        "teams": [team(row) for row in rows],
    }


def stories(call: Call, rows: Sequence[Row]) -> list[dict[str, Any]]:
    """Stories as GET shows them, with their readers, public or not."""
    numbers = [row["id"] for row in rows]
    found, named = counts(call.store, numbers), tags(call.store, numbers)
    return [
        bare(
            row,
            {
                "status": status(found.get(row["id"])),
                "task_statuses": task_statuses(found.get(row["id"])),
                "tags": named.get(row["id"], []),
            },
            **_readers(call.store, row["id"]),
        )
        for row in rows
    ]


def tagged(call: Call, row: Row) -> dict[str, Any]:
    """A story as the answer to a PUT of tags shows it: no readers, no counts."""
    number = row["id"]
    found = counts(call.store, [number])
    derived = {"status": status(found.get(number)), "task_statuses": None}
    return bare(row, {**derived, "tags": tags(call.store, [number]).get(number, [])})
