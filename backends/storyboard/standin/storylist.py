"""The list of stories with its filters, and the search in their text."""

from __future__ import annotations

import re
from typing import Any

from tracker_migrate.backends.storyboard.standin import acl, dates, sqltext, summary
from tracker_migrate.backends.storyboard.standin.call import Call
from tracker_migrate.backends.storyboard.standin.collation import fold, weights
from tracker_migrate.backends.storyboard.standin.errors import Fault
from tracker_migrate.backends.storyboard.standin.paging import Query, any_of, fetch

SORTABLE = [
    "id",
    "created_at",
    "updated_at",
    "creator_id",
    "story_type_id",
    "title",
    "description",
    "is_bug",
    "private",
]
OF_TASKS = "id IN (SELECT story_id FROM task WHERE {})"
STATUS = {
    "active": OF_TASKS.format("status IN ('todo', 'inprogress', 'review')"),
    "merged": OF_TASKS.format("status = 'merged'"),
}
STATUS["merged"] = f"({STATUS['merged']} AND NOT {STATUS['active']})"
STATUS["invalid"] = f"NOT ({STATUS['active']} OR {STATUS['merged']})"
LANES = "SELECT list_id FROM lane WHERE board_id = ?"
ON_LIST = "id IN (SELECT item_id FROM worklist_item WHERE item_type = 'story' AND list_id IN ({}))"
GROUPED = "project_id IN (SELECT project_id FROM project_group_member WHERE group_id = ?)"
FOLLOWED = "id IN (SELECT target_id FROM subscription WHERE target_type = 'story' AND user_id = ?)"
BY_NUMBER = {
    "assignee_id": OF_TASKS.format("assignee_id = ?"),
    "project_id": OF_TASKS.format("project_id = ?"),
    "project_group_id": OF_TASKS.format(GROUPED),
    "subscriber_id": FOLLOWED,
    "worklist_id": ON_LIST.format("?"),
    "board_id": ON_LIST.format(LANES),
}


def _visible(call: Call) -> Query:
    query = Query("story", tuple(SORTABLE))
    return query.visible(acl.visible("id"), call.user, call.user)


def list_all(call: Call) -> list[dict[str, Any]]:
    """GET /stories: everything without a limit, descriptions included."""
    query = _visible(call).alike(call, "title", "description").equal(call, "creator_id")
    for name, condition in BY_NUMBER.items():
        if call.args.get(name) is not None:
            query.only(condition, call.args[name])
    _filter_status(call, query)
    _filter_tags(call, query)
    _filter_date(call, query)
    return summary.stories(call, fetch(call, query))


def _filter_status(call: Call, query: Query) -> None:
    wanted = call.args.get("status")
    if wanted:
        known = [STATUS[name] for name in wanted if name in STATUS]
        query.only(f"({' OR '.join(known)})" if known else "0")


def _filter_tags(call: Call, query: Query) -> None:
    """All of the tags, or any (facts 5), by the collation of their names."""
    names = {fold(name) for name in call.args.get("tags", ())}
    if not names:
        return
    condition, parameters = any_of("folded", names)
    least = 1 if call.args.get("tags_filter_type") == "any" else len(names)
    query.only(
        "id IN (SELECT story_id FROM story_tag JOIN tag ON tag.id = tag_id "
        f"WHERE {condition} GROUP BY story_id HAVING count(*) >= {least})",
        *parameters,
    )


def _filter_date(call: Call, query: Query) -> None:
    """Exclusive, on whole seconds; a fraction in the question counts (change-feed)."""
    since = call.args.get("updated_since")
    if since is None:
        return
    if since.tzinfo is None:
        start = f"(builtins.RuntimeError) {sqltext.NAIVE}\n[SQL: SELECT story_summary.id AS "
        raise Fault(500, f"{start}story_summary_id]\n[parameters: [immutabledict({{}})]]")
    query.only("updated_at > ?", dates.kept(since))


def search(call: Call) -> list[dict[str, Any]]:
    """GET /stories/search: every term must begin a word, a quoted one stand as it is.

    An unquoted term with a hyphen finds nothing: the hyphen is an operator there (facts 6).
    """
    text = call.args.get("q") or ""
    if not text:
        raise Fault(500, "string index out of range")
    terms = [quoted or word for quoted, word in re.findall(r'"([^"]*)"|(\S+)', text)]
    query = _visible(call)
    for term in terms:
        if "-" in term and '"' not in text:
            query.only("0")
        query.only("begins(?, title || ' ' || ifnull(description, ''))", weights(term))
    return summary.stories(call, fetch(call, _unmarked(call, query), total=False))


def _unmarked(call: Call, query: Query) -> Query:
    """It takes a marker and ignores it, and tells no X-Limit (paging)."""
    call.args.pop("marker", None)
    return query
