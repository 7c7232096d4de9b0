"""Lists: filters, sorting, and pages by marker or offset, with the headers that tell of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from tracker_migrate.backends.storyboard.standin.call import Call
from tracker_migrate.backends.storyboard.standin.errors import Fault
from tracker_migrate.backends.storyboard.standin.store import Row

DIRECTIONS = {"asc": ">", "desc": "<"}
NO_LIMIT = "unsupported operand type(s) for +: 'int' and 'NoneType'"


@dataclass
class Query:
    """Rows of a table that satisfy all of some conditions.

    `seen` holds what a marker must satisfy as well: who may see it, and whose it is. A filter
    binds the rows only: `where`.
    """

    table: str
    sortable: tuple[str, ...]
    columns: Mapping[str, str] = field(default_factory=dict)  # what is sorted by instead
    where: list[str] = field(default_factory=list)
    parameters: list[Any] = field(default_factory=list)
    seen: list[str] = field(default_factory=list)
    seen_parameters: list[Any] = field(default_factory=list)

    def visible(self, condition: str, *parameters: Any) -> Query:
        """Bind rows and marker."""
        self.seen.append(condition)
        self.seen_parameters.extend(parameters)
        return self

    def only(self, condition: str, *parameters: Any) -> Query:
        """Bind the rows."""
        self.where.append(condition)
        self.parameters.extend(parameters)
        return self

    def equal(self, call: Call, *names: str) -> Query:
        """Filters by number: argument and column have one name."""
        for name in names:
            if call.args.get(name) is not None:
                self.only(f"{name} = ?", call.args[name])
        return self

    def alike(self, call: Call, *names: str) -> Query:
        """Filters by a part of a text; `%` and `_` are wild (facts 6)."""
        for name in names:
            if call.args.get(name) is not None:
                self.only(f"likes(?, {name})", f"%{call.args[name]}%")
        return self

    def condition(self) -> tuple[str, list[Any]]:
        """The WHERE of the rows, and its parameters."""
        text = " AND ".join([*self.seen, *self.where]) or "1"
        return text, [*self.seen_parameters, *self.parameters]


def any_of(name: str, values: Iterable[Any]) -> tuple[str, list[Any]]:
    """`name IN (...)`, and its parameters."""
    wanted = list(values)
    return f"{name} IN ({','.join('?' * len(wanted))})", wanted


@dataclass
class _Page:
    limit: int | None
    offset: int | None
    sort: str
    direction: str

    @classmethod
    def of(cls, call: Call, query: Query) -> _Page:
        limit = call.args.get("limit")
        sort = call.args.get("sort_field") or "id"
        direction = call.args.get("sort_dir") or "asc"
        if sort not in query.sortable:
            raise Fault(400, f"Invalid sort_field [{sort}]")
        if direction not in DIRECTIONS:
            raise Fault(500, "Unknown sort direction, must be one of: asc, desc")
        sort = query.columns.get(sort, sort)
        limit = None if limit is None else max(0, limit)
        return cls(limit, call.args.get("offset"), sort, direction)


def fetch(
    call: Call, query: Query, total: bool = True, slices: bool = True, always: bool = False
) -> list[Row]:
    """The rows of the page that the caller asks for; its headers go into `call.headers`.

    A marker that is missing, deleted or not visible is ignored: page 1 again (paging).
    total: whether the list tells its headers at all. slices: an offset without a limit breaks it.
    always: it tells X-Limit whether there is one or not, as a story's tasks do.
    """
    page = _Page.of(call, query)
    condition, parameters = query.condition()
    if total:
        count = f"SELECT count(*) FROM {query.table} WHERE {condition}"
        call.headers["X-Total"] = str(call.store.value(count, parameters))
    marked = _marker(call, query, page)
    if marked is not None:
        condition += f" AND {page.sort} {DIRECTIONS[page.direction]} ?"
        parameters.append(marked[0])
    if total:
        _tell(call, page, marked is not None, always)
    return _rows(call, query, page, condition, parameters, slices)


def _marker(call: Call, query: Query, page: _Page) -> Row | None:
    if call.args.get("marker") is None:
        return None
    seen = " AND ".join(["id = ?", *query.seen])
    sql = f"SELECT {page.sort} FROM {query.table} WHERE {seen}"
    return call.store.one(sql, [call.args["marker"], *query.seen_parameters])


def _tell(call: Call, page: _Page, marked: bool, always: bool) -> None:
    if page.limit or always:
        call.headers["X-Limit"] = str(page.limit)
    if marked:
        call.headers["X-Marker"] = str(call.args["marker"])
    if page.offset is not None:
        call.headers["X-Offset"] = str(page.offset)


def _rows(
    call: Call, query: Query, page: _Page, condition: str, parameters: list[Any], slices: bool
) -> list[Row]:
    if page.offset is not None and page.limit is None and slices:
        raise Fault(500, NO_LIMIT)
    order = f"{page.sort} {page.direction}" + ("" if page.sort == "id" else ", id")
    limit = -1 if page.limit is None else page.limit
    sql = f"SELECT * FROM {query.table} WHERE {condition} ORDER BY {order} LIMIT ? OFFSET ?"
    return call.store.all(sql, [*parameters, limit, page.offset or 0])
