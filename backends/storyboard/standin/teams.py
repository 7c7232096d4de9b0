"""Teams and their members: what a private story may be shown to besides people."""

from __future__ import annotations

import sqlite3
from typing import Any

from tracker_migrate.backends.storyboard.standin.body import Body
from tracker_migrate.backends.storyboard.standin.call import Call
from tracker_migrate.backends.storyboard.standin.collation import fold
from tracker_migrate.backends.storyboard.standin.errors import Fault, missing, taken
from tracker_migrate.backends.storyboard.standin.paging import Query, fetch
from tracker_migrate.backends.storyboard.standin.people import people, team
from tracker_migrate.backends.storyboard.standin.store import Row

NO_NAMES = "module 'storyboard.db.api.teams' has no attribute 'team_get_by_name'"


def _row(call: Call, number: int) -> Row:
    row = call.store.get("team", number)
    if row is None:
        raise missing("Team", number)
    return row


def list_all(call: Call) -> list[dict[str, Any]]:
    """GET /teams."""
    query = Query("team", ("id", "created_at", "updated_at", "name")).alike(call, "name")
    return [team(row) for row in fetch(call, query)]


def get(call: Call) -> dict[str, Any]:
    """GET /teams/{id}; by name it fails upstream (facts 1)."""
    asked = call.numbers[0]
    if not asked.isdecimal():
        raise Fault(500, NO_NAMES)
    return team(_row(call, int(asked)))


def post(call: Call) -> dict[str, Any]:
    """POST /teams: members named in the body are ignored (teams)."""
    name = Body("team", call.body).name()
    number = call.store.take("team")
    values = {"name": name, "folded": fold(name), "created_at": call.stamp, "id": number}
    call.store.insert("team", values, taken("Team", name))
    return {**team(_row(call, number)), "created_at": call.moment}


def put(call: Call) -> dict[str, Any]:
    """PUT /teams/{id}: another name."""
    number = _row(call, call.numbers[0])["id"]
    name = Body("team", call.body).name()
    named = {} if name is None else {"name": name, "folded": fold(name)}
    try:
        call.store.update("team", number, {**named, "updated_at": call.stamp})
    except sqlite3.IntegrityError:
        raise taken("Team", name) from None
    return team(_row(call, number))


def delete(call: Call) -> None:
    """DELETE /teams/{id}: an empty one only; the stories that named it lose it."""
    number = _row(call, call.numbers[0])["id"]
    if _members(call, number):
        raise Fault(400, "Team must be empty.")
    call.store.run("DELETE FROM permission_team WHERE team_id = ?", (number,))
    call.store.run("DELETE FROM team WHERE id = ?", (number,))


def _members(call: Call, number: int) -> list[int]:
    sql = "SELECT user_id FROM team_member WHERE team_id = ? ORDER BY user_id"
    return [row[0] for row in call.store.all(sql, (number,))]


def list_members(call: Call) -> list[dict[str, Any]]:
    """GET /teams/{id}/users."""
    return people(call.store, _members(call, _row(call, call.numbers[0])["id"]))


def add_member(call: Call) -> dict[str, Any]:
    """PUT /teams/{id}/users/{id}."""
    number, user = _row(call, call.numbers[0])["id"], call.numbers[1]
    if not call.store.has("user", user):
        raise missing("User", user)
    refusal = Fault(400, f"The User {user} is already in Team {number}")
    call.store.insert("team_member", {"team_id": number, "user_id": user}, refusal)
    return people(call.store, [user])[0]


def remove_member(call: Call) -> None:
    """DELETE /teams/{id}/users/{id}."""
    number, user = _row(call, call.numbers[0])["id"], call.numbers[1]
    sql = "DELETE FROM team_member WHERE team_id = ? AND user_id = ?"
    if not call.store.run(sql, (number, user)):
        raise Fault(400, f"The User {user} is not in Team {number}")
