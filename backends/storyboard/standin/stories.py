"""Stories: made, changed, deleted, read; the traps of private ones are in `acl`."""

from __future__ import annotations

from typing import Any

from tracker_migrate.backends.storyboard.standin import acl, events, summary, tags
from tracker_migrate.backends.storyboard.standin.body import Body, Dates
from tracker_migrate.backends.storyboard.standin.call import Call
from tracker_migrate.backends.storyboard.standin.errors import Fault, missing
from tracker_migrate.backends.storyboard.standin.store import Row

NO_TAGS = "'str' object has no attribute '_sa_instance_state'"
CREATABLE = (1, 2)  # bug, feature; 3 and 4 are there but refused (facts 3)
TYPES = (1, 2, 3, 4)
DATES = ("created_at", "updated_at")


def get(call: Call) -> dict[str, Any]:
    """GET /stories/{id}."""
    return summary.stories(call, [acl.story_for(call, call.numbers[0])])[0]


def post(call: Call) -> dict[str, Any]:
    """POST /stories. A refused private one may leave the story behind (failed-private-create)."""
    body = Body("story", call.body)
    if body.number("creator_id") not in (None, call.user):
        raise Fault(400, "You can't select author of story.")
    values = {**_given(body), "creator_id": call.user, "description": body.text("description")}
    _check_type(values.get("story_type_id", 1))
    if body.given.get("tags"):
        raise Fault(500, NO_TAGS)
    when = Dates("story", body, DATES)
    named = {"id": body.number("id")} if body.number("id") is not None else {}
    when.check({**values, **named, "updated_at": None})
    number = _insert(call, {**values, **named}, when, zero=body.number("id") == 0)
    if body.flag("private"):
        acl.create(call, number, *_readers(call, body))
    return _posted(call, number, when)


def _given(body: Body) -> dict[str, Any]:
    values: dict[str, Any] = {"title": body.text("title")}
    if (kind := body.number("story_type_id")) is not None:
        values["story_type_id"] = kind
    for name in ("is_bug", "private"):
        if body.given.get(name) is not None:
            values[name] = body.flag(name)
    return values


def _check_type(kind: int) -> None:
    if kind not in TYPES:
        raise missing("Story type", kind, ".")
    if kind not in CREATABLE:
        raise Fault(400, f"Now you can't add story with type {kind}.")


def _insert(call: Call, values: dict[str, Any], when: Dates, zero: bool) -> int:
    defaults = {"story_type_id": 1, "is_bug": True, "private": False, "created_at": call.now}
    number = call.store.free("story", {**defaults, **values})
    stamps = {"created_at": call.stamp, **when.kept()}
    call.store.insert("story", {**values, **stamps, "id": number})
    info = {"story_id": number, "story_title": values["title"]}
    events.write(call, "story_created", info, story_id=number)
    if zero:  # MariaDB stores 0 as the next number, and the server then looks for 0
        raise missing("Story", 0)
    return number


def _readers(call: Call, body: Body) -> tuple[list[int], list[int]]:
    """With users named, the poster is not among them unless named too (facts 4)."""
    users, teams = body.numbers("users") or [], body.numbers("teams") or []
    return (users or [call.me]), teams


def _posted(call: Call, number: int, when: Dates) -> dict[str, Any]:
    row = call.store.get("story", number)
    assert row is not None
    shown = {"created_at": call.moment, "updated_at": None, **when.shown()}
    return {**summary.bare(row), **shown}


def put(call: Call) -> dict[str, Any]:
    """PUT /stories/{id}: anybody who may read it; every PUT writes a row of the timeline."""
    story = acl.story_for(call, call.numbers[0])
    body = Body("story", call.body)
    if body.number("creator_id") not in (None, story["creator_id"]):
        raise Fault(400, "You can't change author of story.")
    when = Dates("story", body, DATES)
    when.check(body.given)
    _put_readers(call, story, body)
    values = {**_changed(story, body), **when.kept()}
    if values:
        call.store.update("story", story["id"], {"updated_at": call.stamp, **values})
    return _answered(call, story["id"])


def _changed(story: Row, body: Body) -> dict[str, Any]:
    given = {name: value for name, value in _given(body).items() if value is not None}
    if body.has("description"):
        given["description"] = body.text("description")
    return {name: value for name, value in given.items() if value != story[name]}


def _answered(call: Call, number: int) -> dict[str, Any]:
    """The story before its own event moves `updated_at`: a date that was PUT is still shown."""
    row = call.store.get("story", number)
    assert row is not None
    answer = summary.stories(call, [row])[0]
    info = {"story_id": number, "story_title": row["title"]}
    events.write(call, "story_details_changed", info, story_id=number)
    return answer


def _put_readers(call: Call, story: Row, body: Body) -> None:
    if not body.flag("private", bool(story["private"])):
        return
    users, teams = body.numbers("users"), body.numbers("teams")
    permission = acl.permission_of(call.store, story["id"])
    if permission is None:
        if users == [] and not teams:
            raise Fault(400, acl.NOBODY_LEFT)
        acl.create(call, story["id"], *_readers(call, body))
        _still_seen(call, story)
        return
    _still_seen(call, story)
    if users is not None or teams is not None:
        left = [
            acl.readers(call.store, kind, permission) if named is None else named
            for kind, named in (("user", users), ("team", teams))
        ]
        if not any(left):
            raise Fault(400, acl.NOBODY_LEFT)
        acl.replace(call, permission, users, teams)


def _still_seen(call: Call, story: Row) -> None:
    """Who makes a story private has to be on its list by then: on the new one if there was none,
    else on the one that was kept, which is replaced only afterwards. 404, nothing is changed."""
    if not story["private"] and not acl.listed(call, story["id"]):
        raise Fault(404, "Story not found")


def delete(call: Call) -> None:
    """DELETE /stories/{id}: absent or invisible is 204 as well, and nothing happens.

    Its tasks, events and links go. Its comments' rows stay, out of reach, and so does its
    permission row: neither number can be used again (deletion-and-ids, facts 4).
    What put it on a worklist, or subscribes to it, stays too, and leads to whatever gets its number
    next (tried on a server).
    """
    number = call.numbers[0]
    story = call.store.get("story", number)
    if story is None or not acl.reads(call, story):
        return
    run = call.store.run
    for item in ("task", "story"):
        own = "SELECT id FROM task WHERE story_id = ?" if item == "task" else "SELECT ?"
        its = f"item_type = '{item}' AND item_id IN ({own})"
        run(f"DELETE FROM due_date_item WHERE {its}", (number,))
    linked = call.store.all("SELECT DISTINCT tag_id FROM story_tag WHERE story_id = ?", (number,))
    tags.unlink(call, number, [row["tag_id"] for row in linked])
    for table in ("task", "event", "story_permission"):
        run(f"DELETE FROM {table} WHERE story_id = ?", (number,))
    run("UPDATE comment SET story_id = NULL WHERE story_id = ?", (number,))
    run("DELETE FROM story WHERE id = ?", (number,))
