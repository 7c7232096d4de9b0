"""Tasks: made, changed and deleted by anybody who may read their story."""

from __future__ import annotations

from typing import Any

from tracker_migrate.backends.storyboard.standin import acl, events, sqltext, taskplace
from tracker_migrate.backends.storyboard.standin.body import Body, Dates
from tracker_migrate.backends.storyboard.standin.call import Call
from tracker_migrate.backends.storyboard.standin.errors import Fault, dangling, missing
from tracker_migrate.backends.storyboard.standin.people import full_name
from tracker_migrate.backends.storyboard.standin.store import Row

STATUSES = ("inprogress", "review", "todo", "invalid", "merged")  # as its refusal lists them
PRIORITIES = ("low", "medium", "high")
COLUMNS = [
    "title",
    "status",
    "creator_id",
    "story_id",
    "link",
    "project_id",
    "assignee_id",
    "priority",
    "branch_id",
    "milestone_id",
    "id",
    "created_at",
    "updated_at",
]
DATES = ("created_at", "updated_at")


def entry(row: Row) -> dict[str, Any]:
    """A task as the API shows it."""
    return {name: row[name] for name in COLUMNS}


def _readable(call: Call, number: int, dot: str = "") -> Row:
    task = call.store.get("task", number)
    story = None if task is None else call.store.get("story", task["story_id"])
    if task is None or story is None or not acl.reads(call, story):
        raise missing("Task", number, dot)
    return task


def get(call: Call) -> dict[str, Any]:
    """GET /tasks/{id}, also below its story."""
    return entry(_readable(call, call.numbers[-1]))


# -- a new one ------------------------------------------------------------------------------


def post(call: Call) -> dict[str, Any]:
    """POST /tasks."""
    body = Body("task", call.body)
    named = body.number("story_id")
    return _create(call, body, named, "Unset" if named is None else named)


def post_below_story(call: Call) -> dict[str, Any]:
    """POST /stories/{id}/tasks: the path names the story."""
    number = call.numbers[0]
    return _create(call, Body("task", call.body), number, number)


def _create(call: Call, body: Body, number: int | None, name: object) -> dict[str, Any]:
    if body.number("creator_id") not in (None, call.user):
        raise Fault(400, "You can't select author of task.")
    status = body.choice("status", STATUSES) or "todo"
    story = acl.story_for(call, number, ".", name)
    project = body.number("project_id")
    if project is None:
        raise Fault(400, "You must select a project for task.")
    wanted = body.number("branch_id"), body.number("milestone_id")
    place = taskplace.find(call, story, project, *wanted, status)
    values = _values(call, body, story["id"], status)
    return _insert(call, body, {**values, **place.columns()})


def _values(call: Call, body: Body, story: int, status: str) -> dict[str, Any]:
    return {
        "title": body.text("title"),
        "status": status,
        "creator_id": call.user,
        "story_id": story,
        "link": body.text("link"),
        "assignee_id": body.number("assignee_id"),
        "priority": body.given.get("priority") or "medium",
    }


def _insert(call: Call, body: Body, values: dict[str, Any]) -> dict[str, Any]:
    when = Dates("task", body, DATES)
    named = {"id": body.number("id")} if body.number("id") else {}
    when.check({**values, **named, "updated_at": None})
    if values["priority"] not in PRIORITIES:
        given = {**values, **named, "created_at": call.now}
        raise sqltext.failed_insert("task", sqltext.truncated("priority"), given)
    number = call.store.free("task", {**values, **named})
    _check_assignee(call, values["assignee_id"])
    stamps = {"created_at": call.stamp, **when.kept()}
    call.store.insert("task", {**values, **stamps, "id": number})
    _touch_project(call, values["project_id"])
    _note(call, "task_created", values["story_id"], number, values["title"])
    shown = {"id": number, "created_at": call.moment, "updated_at": None, **when.shown()}
    return {**{name: values.get(name) for name in COLUMNS}, **shown}


def _check_assignee(call: Call, number: int | None) -> None:
    if number is not None and not call.store.has("user", number):
        raise dangling("Task", "assignee_id", "tasks_ibfk_1")


def _touch_project(call: Call, number: int) -> None:
    """The write that makes parallel tasks of one project deadlock at the real server."""
    call.store.run("UPDATE project SET updated_at = ? WHERE id = ?", (call.stamp, number))


def _note(call: Call, kind: str, story: int, task: int, title: str, **more: Any) -> None:
    info = {"story_id": story, "task_id": task, "task_title": title, **more}
    events.write(call, kind, info, story_id=story)


# -- changes --------------------------------------------------------------------------------


def put(call: Call) -> dict[str, Any]:
    """PUT /tasks/{id}: one row of the timeline for each of status, priority and assignee."""
    task = _readable(call, call.numbers[-1], ".")
    body = Body("task", call.body)
    if body.number("creator_id") not in (None, task["creator_id"]):
        raise Fault(400, "You can't change author of task.")
    when = Dates("task", body, DATES)
    when.check(body.given)
    values = _put_values(call, task, body)
    _check_put(call, task, values)
    stamps = {"updated_at": call.stamp, **when.kept()}
    call.store.update("task", task["id"], {**values, **stamps})
    _touch_project(call, task["project_id"])
    _note_changes(call, task, values)
    return entry(_row(call, task["id"]))


def _row(call: Call, number: int) -> Row:
    row = call.store.get("task", number)
    assert row is not None
    return row


def _put_values(call: Call, task: Row, body: Body) -> dict[str, Any]:
    values: dict[str, Any] = {}
    if (title := body.text("title")) is not None:
        values["title"] = title
    if (status := body.choice("status", STATUSES)) is not None:
        values["status"] = status
    if body.given.get("priority") is not None:
        values["priority"] = body.given["priority"]
    if body.has("link"):
        values["link"] = body.text("link")
    for name in ("assignee_id", "story_id"):
        if body.has(name):
            values[name] = body.number(name)
    return {**values, **_put_place(call, task, body, values.get("status", task["status"]))}


def _put_place(call: Call, task: Row, body: Body, status: str) -> dict[str, Any]:
    """A task that is no longer merged loses its milestone without a word (task-life)."""
    project = body.number("project_id") or task["project_id"]
    moved = project != task["project_id"]
    branch = body.number("branch_id") or (None if moved else task["branch_id"])
    milestone = body.number("milestone_id")
    if not body.has("milestone_id") and status == "merged" and branch == task["branch_id"]:
        milestone = task["milestone_id"]
    story = call.store.get("story", task["story_id"])
    assert story is not None
    return taskplace.find(call, story, project, branch, milestone, status).columns()


def _check_put(call: Call, task: Row, values: dict[str, Any]) -> None:
    if "story_id" in values and not call.store.has("story", values["story_id"]):
        raise dangling("Task", "story_id", "tasks_ibfk_4")
    _check_assignee(call, values.get("assignee_id"))
    if values.get("priority", "low") not in PRIORITIES:
        sets = "updated_at=%(updated_at)s, priority=%(priority)s"
        sql = f"UPDATE tasks SET {sets} WHERE tasks.id = %(tasks_id)s"
        given = {"updated_at": call.now, "priority": values["priority"], "tasks_id": task["id"]}
        raise sqltext.failed(sqltext.truncated("priority"), sql, given, sqltext.DATA)


def _note_changes(call: Call, task: Row, values: dict[str, Any]) -> None:
    """The title in the timeline is the one from before (change-feed)."""
    about = (task["story_id"], task["id"], task["title"])
    noted = False
    for name in ("status", "priority"):
        old, new = task[name], values.get(name, task[name])
        if old != new:
            more = {f"old_{name}": old, f"new_{name}": new}
            _note(call, f"task_{name}_changed", *about, **more)
            noted = True
    if values.get("assignee_id", task["assignee_id"]) != task["assignee_id"]:
        more = _assignees(call, task["assignee_id"], values["assignee_id"])
        _note(call, "task_assignee_changed", *about, **more)
        noted = True
    if not noted:
        _note(call, "task_details_changed", *about)


def _assignees(call: Call, old: int | None, new: int | None) -> dict[str, Any]:
    return {
        "old_assignee_id": old,
        "new_assignee_id": new,
        "old_assignee_fullname": full_name(call.store, old),
        "new_assignee_fullname": full_name(call.store, new),
    }


def delete(call: Call) -> None:
    """DELETE /tasks/{id}: its number is free again (deletion-and-ids)."""
    task = _readable(call, call.numbers[-1], ".")
    call.store.run("DELETE FROM task WHERE id = ?", (task["id"],))
    for table in ("worklist_item", "due_date_item"):
        call.store.run(
            f"DELETE FROM {table} WHERE item_type = 'task' AND item_id = ?", (task["id"],)
        )
    _touch_project(call, task["project_id"])
    _note(call, "task_deleted", task["story_id"], task["id"], task["title"])
