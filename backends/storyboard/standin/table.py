"""Every path and method that the stand-in answers."""

from __future__ import annotations

from typing import Any

from tracker_migrate.backends.storyboard.standin import (
    boards,
    comments,
    events,
    projects,
    schemas,
    stories,
    storylist,
    subscriptions,
    tags,
    tasklist,
    tasks,
    teams,
    users,
    worklists,
)
from tracker_migrate.backends.storyboard.standin.arguments import MARKED, OFFSET, SORTED, Known
from tracker_migrate.backends.storyboard.standin.branches import BRANCHES, MILESTONES
from tracker_migrate.backends.storyboard.standin.call import Call
from tracker_migrate.backends.storyboard.standin.errors import Fault
from tracker_migrate.backends.storyboard.standin.route import Handler, Resource, Route, Who
from tracker_migrate.backends.storyboard.standin.schemas import Schema


def _system(call: Call) -> dict[str, str]:
    """GET /systeminfo: the same for every version (facts 1)."""
    return {"version": "0.0.1"}


def _no_number(name: str) -> Handler:
    def refuse(call: Call) -> Any:
        raise Fault(400, f'Missing argument: "{name}"')

    return refuse


def _numbered_post(call: Call) -> Any:
    """POST /stories/{id}: what python-storyboardclient's create(id=...) sends (facts 10)."""
    raise Fault(400, f'Unknown argument: "{call.numbers[0]}"')


def _get(handler: Handler, known: Known | None = None, who: Who = "anyone") -> Route:
    return Route(handler, who, known or {})


def _post(handler: Handler, who: Who = "user", schema: Schema | None = None) -> Route:
    return Route(handler, who, {}, schema)


_put = _delete = _post

STORIES: Known = {
    **OFFSET,
    **dict.fromkeys(("title", "description", "tags_filter_type"), "text"),
    **dict.fromkeys(("status", "tags"), "list"),
    **dict.fromkeys(("assignee_id", "creator_id", "project_group_id", "project_id"), "int"),
    **dict.fromkeys(("subscriber_id", "board_id", "worklist_id"), "int"),
    "updated_since": "date",
}
TASKS: Known = {
    **MARKED,
    **dict.fromkeys(("title", "link"), "text"),
    **dict.fromkeys(("status", "priority"), "list"),
    **dict.fromkeys(("story_id", "assignee_id", "project_id", "project_group_id"), "int"),
    **dict.fromkeys(("branch_id", "milestone_id"), "int"),
}
EVENTS: Known = {
    **SORTED,
    "offset": "int",
    "event_type": "list",
    **dict.fromkeys(("story_id", "worklist_id", "board_id"), "int"),
}
PROJECTS: Known = {
    **OFFSET,
    **dict.fromkeys(("name", "description", "title"), "text"),
    **dict.fromkeys(("project_group_id", "subscriber_id"), "int"),
}
USERS: Known = {**OFFSET, **dict.fromkeys(("email", "full_name", "openid"), "text")}
BRANCHED: Known = {
    **OFFSET,
    "name": "text",
    **dict.fromkeys(("project_id", "project_group_id", "branch_id"), "int"),
}
LISTS: Known = {
    **OFFSET,
    "title": "text",
    "archived": "flag",
    "hide_lanes": "flag",
    **dict.fromkeys(("creator_id", "project_id", "story_id", "task_id", "board_id"), "int"),
}
FOLLOWED: Known = {**MARKED, "target_type": "list", "target_id": "int", "user_id": "int"}
TAGS: Known = {**MARKED, "name": "text", "story_id": "int"}
SEARCH: Known = {"q": "text", "limit": "int", "marker": "int", "offset": "int"}
STORY_SEARCH: Known = {
    **{name: kind for name, kind in STORIES.items() if name not in ("title", "description")},
    **SEARCH,
}
TASK_SEARCH: Known = {
    **{name: kind for name, kind in TASKS.items() if name not in ("title", "link", "priority")},
    **SEARCH,
}

ALL = "DELETE, GET, POST, PUT"
GPP = "GET, POST, PUT"

#: by pattern: `#` is a number, `*` anything
TREE: dict[str, Resource] = {
    "systeminfo": Resource({"GET": _get(_system)}, "GET"),
    "task_statuses": Resource({"GET": _get(tasklist.statuses)}, "GET"),
    "stories": Resource(
        {
            "GET": _get(storylist.list_all, STORIES),
            "POST": _post(stories.post, schema=schemas.STORY),
            "PUT": _put(_no_number("story_id"), schema=schemas.STORY),
        },
        ALL,
    ),
    "stories/search": Resource({"GET": _get(storylist.search, STORY_SEARCH)}, ALL),
    "stories/#": Resource(
        {
            "GET": _get(stories.get),
            "POST": _post(_numbered_post),
            "PUT": _put(stories.put, schema=schemas.STORY),
            "DELETE": _delete(stories.delete, "superuser"),
        },
        ALL,
        ("story_id",),
    ),
    "stories/#/tasks": Resource(
        {
            "GET": _get(tasklist.list_of_story, TASKS),
            "POST": _post(tasks.post_below_story, schema=schemas.TASK),
        },
        ALL,
        ("story_id",),
    ),
    "stories/#/tasks/#": Resource(
        {
            "GET": _get(tasks.get),
            "PUT": _put(tasks.put, schema=schemas.TASK),
            "DELETE": _delete(tasks.delete),
        },
        ALL,
        ("story_id", "task_id"),
    ),
    "stories/#/comments": Resource(
        {"GET": _get(comments.list_all, MARKED), "POST": _post(comments.post)},
        ALL,
        ("story_id",),
    ),
    "stories/#/comments/#": Resource(
        {
            "GET": _get(comments.get),
            "PUT": _put(comments.put),
            "DELETE": _delete(comments.delete, "superuser"),
        },
        ALL,
        ("story_id", "comment_id"),
    ),
    "stories/#/comments/#/history": Resource(
        {"GET": _get(comments.history)}, ALL, ("story_id", "comment_id")
    ),
    "stories/#/events": Resource(
        {"GET": _get(events.list_of_story, {**OFFSET, "event_type": "list"})},
        "GET",
        ("story_id",),
    ),
    "stories/#/events/#": Resource({"GET": _get(events.get)}, "GET", ("story_id", "event_id")),
    "stories/#/tags": Resource(
        {
            "GET": _get(tags.list_of_story),
            "PUT": _put(tags.put),
            "DELETE": _delete(tags.delete),
        },
        ALL,
        ("story_id",),
    ),
    "tasks": Resource(
        {"GET": _get(tasklist.list_all, TASKS), "POST": _post(tasks.post, schema=schemas.TASK)}, ALL
    ),
    "tasks/search": Resource({"GET": _get(tasklist.search, TASK_SEARCH)}, ALL),
    "tasks/#": Resource(
        {
            "GET": _get(tasks.get),
            "PUT": _put(tasks.put, schema=schemas.TASK),
            "DELETE": _delete(tasks.delete),
        },
        ALL,
        ("task_id",),
    ),
    "events": Resource({"GET": _get(events.list_all, EVENTS)}, "GET"),
    "events/#": Resource({"GET": _get(events.get)}, "GET", ("event_id",)),
    "tags": Resource({"GET": _get(tags.list_all, TAGS), "POST": _post(tags.post)}, ALL),
    "tags/#": Resource(
        {"GET": _get(tags.get), "PUT": _put(tags.put), "DELETE": _delete(tags.delete)},
        ALL,
        ("tag_id",),
    ),
    "projects": Resource(
        {
            "GET": _get(projects.list_all, PROJECTS),
            "POST": _post(projects.post, "superuser", schemas.NAMED),
        },
        GPP,
    ),
    "projects/#": Resource(
        {"PUT": _put(projects.put, "superuser", schemas.NAMED)}, GPP, ("project_id",)
    ),
    "projects/*": Resource({"GET": _get(projects.get)}, GPP),
    "project_groups": Resource(
        {
            "GET": _get(projects.list_groups, PROJECTS),
            "POST": _post(projects.post_group, "superuser", schemas.GROUP),
        },
        ALL,
    ),
    "project_groups/#": Resource(
        {
            "GET": _get(projects.get_group),
            "PUT": _put(projects.put_group, "superuser", schemas.GROUP),
            "DELETE": _delete(projects.delete_group, "superuser"),
        },
        ALL,
        ("project_group_id",),
    ),
    "project_groups/#/projects": Resource(
        {"GET": _get(projects.list_members)}, "DELETE, GET, PUT", ("project_group_id",)
    ),
    "project_groups/#/projects/#": Resource(
        {
            "PUT": _put(projects.add_member, "superuser"),
            "DELETE": _delete(projects.remove_member, "superuser"),
        },
        "DELETE, GET, PUT",
        ("project_group_id", "project_id"),
    ),
    "branches": Resource(
        {
            "GET": _get(BRANCHES.list_all, BRANCHED),
            "POST": _post(BRANCHES.post, "superuser", schemas.NAMED),
        },
        GPP,
    ),
    "branches/#": Resource(
        {"GET": _get(BRANCHES.get), "PUT": _put(BRANCHES.put, "superuser", schemas.NAMED)},
        GPP,
        ("branch_id",),
    ),
    "milestones": Resource(
        {
            "GET": _get(MILESTONES.list_all, BRANCHED),
            "POST": _post(MILESTONES.post, "superuser", schemas.NAMED),
        },
        GPP,
    ),
    "milestones/#": Resource(
        {"GET": _get(MILESTONES.get), "PUT": _put(MILESTONES.put, "superuser", schemas.NAMED)},
        GPP,
        ("milestone_id",),
    ),
    "users": Resource(
        {
            "GET": _get(users.list_all, USERS),
            "POST": _post(users.post, "superuser", schemas.USER),
        },
        GPP,
    ),
    "users/search": Resource({"GET": _get(users.search, SEARCH)}, GPP),
    "users/self": Resource({"GET": _get(users.me, who="user")}, GPP),
    "users/#": Resource(
        {"GET": _get(users.get), "PUT": _put(users.put, schema=schemas.USER)}, GPP, ("user_id",)
    ),
    "users/#/tokens": Resource(
        {"GET": _get(users.list_tokens, MARKED, "user"), "POST": _post(users.post_token)},
        ALL,
        ("user_id",),
    ),
    "users/#/tokens/#": Resource(
        {
            "GET": _get(users.get_token, who="user"),
            "PUT": _put(users.put_token),
            "DELETE": _delete(users.delete_token),
        },
        ALL,
        ("user_id", "access_token_id"),
    ),
    "teams": Resource(
        {
            "GET": _get(teams.list_all, PROJECTS),
            "POST": _post(teams.post, "superuser", schemas.TEAM),
        },
        ALL,
    ),
    "teams/#": Resource(
        {
            "PUT": _put(teams.put, "superuser", schemas.TEAM),
            "DELETE": _delete(teams.delete, "superuser"),
        },
        ALL,
        ("team_id",),
    ),
    "teams/*": Resource({"GET": _get(teams.get)}, ALL),
    "teams/#/users": Resource({"GET": _get(teams.list_members)}, "DELETE, GET, PUT", ("team_id",)),
    "teams/#/users/#": Resource(
        {
            "PUT": _put(teams.add_member, "superuser"),
            "DELETE": _delete(teams.remove_member, "superuser"),
        },
        "DELETE, GET, PUT",
        ("team_id", "user_id"),
    ),
    "subscriptions": Resource(
        {
            "GET": _get(subscriptions.list_all, FOLLOWED, "user"),
            "POST": _post(subscriptions.post),
        },
        "DELETE, GET, POST",
    ),
    "subscriptions/#": Resource(
        {
            "GET": _get(subscriptions.get, who="user"),
            "DELETE": _delete(subscriptions.delete),
        },
        "DELETE, GET, POST",
        ("subscription_id",),
    ),
    "worklists": Resource(
        {"GET": _get(worklists.list_all, LISTS), "POST": _post(worklists.post)}, ALL
    ),
    "worklists/#": Resource(
        {
            "GET": _get(worklists.get),
            "PUT": _put(worklists.put),
            "DELETE": _delete(worklists.delete),
        },
        ALL,
        ("worklist_id",),
    ),
    "worklists/#/items": Resource(
        {
            "GET": _get(worklists.list_items),
            "POST": _post(worklists.add_item),
            "DELETE": _delete(worklists.remove_item),
        },
        ALL,
        ("worklist_id",),
    ),
    "worklists/#/items/#": Resource(
        {"PUT": _put(worklists.put_item), "DELETE": _delete(worklists.remove_item)},
        ALL,
        ("worklist_id", "item_id"),
    ),
    "boards": Resource({"GET": _get(boards.list_all, LISTS), "POST": _post(boards.post)}, ALL),
    "boards/#": Resource({"GET": _get(boards.get)}, ALL, ("board_id",)),
    "due_dates": Resource(
        {"GET": _get(boards.list_due_dates, LISTS), "POST": _post(boards.post_due_date)}, ALL
    ),
    "due_dates/#": Resource(
        {"GET": _get(boards.get_due_date), "PUT": _put(boards.put_due_date)},
        ALL,
        ("due_date_id",),
    ),
}
