"""Worklists: stories and tasks in an order that somebody chose."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tracker_migrate.backends.storyboard.standin import acl, arguments, events, summary, tasks
from tracker_migrate.backends.storyboard.standin.body import Body
from tracker_migrate.backends.storyboard.standin.call import Call
from tracker_migrate.backends.storyboard.standin.errors import Fault, missing
from tracker_migrate.backends.storyboard.standin.paging import Query, fetch
from tracker_migrate.backends.storyboard.standin.people import full_name
from tracker_migrate.backends.storyboard.standin.store import Row

FLAGS = ("private", "archived", "automatic")
OWN = ("title", "creator_id", "project_id")
STAMPS = ("id", "created_at", "updated_at")
ARCHIVED = 99999  # the position of an item that was taken off
HOLDING = "id IN (SELECT list_id FROM worklist_item WHERE item_type = '{}' AND item_id = ?)"
ON_BOARD = "id IN (SELECT list_id FROM lane WHERE board_id = ?)"


def bare(row: Row, flags: Sequence[str] = FLAGS) -> dict[str, Any]:
    """What the table holds of a worklist or a board."""
    return {
        **{name: row[name] for name in OWN},
        **{name: bool(row[name]) for name in flags},
        **{name: row[name] for name in STAMPS},
    }


def permit(call: Call, kind: str, number: int) -> None:
    """The rows of the timeline that a new worklist or board begins with."""
    whose: dict[str, int | None] = {f"{kind}_id": number}
    title = call.store.value(f"SELECT title FROM {kind} WHERE id = ?", (number,))
    created = {**whose, "author_id": call.user, f"{kind}_title": title}
    events.write(call, f"{kind}_created", created, **whose)
    movers = "move_items" if kind == "worklist" else "move_cards"
    owner = [{str(call.user): full_name(call.store, call.user)}]
    for codename, users in ((f"edit_{kind}", owner), (movers, [])):
        permission = call.store.take("permission")
        info = {**whose, "permission_id": permission, "author_id": call.user}
        info |= {"codename": codename, "users": users}  # type: ignore[dict-item]
        events.write(call, f"{kind}_permission_created", info, **whose)


# -- reading --------------------------------------------------------------------------------


def _row(call: Call, number: int) -> Row:
    row = call.store.get("worklist", number)
    if row is None or (row["private"] and row["creator_id"] != call.user):
        raise missing("Worklist", number)
    return row


def _mine(call: Call) -> Row:
    row = _row(call, call.numbers[0])
    if row["creator_id"] != call.user:
        raise missing("Worklist", call.numbers[0])
    return row


def _items(call: Call, number: int, live: bool) -> list[Row]:
    """In their order the live ones; else all, stories before tasks (worklist-and-board). What
    stands for a story that the caller may not read is left out."""
    order = "list_position" if live else "item_type, id"
    only = " AND archived = 0" if live else ""
    sql = f"SELECT * FROM worklist_item WHERE list_id = ?{only} ORDER BY {order}"
    rows = call.store.all(sql, (number,))
    return [row for row in rows if acl.sees(call, row["item_type"], row["item_id"])]


def _item(row: Row, more: dict[str, Any] | None = None) -> dict[str, Any]:
    names = ("list_id", "item_id", "item_type", "list_position")
    shown = {name: row[name] for name in names}
    shown |= {"archived": bool(row["archived"]), "display_due_date": None}
    return {**shown, **(more or {}), **{name: row[name] for name in STAMPS}}


def _whole(call: Call, row: Row) -> dict[str, Any]:
    """An item with the story or task that it stands for."""
    found = call.store.get(row["item_type"], row["item_id"])
    assert found is not None
    inside = tasks.entry(found) if row["item_type"] == "task" else summary.tagged(call, found)
    return _item(row, {"resolved_due_date": None, row["item_type"]: {**inside, "due_dates": []}})


def entry(call: Call, row: Row, filters: bool, whole: bool) -> dict[str, Any]:
    """A worklist with its items: the live ones, whole, or all of them, bare."""
    rows = _items(call, row["id"], live=whole)
    items = [_whole(call, one) if whole else _item(one) for one in rows]
    more = {"owners": [row["creator_id"]], "users": [], "items": items}
    return {**bare(row), **({"filters": []} if filters else {}), **more}


def list_all(call: Call) -> list[dict[str, Any]]:
    """GET /worklists."""
    query = Query("worklist", (*OWN, *FLAGS, *STAMPS)).alike(call, "title")
    query.visible("(private = 0 OR creator_id = ?)", call.user)
    query.equal(call, "creator_id", "project_id")
    for name in ("story", "task"):
        if call.args.get(f"{name}_id") is not None:
            number = call.args[f"{name}_id"]
            query.only(
                HOLDING.format(name) if acl.sees(call, name, number) else "? IS NULL", number
            )
    if call.args.get("board_id") is not None:
        query.only(ON_BOARD, call.args["board_id"])
    elif call.args.get("hide_lanes") is not False:
        query.only("id NOT IN (SELECT list_id FROM lane)")
    return [entry(call, row, filters=False, whole=False) for row in fetch(call, query)]


def get(call: Call) -> dict[str, Any]:
    """GET /worklists/{id}."""
    return entry(call, _row(call, call.numbers[0]), filters=True, whole=True)


def list_items(call: Call) -> list[dict[str, Any]]:
    """GET /worklists/{id}/items."""
    return [_item(row) for row in _items(call, _row(call, call.numbers[0])["id"], live=False)]


# -- writing --------------------------------------------------------------------------------


def post(call: Call) -> dict[str, Any]:
    """POST /worklists."""
    body = Body("worklist", call.body)
    values = {"title": body.text("title"), "creator_id": call.user}
    values |= {"project_id": body.number("project_id")}
    values |= {name: body.flag(name) for name in FLAGS}
    number = call.store.free("worklist", values)
    call.store.insert("worklist", {**values, "created_at": call.stamp, "id": number})
    permit(call, "worklist", number)
    return {**bare(_row(call, number)), "created_at": call.moment}


def put(call: Call) -> dict[str, Any]:
    """PUT /worklists/{id}: one row of the timeline for each field that changed."""
    row, body = _mine(call), Body("worklist", call.body)
    values: dict[str, Any] = {"title": body.text("title") or row["title"]}
    values |= {name: body.flag(name, bool(row[name])) for name in FLAGS}
    for name, new in values.items():
        if new != row[name]:
            info = {"worklist_id": row["id"], "author_id": call.user, "field": name}
            info |= {"old_value": row[name], "new_value": new}
            events.write(call, "worklist_details_changed", info, worklist_id=row["id"])
    call.store.update("worklist", row["id"], {**values, "updated_at": call.stamp})
    return entry(call, _row(call, row["id"]), filters=False, whole=True)


def delete(call: Call) -> None:
    """DELETE /worklists/{id}: puts it away, it stays readable."""
    call.store.update("worklist", _mine(call)["id"], {"archived": True})


def _note(call: Call, number: int, **what: Any) -> None:
    info = {"worklist_id": number, "author_id": call.user}
    info |= {"added": None, "removed": None, "updated": None} | what
    events.write(call, "worklist_contents_changed", info, worklist_id=number)


def _title(call: Call, kind: str, number: int | None) -> str:
    row = call.store.get(kind, number) if kind in ("task", "story") else None
    if row is None or not acl.sees(call, kind, number):
        raise Fault(404, f"Item {number} refers to a non-existent task or story.")
    return str(row["title"])


def _shift(call: Call, number: int, start: int, by: int) -> None:
    sql = (
        "UPDATE worklist_item SET list_position = list_position + ?, updated_at = ? "
        "WHERE list_id = ? AND list_position >= ? AND archived = 0"
    )
    call.store.run(sql, (by, call.stamp, number, start))


def add_item(call: Call) -> dict[str, Any]:
    """POST /worklists/{id}/items: the same thing may be there twice (facts 1)."""
    number, body = _mine(call)["id"], Body("item", call.body)
    kind, target = body.text("item_type") or "", body.number("item_id")
    title, position = _title(call, kind, target), body.number("list_position") or 0
    _shift(call, number, position, 1)
    values = {"list_id": number, "item_id": target, "item_type": kind, "list_position": position}
    values |= {"created_at": call.stamp, "updated_at": call.stamp}
    item = call.store.take("worklist_item")
    call.store.insert("worklist_item", {**values, "id": item})
    added = {"worklist_id": number, "item_id": target, "item_title": title}
    _note(call, number, added={**added, "item_type": kind, "position": position})
    return {**_item(_item_row(call, number, item)), "updated_at": call.moment}


def _item_row(call: Call, number: int, item: int | None) -> Row:
    row = call.store.get("worklist_item", item)
    if row is None or row["list_id"] != number:
        raise missing("Worklist item", item)
    return row


def put_item(call: Call) -> dict[str, Any]:
    """PUT /worklists/{id}/items/{id}: moves it within its list."""
    number, body = _mine(call)["id"], Body("item", call.body)
    row = _item_row(call, number, call.numbers[1])
    position = body.number("list_position") or 0
    _shift(call, number, row["list_position"] + 1, -1)
    call.store.update("worklist_item", row["id"], {"list_position": -1})
    _shift(call, number, position, 1)
    moved = {"list_position": position, "updated_at": call.stamp}
    call.store.update("worklist_item", row["id"], moved)
    _note_move(call, row, position)
    shown = _item(_item_row(call, number, row["id"]), {"resolved_due_date": None})
    return {**shown, "updated_at": call.moment}


def _note_move(call: Call, row: Row, position: int) -> None:
    title = _title(call, row["item_type"], row["item_id"])
    about = {"item_id": row["item_id"], "item_title": title, "item_type": row["item_type"]}
    old = {"worklist_id": row["list_id"], **about, "position": row["list_position"]}
    updated = {"old": {**old, "due_date_id": None}, "new": {**about, "position": position}}
    _note(call, row["list_id"], updated=updated)


def remove_item(call: Call) -> None:
    """DELETE /worklists/{id}/items/{id}: it stays, archived, and can be removed again."""
    number = _mine(call)["id"]
    row = _item_row(call, number, _which_item(call))
    if not row["archived"]:
        _shift(call, number, row["list_position"] + 1, -1)
    gone = {"archived": True, "list_position": ARCHIVED, "updated_at": call.stamp}
    call.store.update("worklist_item", row["id"], gone)
    removed = {"worklist_id": number, "item_id": row["item_id"], "item_type": row["item_type"]}
    title = _title(call, row["item_type"], row["item_id"])
    _note(call, number, removed={**removed, "item_title": title})


def _which_item(call: Call) -> int:
    """It may be named in the query instead of the path."""
    if len(call.numbers) > 1:
        return int(call.numbers[1])
    return arguments.integer("item_id", call.request.arg("item_id") or "")
