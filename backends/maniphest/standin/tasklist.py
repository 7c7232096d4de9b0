"""maniphest.search."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from tracker_migrate.backends.maniphest.standin import params
from tracker_migrate.backends.maniphest.standin.call import Call
from tracker_migrate.backends.maniphest.standin.config import CONSTRAINED, CustomField
from tracker_migrate.backends.maniphest.standin.edges import Edge
from tracker_migrate.backends.maniphest.standin.listing import (
    Column,
    Constraint,
    Filter,
    Listing,
    Orders,
    fulltext,
    ids,
    numbers,
    phids,
    since,
    truth,
    until,
    words,
)
from tracker_migrate.backends.maniphest.standin.store import fold
from tracker_migrate.backends.maniphest.standin.tasks import SELECT, Task, revive

_OPEN_END = (
    "EXISTS (SELECT 1 FROM edge JOIN task AS other ON other.phid = edge.dst "
    "WHERE edge.src = task.phid AND edge.type = {} AND other.status = 'open')"
)
_ENDS = (
    "task.phid IN (SELECT edge.src FROM task AS other JOIN edge ON edge.dst = other.phid "
    "WHERE edge.type = {} AND other.id IN ({}))"
)
_TO = "task.phid IN (SELECT src FROM edge WHERE dst IN ({}) AND type = {})"


class TaskList(Listing):
    """Tasks."""

    table = "task"
    select = SELECT
    kind = "TASK"
    attachments = ("columns", "subscribers", "projects")
    saved: Mapping[str, str] = {"all": "1", "open": "status = 'open'"}

    def constraints(self) -> Mapping[str, Constraint]:
        """In the server's order."""
        custom = {
            f"custom.{entry.key}": _custom(entry)
            for entry in self.site.config.fields
            if entry.search and entry.type in CONSTRAINED
        }
        return {**_CONSTRAINTS, **custom}

    def orders(self) -> Orders:
        """Also by those custom fields that are numbers."""
        fields = [
            entry
            for entry in self.site.config.fields
            if entry.search and entry.type in ("int", "date")
        ]
        return _orders(fields)

    def revive(self, row: Sequence[Any]) -> Task:
        """A task."""
        return revive(row)

    def fields(self, thing: Task) -> dict[str, Any]:
        """Its fields."""
        return self.site.tasks.fields(thing)

    def attachment(self, name: str, thing: Task) -> Any:
        """Boards (none here), projects, subscribers."""
        if name == "columns":
            return {"boards": []}
        if name == "projects":
            return {"projectPHIDs": self.site.edges.of(thing.phid, Edge.PROJECT)}
        found = self.site.edges.of(thing.phid, Edge.SUBSCRIBER)
        return {
            "subscriberPHIDs": found,
            "subscriberCount": len(found),
            # an owner counts as subscribed (task-create-full, exchange 28)
            "viewerIsSubscribed": self.call.user.phid in (*found, thing.owner),
        }


def search(call: Call) -> dict[str, Any]:
    """maniphest.search."""
    return TaskList(call).run()


# -- orders ---------------------------------------------------------------------------------


def _orders(fields: list[CustomField]) -> Orders:
    custom = {f"custom.{entry.key}": Column(_number_of(entry)) for entry in fields}
    named: dict[str, Sequence[str]] = {}
    aliases = dict(_ALIASES)
    for entry in fields:
        key = f"custom.{entry.key}"
        named[key], named[f"-{key}"] = [key, "id"], [f"-{key}", "-id"]
        aliases[f"custom:std:maniphest:{entry.key}"] = key
    return Orders(
        query="ManiphestTaskQuery",
        columns={**_COLUMNS, **custom},
        builtin={**_BUILTIN, **named, "relevance": ["id"]},
        # not the newest first, unless asked for: priority comes before (127-form-encoded-search)
        default=["priority", "id"],
        aliases=aliases,
        column_names=["id", *custom, "rank", "fulltext-created", "fulltext-modified", *_NAMES],
    )


def _number_of(entry: CustomField) -> str:
    # a task without a value comes after all others
    key = entry.key.replace("'", "''")
    return (
        "coalesce((SELECT value FROM number_index WHERE number_index.object = task.phid "
        f"AND field = '{key}'), -9223372036854775808)"
    )


_NAMES = ("priority", "owner", "status", "project", "title", "updated", "closed")
_COLUMNS = {
    "id": Column("task.id"),
    "rank": Column("0"),
    "fulltext-created": Column("task.created"),
    "fulltext-modified": Column("task.modified"),
    "priority": Column("task.priority"),
    "owner": Column("coalesce(task.owner, '')", rising=True),
    "status": Column("task.status", rising=True),
    "project": Column("0"),
    "title": Column("lower(task.title)", rising=True),
    "updated": Column("task.modified"),
    "closed": Column("coalesce(task.closed, -1)"),
}
_BUILTIN: Mapping[str, Sequence[str]] = {
    "priority": ["priority", "id"],
    "updated": ["updated", "id"],
    "outdated": ["-updated", "-id"],
    "newest": ["id"],
    "oldest": ["-id"],
    "closed": ["closed", "id"],
    "title": ["title", "id"],
}
_ALIASES = {
    "order-priority": "priority",
    "order-modified": "updated",
    "created": "newest",
    "order-created": "newest",
    "order-title": "title",
}


# -- constraints ----------------------------------------------------------------------------


def _people(call: Call, filtered: Filter, name: str, value: Any) -> None:
    found = call.site.people.resolve(params.strings(name, value))
    if found:
        filtered.among("task.owner", found)


def _subscribers(call: Call, filtered: Filter, name: str, value: Any) -> None:
    found = call.site.people.resolve(params.strings(name, value))
    if found:
        marks = ",".join("?" * len(found))
        filtered.add(_TO.format(marks, int(Edge.SUBSCRIBER)), *found)


def _projects(call: Call, filtered: Filter, name: str, value: Any) -> None:
    """Each project must be on the task, itself or by something below it."""
    for given in params.strings(name, value):
        phid = given if given.startswith("PHID-") else call.site.projects.by_slug(given)
        below = call.site.projects.below(phid or given)
        filtered.add(_TO.format(",".join("?" * len(below)), int(Edge.PROJECT)), *below)


def _ends(kind: Edge) -> Constraint:
    def narrow(call: Call, filtered: Filter, name: str, value: Any) -> None:
        given = params.integers(name, params.nonempty(name, params.array(name, value)), call.strict)
        filtered.add(_ENDS.format(int(kind), ",".join("?" * len(given))), *given)

    return narrow


def _columns(call: Call, filtered: Filter, name: str, value: Any) -> None:
    if params.strings(name, value):
        filtered.nothing()


def _group(call: Call, filtered: Filter, name: str, value: Any) -> None:
    params.string(name, value)


def _custom(entry: CustomField) -> Constraint:
    """A custom field: a list of whole texts, or one number. An empty list is no constraint."""
    table = "number_index" if entry.type in ("int", "bool") else "string_index"

    def narrow(call: Call, filtered: Filter, name: str, value: Any) -> None:
        if table == "number_index":
            wanted: list[Any] = [params.integer(name, value, call.strict)]
        else:
            wanted = sorted({fold(text) for text in params.strings(name, value)})
        if wanted:
            filtered.add(
                f"task.phid IN (SELECT object FROM {table} WHERE field = ? "
                f"AND value IN ({','.join('?' * len(wanted))}))",
                entry.key,
                *wanted,
            )

    return narrow


_CONSTRAINTS: Mapping[str, Constraint] = {
    "ids": ids("task.id"),
    "phids": phids("task.phid"),
    "assigned": _people,
    "authorPHIDs": words("task.author"),
    "statuses": words("task.status"),
    "priorities": numbers("task.priority"),
    "subtypes": words("task.subtype"),
    "columnPHIDs": _columns,
    "hasParents": truth(_OPEN_END.format(int(Edge.PARENT))),
    "hasSubtasks": truth(_OPEN_END.format(int(Edge.SUBTASK))),
    "parentIDs": _ends(Edge.PARENT),
    "subtaskIDs": _ends(Edge.SUBTASK),
    "group": _group,
    "createdStart": since("task.created"),
    "createdEnd": until("task.created"),
    "modifiedStart": since("task.modified"),
    "modifiedEnd": until("task.modified"),
    "closedStart": since("task.closed"),
    "closedEnd": until("task.closed"),
    "closerPHIDs": words("task.closer"),
    "query": fulltext,
    "subscribers": _subscribers,
    "projects": _projects,
    "spaces": words("task.space"),
}
