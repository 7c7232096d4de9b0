"""The timeline: what is written to it, and the lists of it, one story's and everybody's."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Any

from tracker_migrate.backends.storyboard.standin import acl
from tracker_migrate.backends.storyboard.standin.call import Call
from tracker_migrate.backends.storyboard.standin.errors import Fault, missing
from tracker_migrate.backends.storyboard.standin.paging import Query, any_of, fetch
from tracker_migrate.backends.storyboard.standin.store import Row

TYPES = [
    "story_created",
    "story_details_changed",
    "user_comment",
    "tags_added",
    "tags_deleted",
    "task_created",
    "task_assignee_changed",
    "task_details_changed",
    "task_status_changed",
    "task_priority_changed",
    "task_deleted",
    "worklist_created",
    "worklist_details_changed",
    "worklist_permission_created",
    "worklist_permissions_changed",
    "worklist_filters_changed",
    "worklist_contents_changed",
    "board_created",
    "board_details_changed",
    "board_permission_created",
    "board_permissions_changed",
    "board_lanes_changed",
]
SORTABLE = (
    "id created_at updated_at event_type event_info story_id worklist_id board_id author_id "
    "comment_id"
)


def write(call: Call, kind: str, info: dict[str, Any] | None, **whose: int | None) -> int:
    """A new row of the timeline; it moves the story's `updated_at` (facts 12). Returns its id."""
    store = call.store
    values = {
        "id": store.take("event"),
        "event_type": kind,
        "event_info": None if info is None else json.dumps(info),
        "author_id": call.user,
        "created_at": call.stamp,
        **whose,
    }
    number = store.insert("event", values)
    if whose.get("story_id") is not None:
        touch = "UPDATE story SET updated_at = ? WHERE id = ?"
        store.run(touch, (call.stamp, whose["story_id"]))
    return number


def comment_entry(row: Row) -> dict[str, Any]:
    """A comment as the API shows it: no author (facts 1)."""
    return {
        "content": row["content"],
        "is_active": bool(row["is_active"]),
        "in_reply_to": row["in_reply_to"],
        "id": row["id"],
        "created_at": row["created_at"],
        "updated_at": row["updated_at"],
    }


def entry(row: Row, comment: Row | None) -> dict[str, Any]:
    """An event as the API shows it, with its comment if it is one."""
    names = ("event_type", "event_info", "story_id", "worklist_id", "board_id", "author_id")
    shown: dict[str, Any] = {name: row[name] for name in (*names, "comment_id")}
    if comment is not None:
        shown["comment"] = comment_entry(comment)
    stamps = {name: row[name] for name in ("id", "created_at", "updated_at")}
    return {**shown, **stamps}


def entries(call: Call, rows: Sequence[Row]) -> list[dict[str, Any]]:
    """Events with their comments."""
    wanted = [row["comment_id"] for row in rows if row["comment_id"] is not None]
    sql = "SELECT * FROM comment WHERE id IN ({numbers})"
    comments = {row["id"]: row for row in call.store.among(sql, wanted)}
    return [entry(row, comments.get(row["comment_id"])) for row in rows]


def _query(call: Call, kinds: Iterable[str]) -> Query:
    unseen = acl.visible("story_id")
    query = Query("event", tuple(SORTABLE.split()))
    query.visible(f"(story_id IS NULL OR {unseen})", call.user, call.user)
    for kind in ("story", "task"):
        query.visible(f"NOT ({_unseen_item(kind)})", call.user, call.user)
    wanted = list(kinds)
    if any(kind not in TYPES for kind in wanted):
        known = ", ".join(TYPES)
        text = "Invalid event_type requested. Event type must be one of the following: "
        raise Fault(400, text + known)
    if wanted:
        condition, parameters = any_of("event_type", wanted)
        query.only(condition, *parameters)
    return query


def _unseen_item(kind: str) -> str:
    """The condition that a row is about a worklist's item that a reader does not see; takes the
    reader twice."""
    return (
        f"event_type = 'worklist_contents_changed' AND {_about('type')} = '{kind}'"
        f" AND {_about('id')} NOT IN ({acl.seen(kind)})"
    )


def _about(what: str) -> str:
    """What a change of a worklist was about: moved, taken off or put on."""
    found = ("updated.old", "removed", "added")
    parts = (f"json_extract(event_info, '$.{one}.item_{what}')" for one in found)
    return f"coalesce({', '.join(parts)})"


def list_all(call: Call) -> list[dict[str, Any]]:
    """GET /events: it knows no marker, and takes an offset even without a limit (facts 13)."""
    query = _query(call, call.args.get("event_type", ()))
    query.equal(call, "story_id", "worklist_id", "board_id")
    return entries(call, fetch(call, query, slices=False))


def list_of_story(call: Call) -> list[dict[str, Any]]:
    """GET /stories/{id}/events: another story's event is no marker here."""
    query = _query(call, call.args.get("event_type", ()))
    query.visible("story_id = ?", call.numbers[0])
    return entries(call, fetch(call, query))


def get(call: Call) -> dict[str, Any]:
    """GET /events/{id}."""
    number = call.numbers[-1]
    row = call.store.get("event", number)
    if row is None:
        raise missing("Event", number)
    if row["story_id"] is not None:
        acl.story_for(call, row["story_id"])
    for kind in ("story", "task"):
        hidden = f"SELECT 1 FROM event WHERE id = ? AND {_unseen_item(kind)}"
        if call.store.one(hidden, (number, call.user, call.user)) is not None:
            raise missing("Event", number)
    return entries(call, [row])[0]
