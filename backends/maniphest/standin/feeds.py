"""transaction.search (one object, or all tasks) and edge.search."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any

from tracker_migrate.backends.maniphest.standin import comments, params
from tracker_migrate.backends.maniphest.standin.call import Call
from tracker_migrate.backends.maniphest.standin.edges import PUBLIC, Edge
from tracker_migrate.backends.maniphest.standin.errors import ConduitError
from tracker_migrate.backends.maniphest.standin.listing import Filter, as_map, cut
from tracker_migrate.backends.maniphest.standin.names import by_name, by_phid
from tracker_migrate.backends.maniphest.standin.projects import Project
from tracker_migrate.backends.maniphest.standin.store import kind_of
from tracker_migrate.backends.maniphest.standin.tasks import Task

LARGEST = 1000
_COLUMNS = "id, phid, object, author, created, type, fields, grp, comment_id, comment_phid, comment"
_BATCH = 1001
_NO_OBJECT = ConduitError('Specified "objectIdentifier" does not exist.', "ERR-INVALID-OBJECT-PHID")
_NO_TYPE = ConduitError(
    'Specified "objectType" does not exist. See the endpoint documentation for valid object types.',
    "ERR-INVALID-OBJECT-TYPE",
)
_NEITHER = ConduitError(
    'Must specify either parameter "objectType" or parameter "objectIdentifier".',
    "ERR-INVALID-PARAMETER",
)
_NO_SOURCES = ConduitError(
    'Must pass an array of PHIDs for parameter "sourcePHIDs".', "ERR-ARRAY-SOURCEPHIDS"
)
_BAD_SOURCES = ConduitError(
    'Invalid PHID(s) included for parameter "sourcePHIDs".', "ERR-BAD-SOURCEPHIDS"
)
_NO_TYPES = ConduitError('Must pass an array for parameter "types".', "ERR-ARRAY-TYPES")
_BAD_TYPES = ConduitError('Invalid edge type(s) included for parameter "types".', "ERR-BAD-TYPES")


# -- transactions ---------------------------------------------------------------------------


def transactions(call: Call) -> dict[str, Any]:
    """transaction.search: the newest first, without those of tasks that the caller can't see."""
    kind, target = _target(call)
    filtered = Filter()
    if target is not None:
        filtered.add("object = ?", target)
    constraints = as_map(call.get("constraints", {}))
    for name, column in (("phids", "phid"), ("authorPHIDs", "author")):
        if name in constraints:
            filtered.among(column, params.strings(name, constraints[name]))
    limit = _limit(call)
    after, before = call.get("after"), call.get("before")
    backwards = bool(before) and not after
    if after or before:
        filtered.add(f"id {'>' if backwards else '<'} ?", int(after or before))
    found: list[Sequence[Any]] = []
    for row in _rows(call, kind, filtered, backwards, bool(target)):
        found.append(row)
        if len(found) > limit:
            break
    page, following, preceding = cut(found, limit, bool(after), backwards, lambda row: str(row[0]))
    return {
        "data": [_shown(call, row) for row in page],
        "cursor": {"limit": limit, "after": following, "before": preceding},
    }


def _target(call: Call) -> tuple[str, str | None]:
    name, kind = call.get("objectIdentifier"), call.get("objectType")
    if kind is not None:
        if kind not in ("TASK", "PROJ"):
            raise _NO_TYPE
        return kind, None
    if name is None:
        raise _NEITHER
    thing = by_name(call, str(name))
    if thing is None and kind_of(str(name)) == "TASK":
        _refuse_hidden(call, str(name))
    if not isinstance(thing, (Task, Project)):
        raise _NO_OBJECT
    return kind_of(thing.phid), thing.phid


def _refuse_hidden(call: Call, phid: str) -> None:
    """A PHID tells hidden from absent (private-task-life, exchanges 15 and 16)."""
    task = call.site.tasks.by_phid(phid)
    if task is not None:
        call.site.policies.require(call.user, task, "view")


def _limit(call: Call) -> int:
    limit = call.get("limit", 100)
    try:
        return max(1, min(LARGEST, int(limit)))
    except (TypeError, ValueError):
        return LARGEST


def _rows(
    call: Call, kind: str, filtered: Filter, backwards: bool, known_visible: bool
) -> Iterator[Sequence[Any]]:
    order = "ASC" if backwards else "DESC"
    table = call.site.logs[kind].table
    sql = (
        f"SELECT {_COLUMNS} FROM {table} WHERE {filtered.sql} ORDER BY id {order} LIMIT ? OFFSET ?"
    )
    seen: dict[str, bool] = {}
    offset = 0
    while True:
        rows = call.site.store.rows(sql, [*filtered.args, _BATCH, offset])
        for row in rows:
            phid = row[2]
            if not known_visible and phid not in seen:
                seen[phid] = by_phid(call, phid) is not None
            if known_visible or seen[phid]:
                yield tuple(row)
        if len(rows) < _BATCH:
            return
        offset += _BATCH


def _shown(call: Call, row: Sequence[Any]) -> dict[str, Any]:
    number, phid, target, author, created, kind, fields, group, *comment = row
    said = []
    if comment[0] is not None:
        said = comments.versions(call.site.store, phid, author, created, *comment)
    return {
        "id": number,
        "phid": phid,
        "type": kind,
        "authorPHID": author,
        "objectPHID": target,
        "dateCreated": created,
        "dateModified": created,
        "groupID": group,
        "comments": said,
        "fields": json.loads(fields),
    }


# -- edges ----------------------------------------------------------------------------------


def edges(call: Call) -> dict[str, Any]:
    """edge.search."""
    sources = _sources(call)
    kinds = _kinds(call)
    filtered = Filter()
    filtered.among("src", sources)
    filtered.among("type", [int(kind) for kind in kinds])
    if call.get("destinationPHIDs"):
        wanted = params.strings("destinationPHIDs", call.get("destinationPHIDs"))
        filtered.among("dst", wanted)
    limit, after = _limit(call), call.get("after")
    if after:
        created, _, seq = str(after).partition("_")
        filtered.add("created < ? OR (created = ? AND seq < ?)", created, created, seq or 0)
    # one list is a walk along its key, several are sorted: that decides among equals
    ties = "dst DESC" if len(sources) == len(kinds) == 1 else "src, type, dst"
    sql = f"SELECT src, type, dst, created, seq FROM edge WHERE {filtered.sql}"
    order = f"ORDER BY created DESC, seq DESC, {ties} LIMIT ?"
    found = call.site.store.rows(f"{sql} {order}", [*filtered.args, limit + 1])
    page, following, preceding = cut(
        list(found), limit, bool(after), False, lambda row: f"{row[3]}_{row[4]}"
    )
    return {
        "data": [_edge(*row[:3]) for row in page],
        "cursor": {"limit": limit, "after": following, "before": preceding},
    }


def _sources(call: Call) -> list[str]:
    given = call.get("sourcePHIDs")
    if not isinstance(given, list) or not given:
        raise _NO_SOURCES
    if any(not isinstance(phid, str) or by_phid(call, phid) is None for phid in given):
        raise _BAD_SOURCES
    return given


def _kinds(call: Call) -> list[Edge]:
    given = call.get("types")
    if not isinstance(given, list) or not given:
        raise _NO_TYPES
    if any(name not in PUBLIC for name in given):
        raise _BAD_TYPES
    return [kind for name in given if (kind := PUBLIC[name]) is not None]


_PUBLIC_NAMES = {kind: name for name, kind in PUBLIC.items() if kind is not None}


def _edge(src: str, kind: int, dst: str) -> dict[str, Any]:
    name = _PUBLIC_NAMES[Edge(kind)]
    return {"sourcePHID": src, "edgeType": name, "destinationPHID": dst}
