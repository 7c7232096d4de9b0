"""The lists of tasks, everybody's and one story's, and the list of their statuses."""

from __future__ import annotations

from typing import Any

from tracker_migrate.backends.storyboard.standin import acl
from tracker_migrate.backends.storyboard.standin.call import Call
from tracker_migrate.backends.storyboard.standin.paging import Query, any_of, fetch
from tracker_migrate.backends.storyboard.standin.storylist import searched
from tracker_migrate.backends.storyboard.standin.tasks import COLUMNS, entry

NAMES = {
    "todo": "Todo",
    "merged": "Merged",
    "invalid": "Invalid",
    "review": "Review",
    "inprogress": "Progress",
}


def statuses(call: Call) -> list[dict[str, str]]:
    """GET /task_statuses."""
    call.headers["X-Total"] = str(len(NAMES))
    return [{"key": key, "name": name} for key, name in NAMES.items()]


def _query(call: Call) -> Query:
    query = Query("task", tuple(COLUMNS))
    query.visible(acl.visible("story_id"), call.user, call.user)
    query.alike(call, "title", "link")
    query.equal(call, "assignee_id", "project_id", "branch_id", "milestone_id")
    for name in ("status", "priority"):
        if call.args.get(name):
            condition, parameters = any_of(name, call.args[name])
            query.only(condition, *parameters)
    if call.args.get("project_group_id") is not None:
        members = "SELECT project_id FROM project_group_member WHERE group_id = ?"
        query.only(f"project_id IN ({members})", call.args["project_group_id"])
    return query


def list_all(call: Call) -> list[dict[str, Any]]:
    """GET /tasks."""
    return [entry(row) for row in fetch(call, _query(call).equal(call, "story_id"))]


def list_of_story(call: Call) -> list[dict[str, Any]]:
    """GET /stories/{id}/tasks: tells `X-Limit: None` when there is no limit (paging)."""
    query = _query(call).only("story_id = ?", call.numbers[0])
    return [entry(row) for row in fetch(call, query, always=True)]


def search(call: Call) -> list[dict[str, Any]]:
    """GET /tasks/search: in the titles alone."""
    query = searched(call, _query(call).equal(call, "story_id"), "title")
    return [entry(row) for row in fetch(call, query, total=False)]
