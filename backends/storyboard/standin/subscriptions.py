"""Subscriptions: who follows what."""

from __future__ import annotations

from typing import Any

from tracker_migrate.backends.storyboard.standin import acl
from tracker_migrate.backends.storyboard.standin.body import Body
from tracker_migrate.backends.storyboard.standin.call import Call
from tracker_migrate.backends.storyboard.standin.errors import Fault, missing
from tracker_migrate.backends.storyboard.standin.paging import Query, any_of, fetch
from tracker_migrate.backends.storyboard.standin.store import Row

COLUMNS = ["user_id", "target_type", "target_id", "id", "created_at", "updated_at"]
TARGETS = ("task", "story", "project", "project_group", "worklist")


def _entry(row: Row) -> dict[str, Any]:
    return {name: row[name] for name in COLUMNS}


def _row(call: Call, number: int) -> Row:
    row = call.store.get("subscription", number)
    if row is None:
        raise missing("Subscription", number)
    return row


def list_all(call: Call) -> list[dict[str, Any]]:
    """GET /subscriptions: one's own unless a user is named."""
    query = Query("subscription", tuple(COLUMNS)).equal(call, "target_id")
    query.only("user_id = ?", call.args.get("user_id", call.user))
    if call.args.get("target_type"):
        condition, parameters = any_of("target_type", call.args["target_type"])
        query.only(condition, *parameters)
    return [_entry(row) for row in fetch(call, query)]


def get(call: Call) -> dict[str, Any]:
    """GET /subscriptions/{id}."""
    return _entry(_row(call, call.numbers[0]))


def post(call: Call) -> dict[str, Any]:
    """POST: for somebody else only by a superuser; a second one is 409, not 400 (facts 1)."""
    body = Body("subscription", call.body)
    user = body.number("user_id") or call.me
    if user != call.user and not call.superuser:
        raise Fault(403, "You can only subscribe to resources on your own.")
    kind, target = body.text("target_type"), body.number("target_id")
    if kind not in TARGETS or not _is_there(call, kind, target):
        raise Fault(400, "You cannot subscribe to a nonexistent resource.")
    values = {"user_id": user, "target_type": kind, "target_id": target}
    _check_new(call, values)
    number = call.store.take("subscription")
    call.store.insert("subscription", {**values, "created_at": call.stamp, "id": number})
    return {**_entry(_row(call, number)), "created_at": call.moment}


def _is_there(call: Call, kind: str, target: int | None) -> bool:
    if kind in ("story", "task"):
        return acl.sees(call, kind, target)
    return call.store.has(kind, target)


def _check_new(call: Call, values: dict[str, Any]) -> None:
    sql = "SELECT 1 FROM subscription WHERE user_id = ? AND target_type = ? AND target_id = ?"
    if call.store.one(sql, tuple(values.values())) is not None:
        raise Fault(409, "You are already subscribed to this resource.")


def delete(call: Call) -> None:
    """DELETE /subscriptions/{id}: one's own."""
    row = _row(call, call.numbers[0])
    if row["user_id"] != call.user and not call.superuser:
        raise Fault(403, "You do not have access to this record.")
    call.store.run("DELETE FROM subscription WHERE id = ?", (row["id"],))
