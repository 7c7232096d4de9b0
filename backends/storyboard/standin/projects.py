"""Projects and their groups."""

from __future__ import annotations

import sqlite3
from typing import Any

from tracker_migrate.backends.storyboard.standin.body import Body, Dates
from tracker_migrate.backends.storyboard.standin.call import Call
from tracker_migrate.backends.storyboard.standin.collation import fold
from tracker_migrate.backends.storyboard.standin.errors import Fault, missing, taken
from tracker_migrate.backends.storyboard.standin.paging import Query, fetch
from tracker_migrate.backends.storyboard.standin.store import Row

DATES = ("created_at", "updated_at")
SORTABLE = [
    "id",
    "created_at",
    "updated_at",
    "name",
    "description",
    "is_active",
    "repo_url",
    "autocreate_branches",
]
FLAGS = ("is_active", "autocreate_branches")
TEXTS = ("description", "repo_url")
IN_GROUP = "id IN (SELECT project_id FROM project_group_member WHERE group_id = ?)"
FOLLOWED = "id IN (SELECT target_id FROM subscription WHERE target_type = '{}' AND user_id = ?)"


def entry(row: Row) -> dict[str, Any]:
    """A project as the API shows it."""
    return {
        "name": row["name"],
        "description": row["description"],
        "is_active": bool(row["is_active"]),
        "repo_url": row["repo_url"],
        "autocreate_branches": bool(row["autocreate_branches"]),
        "id": row["id"],
        "created_at": row["created_at"],
        "updated_at": row["updated_at"],
    }


def list_all(call: Call) -> list[dict[str, Any]]:
    """GET /projects: names and descriptions by a part of them."""
    query = Query("project", tuple(SORTABLE)).alike(call, "name", "description")
    for name, condition in (
        ("project_group_id", IN_GROUP),
        ("subscriber_id", FOLLOWED.format("project")),
    ):
        if call.args.get(name) is not None:
            query.only(condition, call.args[name])
    return [entry(row) for row in fetch(call, query)]


def get(call: Call) -> dict[str, Any]:
    """GET /projects/{id or name}; a name may hold slashes."""
    asked = "/".join(call.numbers)
    row = call.store.get("project", int(asked)) if asked.isdecimal() else _by_name(call, asked)
    if row is None:
        raise missing("Project", asked)
    return entry(row)


def _by_name(call: Call, name: str) -> Row | None:
    return call.store.one("SELECT * FROM project WHERE folded = ?", (fold(name),))


def _given(body: Body) -> dict[str, Any]:
    values: dict[str, Any] = {}
    if (name := body.name()) is not None:
        values |= {"name": name, "folded": fold(name)}
    values |= {one: body.text(one) for one in TEXTS if body.has(one)}
    return values | {one: body.flag(one) for one in FLAGS if body.given.get(one) is not None}


def post(call: Call) -> dict[str, Any]:
    """POST /projects: its branch `master` comes with it, restricted."""
    body = Body("project", call.body)
    when = Dates("project", body, DATES)
    values = _given(body)
    when.check(values)
    number = call.store.free("project", {**values, "id": body.number("id")})
    stamps = {"created_at": call.stamp, **when.kept()}
    refusal = taken("Project", values["name"])
    call.store.insert("project", {**values, **stamps, "id": number}, refusal)
    _add_master(call, number)
    shown = {"created_at": call.moment, **when.shown()}
    return {**entry(_row(call, number)), **shown}


def _add_master(call: Call, project: int) -> None:
    values = {"name": "master", "folded": fold("master"), "project_id": project}
    number = call.store.take("branch")
    call.store.insert(
        "branch", {**values, "restricted": True, "created_at": call.stamp, "id": number}
    )


def _row(call: Call, number: int) -> Row:
    row = call.store.get("project", number)
    if row is None:
        raise missing("Project", number)
    return row


def put(call: Call) -> dict[str, Any]:
    """PUT /projects/{id}."""
    row = _row(call, call.numbers[0])
    values = _given(Body("project", call.body))
    try:
        call.store.update("project", row["id"], {**values, "updated_at": call.stamp})
    except sqlite3.IntegrityError:
        raise taken("Project", values["name"]) from None
    return entry(_row(call, row["id"]))


# -- groups ---------------------------------------------------------------------------------


def _group_entry(row: Row) -> dict[str, Any]:
    return {name: row[name] for name in ("name", "title", "id", "created_at", "updated_at")}


def _group(call: Call) -> Row:
    row = call.store.get("project_group", call.numbers[0])
    if row is None:
        raise missing("Project Group", call.numbers[0])
    return row


def list_groups(call: Call) -> list[dict[str, Any]]:
    """GET /project_groups."""
    query = Query("project_group", ("id", "created_at", "updated_at", "name", "title"))
    query.alike(call, "name", "title")
    if call.args.get("subscriber_id") is not None:
        query.only(FOLLOWED.format("project_group"), call.args["subscriber_id"])
    return [_group_entry(row) for row in fetch(call, query)]


def get_group(call: Call) -> dict[str, Any]:
    """GET /project_groups/{id}."""
    return _group_entry(_group(call))


def post_group(call: Call) -> dict[str, Any]:
    """POST /project_groups."""
    body = Body("project_group", call.body)
    name = body.name()
    values = {"name": name, "folded": fold(name), "title": body.text("title")}
    number = call.store.free("project_group", {**values, "id": body.number("id")})
    stored = {**values, "created_at": call.stamp, "id": number}
    call.store.insert("project_group", stored, taken("ProjectGroup", name))
    call.numbers = [number]
    return {**_group_entry(_group(call)), "created_at": call.moment}


def put_group(call: Call) -> dict[str, Any]:
    """PUT /project_groups/{id}."""
    body, row = Body("project_group", call.body), _group(call)
    values: dict[str, Any] = {"updated_at": call.stamp}
    if (name := body.name()) is not None:
        values |= {"name": name, "folded": fold(name)}
    if (title := body.text("title")) is not None:
        values["title"] = title
    try:
        call.store.update("project_group", row["id"], values)
    except sqlite3.IntegrityError:
        raise taken("ProjectGroup", name) from None
    return _group_entry(_group(call))


def delete_group(call: Call) -> None:
    """DELETE /project_groups/{id}: an empty one only."""
    number = _group(call)["id"]
    sql = "SELECT 1 FROM project_group_member WHERE group_id = ?"
    if call.store.one(sql, (number,)) is not None:
        raise Fault(400, "Project group must be empty.")
    call.store.run("DELETE FROM project_group WHERE id = ?", (number,))


def list_members(call: Call) -> list[dict[str, Any]]:
    """GET /project_groups/{id}/projects."""
    sql = f"SELECT * FROM project WHERE {IN_GROUP} ORDER BY id"
    return [entry(row) for row in call.store.all(sql, (_group(call)["id"],))]


def add_member(call: Call) -> dict[str, Any]:
    """PUT /project_groups/{id}/projects/{id}."""
    group, project = _group(call)["id"], _row(call, call.numbers[1])
    refusal = Fault(400, f"The Project {project['id']} is already in Project Group {group}")
    link = {"group_id": group, "project_id": project["id"]}
    call.store.insert("project_group_member", link, refusal)
    return entry(project)


def remove_member(call: Call) -> None:
    """DELETE /project_groups/{id}/projects/{id}."""
    group, project = _group(call)["id"], call.numbers[1]
    sql = "DELETE FROM project_group_member WHERE group_id = ? AND project_id = ?"
    if not call.store.run(sql, (group, project)):
        raise Fault(400, f"The Project {project} is not in Project Group {group}")
