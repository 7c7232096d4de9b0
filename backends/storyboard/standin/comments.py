"""Comments: written on any story that is there, seen or not; edited by their author; their list."""

from __future__ import annotations

from typing import Any

from tracker_migrate.backends.storyboard.standin import acl, events
from tracker_migrate.backends.storyboard.standin.body import Body, Dates
from tracker_migrate.backends.storyboard.standin.call import Call
from tracker_migrate.backends.storyboard.standin.errors import Barred, Fault, dangling, missing
from tracker_migrate.backends.storyboard.standin.events import comment_entry
from tracker_migrate.backends.storyboard.standin.paging import Query, fetch
from tracker_migrate.backends.storyboard.standin.store import Row

SORTABLE = ("id", "created_at", "updated_at", "content", "is_active", "in_reply_to")
#: the list is one of events: their order counts, whatever the comments' numbers (block-claim)
ORDER = {"id": "event_id", "created_at": "event_id"}
DATES = ("created_at", "updated_at")


def _row(call: Call, number: int) -> Row:
    row = call.store.get("comment", number)
    assert row is not None
    return row


def list_all(call: Call) -> list[dict[str, Any]]:
    """GET /stories/{id}/comments: empty for a story that is missing or not visible."""
    query = Query("comment", SORTABLE, columns=ORDER)
    query.visible("story_id = ?", call.numbers[0])
    query.visible(acl.visible("story_id"), call.user, call.user)
    return [comment_entry(row) for row in fetch(call, query)]


def _readable(call: Call) -> Row:
    number = call.numbers[1]
    comment = call.store.get("comment", number)
    story = None if comment is None else call.store.get("story", comment["story_id"])
    if comment is None or story is None or not acl.reads(call, story):
        raise missing("Comment", number)
    return comment


def get(call: Call) -> dict[str, Any]:
    """GET /stories/{id}/comments/{id}."""
    return comment_entry(_readable(call))


def history(call: Call) -> list[dict[str, Any]]:
    """GET .../history: the texts that were replaced, with the time of their end."""
    sql = "SELECT content, id, created_at, updated_at FROM history WHERE comment_id = ? ORDER BY id"
    return [dict(row) for row in call.store.all(sql, (_readable(call)["id"],))]


def post(call: Call) -> dict[str, Any]:
    """POST: answers with the event, not the comment. A reader of the story or not: it works."""
    story = call.numbers[0]
    number = _insert(call, story, Body("comment", call.body))
    if not call.store.has("story", story):
        call.store.take("event")  # rolled back, yet both numbers are spent (deletion-and-ids)
        raise missing("Story", story)
    event = events.write(call, "user_comment", None, story_id=story, comment_id=number)
    row = call.store.get("event", event)
    assert row is not None
    return {**events.entry(row, _row(call, number)), "created_at": call.moment}


def _insert(call: Call, story: int, body: Body) -> int:
    when = Dates("comment", body, DATES)
    values = {"content": body.text("content"), "in_reply_to": body.number("in_reply_to")}
    named = {"id": body.number("id")} if body.number("id") else {}
    when.check({**values, **named, "updated_at": None})
    number = call.store.free("comment", {**values, **named, "created_at": call.now})
    if (parent := body.number("in_reply_to")) and not call.store.has("comment", parent):
        raise dangling("Comment", "in_reply_to", "comments_ibfk_1")
    whose = {"story_id": story, "author_id": call.user, "created_at": call.stamp}
    whose["event_id"] = call.store.next_id("event")
    call.store.insert("comment", {**values, **whose, **when.kept(), "id": number})
    return number


def _editable(call: Call) -> None:
    if not call.settings.editable_comments:
        raise Barred(405, "Editing of comments is disabled by the server administrator.")


def put(call: Call) -> dict[str, Any]:
    """PUT: the author alone; the story in the path is not looked at, every PUT makes history."""
    _editable(call)
    comment = call.store.get("comment", call.numbers[1])
    if comment is None or comment["story_id"] is None:
        raise Fault(500, "list index out of range")
    if comment["author_id"] != call.user:
        raise Fault(403, "You are not allowed to update this comment.")
    body = Body("comment", call.body)
    when = Dates("comment", body, DATES)
    when.check(body.given)
    _remember(call, comment)
    values = {"updated_at": call.stamp, **_changed(body), **when.kept()}
    call.store.update("comment", comment["id"], values)
    return comment_entry(_row(call, comment["id"]))


def _changed(body: Body) -> dict[str, Any]:
    values: dict[str, Any] = {}
    if body.has("content"):
        values["content"] = body.text("content")
    if body.given.get("is_active") is not None:
        values["is_active"] = body.flag("is_active")
    return values


def _remember(call: Call, comment: Row) -> None:
    values = {"comment_id": comment["id"], "content": comment["content"]}
    number = call.store.take("history")
    call.store.insert("history", {**values, "created_at": call.stamp, "id": number})


def delete(call: Call) -> None:
    """DELETE is broken upstream: it goes for the task of that number (facts 7).

    No such task: 404 and nothing. Else the comment is hidden, and the task's dates are the
    comment's (deletion-and-ids).
    """
    _editable(call)
    number = call.numbers[1]
    if not call.store.has("task", number):
        raise missing("Task", number)
    comment = call.store.get("comment", number)
    if comment is None:
        raise missing("Comment", number)
    stamps = {name: comment[name] for name in DATES}
    call.store.update("task", number, stamps)
    call.store.update("comment", number, {"is_active": False, "updated_at": call.stamp})
