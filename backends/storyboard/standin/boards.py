"""Boards, which lay worklists side by side, and due dates, which stories and tasks share."""

from __future__ import annotations

from typing import Any

from tracker_migrate.backends.storyboard.standin import acl, sqltext, summary, tasks, worklists
from tracker_migrate.backends.storyboard.standin import dates as days
from tracker_migrate.backends.storyboard.standin.body import Body
from tracker_migrate.backends.storyboard.standin.call import Call
from tracker_migrate.backends.storyboard.standin.errors import Fault, missing
from tracker_migrate.backends.storyboard.standin.paging import Query, fetch
from tracker_migrate.backends.storyboard.standin.store import Row

FLAGS = ("private", "archived")
NO_FLUSH = "Can't flush None value found in collection DueDate."
COLUMNS = ("id", "created_at", "updated_at", "title", "description", "creator_id", "project_id")


def _row(call: Call, number: int) -> Row:
    row = call.store.get("board", number)
    if row is None or (row["private"] and row["creator_id"] != call.user):
        raise missing("Board", number)
    return row


def _bare(row: Row) -> dict[str, Any]:
    return {**worklists.bare(row, FLAGS), "description": row["description"]}


def _lane(call: Call, row: Row, whole: bool) -> dict[str, Any]:
    worklist = call.store.get("worklist", row["list_id"])
    shown = None if worklist is None else worklists.entry(call, worklist, filters=True, whole=whole)
    names = ("board_id", "list_id", "position", "id", "created_at", "updated_at")
    return {**{name: row[name] for name in names}, "worklist": shown}


def _entry(call: Call, row: Row, whole: bool) -> dict[str, Any]:
    sql = "SELECT * FROM lane WHERE board_id = ? ORDER BY position"
    lanes = [_lane(call, one, whole) for one in call.store.all(sql, (row["id"],))]
    more = {"lanes": lanes, "owners": [row["creator_id"]], "users": []}
    return {**_bare(row), **more, **({"due_dates": []} if whole else {})}


def list_all(call: Call) -> list[dict[str, Any]]:
    """GET /boards."""
    query = Query("board", COLUMNS).alike(call, "title").equal(call, "creator_id", "project_id")
    query.visible("(private = 0 OR creator_id = ?)", call.user)
    return [_entry(call, row, whole=False) for row in fetch(call, query)]


def get(call: Call) -> dict[str, Any]:
    """GET /boards/{id}."""
    return _entry(call, _row(call, call.numbers[0]), whole=True)


def post(call: Call) -> dict[str, Any]:
    """POST /boards, its lanes in the body."""
    body = Body("board", call.body)
    values = {name: body.text(name) for name in ("title", "description")}
    more = {"creator_id": call.user, "project_id": body.number("project_id")}
    flags = {name: body.flag(name) for name in FLAGS}
    number = call.store.free("board", {})
    stored = {**values, **more, **flags, "created_at": call.stamp, "id": number}
    call.store.insert("board", stored)
    for lane in body.given.get("lanes") or ():
        _add_lane(call, number, lane)
    worklists.permit(call, "board", number)
    return {**_bare(_row(call, number)), "created_at": call.moment}


def _add_lane(call: Call, board: int, lane: dict[str, Any]) -> None:
    values = {"board_id": board, "list_id": lane["list_id"], "position": lane["position"]}
    number = call.store.take("lane")
    call.store.insert("lane", {**values, "created_at": call.stamp, "id": number})


# -- due dates ------------------------------------------------------------------------------


def _due_row(call: Call, number: int) -> Row:
    row = call.store.get("due_date", number)
    if row is None:
        raise missing("Due Date", number)
    return row


def _due_entry(call: Call, row: Row) -> dict[str, Any]:
    owned = row["creator_id"] == call.user
    stories, below = _due_items(call, row["id"], "story"), _due_items(call, row["id"], "task")
    return {
        **{name: row[name] for name in ("name", "date", "creator_id")},
        "private": bool(row["private"]),
        "tasks": [tasks.entry(one) for one in below],
        "stories": [summary.bare(one) for one in stories],
        "count": len(below) + len(stories),
        "owners": [row["creator_id"]],
        "users": [],
        "editable": owned,
        "assignable": owned,
        **{name: row[name] for name in ("id", "created_at", "updated_at")},
    }


def _due_items(call: Call, number: int, kind: str) -> list[Row]:
    sql = (
        f"SELECT {kind}.* FROM due_date_item JOIN {kind} ON {kind}.id = item_id "
        f"WHERE due_date_id = ? AND item_type = ? AND {kind}.id IN ({acl.seen(kind)})"
        " ORDER BY item_id"
    )
    return call.store.all(sql, (number, kind, call.user, call.user))


def list_due_dates(call: Call) -> list[dict[str, Any]]:
    """GET /due_dates."""
    query = Query("due_date", ("id", "name", "date", "created_at", "updated_at", "creator_id"))
    query.alike(call, "name").visible("(private = 0 OR creator_id = ?)", call.user)
    return [_due_entry(call, row) for row in fetch(call, query)]


def get_due_date(call: Call) -> dict[str, Any]:
    """GET /due_dates/{id}."""
    return _due_entry(call, _due_row(call, call.numbers[0]))


def post_due_date(call: Call) -> dict[str, Any]:
    """POST /due_dates: the date needs a zone."""
    body = Body("due_date", call.body)
    when = body.date("date")
    values = {"name": body.text("name"), "creator_id": call.user}
    if when is None or when.tzinfo is None:
        raise sqltext.naive("due_date", {**values, "date": when, "updated_at": None})
    number = call.store.free("due_date", {})
    stored = {**values, "private": body.flag("private"), "date": days.kept(when)}
    call.store.insert("due_date", {**stored, "created_at": call.stamp, "id": number})
    return _due_entry(call, _due_row(call, number))


def put_due_date(call: Call) -> dict[str, Any]:
    """PUT /due_dates/{id}: a list that is named replaces the one that was there (facts 1)."""
    row, body = _due_row(call, call.numbers[0]), Body("due_date", call.body)
    for kind, name in (("task", "tasks"), ("story", "stories")):
        numbers = body.numbers(name)
        if numbers is not None:
            if not all(acl.sees(call, kind, number) for number in numbers):
                raise Fault(500, f"{NO_FLUSH}{name}")
            gone = "DELETE FROM due_date_item WHERE due_date_id = ? AND item_type = ?"
            call.store.run(gone, (row["id"], kind))
            for number in numbers:
                link = {"due_date_id": row["id"], "item_type": kind, "item_id": number}
                call.store.insert("due_date_item", link)
    return _due_entry(call, _due_row(call, row["id"]))
