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
    query = _filtered(call).alike(call, "title", "description")
    _filter_status(call, query)
    return summary.stories(call, fetch(call, query))


def _filtered(call: Call) -> Query:
    """What the list and the search have in common: who may see it, and most filters."""
    query = _visible(call).equal(call, "creator_id")
    for name, condition in BY_NUMBER.items():
        if call.args.get(name) is not None:
            query.only(condition, call.args[name])
    _filter_tags(call, query)
    _filter_date(call, query)
    return query


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
    """GET /stories/search: any term may begin a word, a quoted one stands as it is.

    An unquoted term with a hyphen finds nothing: the hyphen is an operator there (facts 6).
    """
    query = searched(call, _filtered(call), "title || ' ' || ifnull(description, '')")
    _filter_status(call, query)
    return summary.stories(call, fetch(call, _unmarked(call, query), total=False))


def searched(call: Call, query: Query, text: str) -> Query:
    """A search in a text among the rows of a query; 500 for an empty question.

    Upstream lists the numbers of these rows first, and searches among all rows if there are none,
    whoever asks: only a story's status is looked at afterwards.
    """
    asked = call.args.get("q") or ""
    if not asked:
        raise Fault(500, "string index out of range")
    condition, parameters = query.condition()
    if call.settings.leaky_search:
        sql = f"SELECT 1 FROM {query.table} WHERE {condition}"
        if call.store.one(sql, parameters) is None:
            query = Query(query.table, query.sortable)
    terms = re.findall(r'"([^"]*)"|(\S+)', asked)
    hyphen = "-" in asked and '"' not in asked
    found = [] if hyphen else [weights((quoted or word).rstrip("*")) for quoted, word in terms]
    return query.only(f"({' OR '.join([f'begins(?, {text})'] * len(found)) or '0'})", *found)


def _unmarked(call: Call, query: Query) -> Query:
    """It takes a marker and ignores it, and tells no X-Limit (paging)."""
    call.args.pop("marker", None)
    return query
