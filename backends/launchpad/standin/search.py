"""searchTasks on every target, with the filters, orders and traps of the real one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from tracker_migrate.backends.launchpad.standin.context import Context
from tracker_migrate.backends.launchpad.standin.dates import parse_date
from tracker_migrate.backends.launchpad.standin.derived import CLOSED
from tracker_migrate.backends.launchpad.standin.entry import Entry
from tracker_migrate.backends.launchpad.standin.errors import Refusal
from tracker_migrate.backends.launchpad.standin.ordering import order_sql
from tracker_migrate.backends.launchpad.standin.paging import Listing
from tracker_migrate.backends.launchpad.standin.privacy import counted, readable
from tracker_migrate.backends.launchpad.standin.wadl_options import (
    IMPORTANCES,
    INFORMATION_TYPES,
    STATUSES,
)

_OPEN = tuple(s for s in STATUSES if s not in CLOSED and s != "Unknown")
#: accepted as filters although no task shows them
_HALVES = {
    "Incomplete (with response)": "Incomplete",
    "Incomplete (without response)": "Incomplete",
}
#: which table leads; a poll for changes must not look at every task
_BY_TARGET = "task t JOIN bug b ON b.id=t.bug"
_BY_DATE = "bug b INDEXED BY bug_updated CROSS JOIN task t ON t.bug=b.id AND b.updated>''"
_COLUMNS = "t.bug, t.target, t.data, b.title"


@dataclass
class Query:
    """A condition that grows: SQL pieces and their values."""

    pieces: list[str] = field(default_factory=list)
    values: list[Any] = field(default_factory=list)

    def add(self, sql: str, *values: Any) -> None:
        """And this too."""
        self.pieces.append(sql)
        self.values.extend(values)

    def among(self, column: str, values: list[str]) -> None:
        """The column has one of these values."""
        self.add(f"{column} IN ({','.join('?' * len(values))})", *values)

    @property
    def where(self) -> str:
        """The whole condition."""
        return " AND ".join(self.pieces) or "1"


def search_tasks(ctx: Context, target: Entry) -> Listing:
    """The answer of `ws.op=searchTasks` on a target."""
    query = Query()
    _add_target(ctx, target, query)
    for add in _FILTERS:
        add(ctx, query)
    sql, values = readable(counted(ctx.view))
    query.add(sql, *values)
    order = ctx.values("order_by")
    by_date = bool(ctx.text("modified_since") or order[:1] == ["date_last_updated"])
    source = f"FROM {_BY_DATE if by_date else _BY_TARGET} WHERE {query.where}"
    number = "b.id" if by_date else "t.bug"

    def count() -> int:
        return int(ctx.store.scalar(f"SELECT count(*) {source}", *query.values))

    def fetch(limit: int, offset: int) -> list[Entry]:
        by = order_sql(order, offset, number)
        sql = f"SELECT {_COLUMNS} {source} ORDER BY {by} LIMIT ? OFFSET ?"
        rows = ctx.store.db.execute(sql, (*query.values, limit, offset))
        return [ctx.store.task_entry(row) for row in rows]

    order_sql(order, 0)  # a bad one is refused before anything is asked
    return Listing(None, count, fetch)


def _add_target(ctx: Context, target: Entry, query: Query) -> None:
    path = target.path
    match target.kind:
        case "project" | "project_series" | "distribution_source_package" | "source_package":
            query.add("t.target=?", path)
        case "distro_series":
            query.add("(t.target=? OR t.target LIKE ?)", path, f"{path}/+source/%")
        case "distribution":
            query.add("t.pillar=? AND (t.target=? OR t.target LIKE ?)",
                      path, path, f"{path}/+source/%")  # fmt: skip
        case "project_group":
            group = "SELECT path FROM item WHERE kind='project' AND json_extract(data, "
            seen = "SELECT target FROM relation WHERE name='projects' AND source=?"
            query.add(f"t.target IN ({group}'$.project_group_link')=? UNION {seen})", path, path)
        case "milestone":
            query.add("t.milestone=?", path)
        case "project_group_milestone":
            _add_group_milestone(path, query)
        case "person" | "team":
            query.add(
                "(t.assignee=?1 OR t.owner=?1 OR b.owner=?1 OR EXISTS(SELECT 1 FROM item s WHERE "
                "s.path='bugs/'||b.id||'/+subscription/'||substr(?1, 2)) OR EXISTS(SELECT 1 FROM "
                "message m WHERE m.bug=b.id AND m.owner=?1))".replace("?1", _quoted(path))
            )


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _add_group_milestone(path: str, query: Query) -> None:
    group, _, name = path.partition("/+milestone/")
    query.add(
        "t.milestone IN (SELECT path||'/+milestone/'||? FROM item WHERE kind='project' AND "
        "json_extract(data, '$.project_group_link')=?)",
        name,
        group,
    )


# -- filters: one function an argument -----------------------------------------------------------


def _choices(ctx: Context, name: str, known: tuple[str, ...]) -> list[str]:
    values = ctx.values(name)
    for value in values:
        if value not in known and value not in _HALVES:
            raise Refusal(400, f'{name}: Invalid value "{value}". Acceptable values are: '
                          f"{', '.join(known)}")  # fmt: skip
    return [_HALVES.get(value, value) for value in values]


def _status(ctx: Context, query: Query) -> None:
    known = tuple(s for s in STATUSES if s != "Unknown")  # status=Unknown is refused: 400
    query.among("t.status", _choices(ctx, "status", known) or list(_OPEN))


def _importance(ctx: Context, query: Query) -> None:
    if values := _choices(ctx, "importance", IMPORTANCES):
        query.among("t.importance", values)


def _information_type(ctx: Context, query: Query) -> None:
    if values := _choices(ctx, "information_type", INFORMATION_TYPES):
        query.among("b.info", values)


def _duplicates(ctx: Context, query: Query) -> None:
    if ctx.flag("omit_duplicates", True):
        query.add("b.duplicate_of IS NULL")


def _dates(ctx: Context, query: Query) -> None:
    for name, sql in (
        ("modified_since", "b.updated > ?"),
        ("created_since", "t.created > ?"),
        ("created_before", "t.created < ?"),
    ):
        value = ctx.text(name)
        if value:
            query.add(sql, parse_date(name, value))


_COMMENTED = "EXISTS(SELECT 1 FROM message m WHERE m.bug=b.id AND m.owner=? AND m.idx>0)"
_SUBSCRIBED = (
    "EXISTS(SELECT 1 FROM item s WHERE s.path='bugs/'||b.id||'/+subscription/'||substr(?, 2))"
)
_AFFECTED = (
    "EXISTS(SELECT 1 FROM relation r WHERE r.name='users_affected' AND "
    "r.source='bugs/'||b.id AND r.target=?)"
)
_PEOPLE = (
    ("assignee", "t.assignee=?"),
    ("owner", "t.owner=?"),
    ("bug_reporter", "b.owner=?"),
    ("bug_commenter", _COMMENTED),
    ("bug_subscriber", _SUBSCRIBED),
    ("affected_user", _AFFECTED),
)


def _people(ctx: Context, query: Query) -> None:
    for name, sql in _PEOPLE:
        path = ctx.path(name)
        if path is not None:
            _known(ctx, name, path)
            query.add(sql, path)


def _known(ctx: Context, name: str, path: str) -> None:
    if ctx.store.item(path) is None:
        raise Refusal(400, f'{name}: No such object "{ctx.link(path)}".')


def _milestone(ctx: Context, query: Query) -> None:
    path = ctx.path("milestone")
    if path is not None:
        query.add("t.milestone=?", path)


def _tags(ctx: Context, query: Query) -> None:
    tags = ctx.values("tags")
    if not tags:
        return
    pieces = [_tag_sql(tag) for tag in tags]
    word = " AND " if ctx.text("tags_combinator") == "All" else " OR "
    query.add(f"({word.join(sql for sql, _ in pieces)})", *(v for _, vs in pieces for v in vs))


def _tag_sql(tag: str) -> tuple[str, list[str]]:
    some = "b.id IN (SELECT bug FROM tag"
    if tag in ("*", "-*"):
        return f"{'NOT ' if tag == '-*' else ''}{some})", []
    if tag.startswith("-"):
        return f"NOT {some} WHERE tag=?)", [tag[1:]]
    return f"{some} WHERE tag=?)", [tag]


def _links(ctx: Context, query: Query) -> None:
    cve = "EXISTS(SELECT 1 FROM relation r WHERE r.name='cves' AND r.source='bugs/'||b.id)"
    if ctx.flag("has_cve"):
        query.add(cve)
    if ctx.flag("has_patch"):
        query.add("b.patch IS NOT NULL")
    for name, kind, end in (
        ("linked_branches", "linked_branches", "Branches"),
        ("linked_blueprints", "specs", "Blueprints"),
    ):
        some = f"EXISTS(SELECT 1 FROM relation r WHERE r.name='{kind}' AND r.source='bugs/'||b.id)"
        wanted = ctx.text(name)
        if wanted == f"Show only Bugs with linked {end}":
            query.add(some)
        elif wanted == f"Show only Bugs without linked {end}":
            query.add(f"NOT {some}")


def _words(ctx: Context, query: Query) -> None:
    for word in (ctx.text("search_text") or "").split():
        like = f"%{word}%"
        description = "json_extract(b.data, '$.description') LIKE ?"
        query.add(f"(b.title LIKE ? OR {description} OR CAST(b.id AS TEXT)=?)", like, like, word)


_FILTERS: tuple[Callable[[Context, Query], None], ...] = (
    _status, _importance, _information_type, _duplicates, _dates, _people, _milestone, _tags,
    _links, _words,
)  # fmt: skip
