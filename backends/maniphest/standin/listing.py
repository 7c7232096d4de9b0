"""What all *.search methods share: constraints, attachments, orders, pages with cursors."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from tracker_migrate.backends.maniphest.standin import params
from tracker_migrate.backends.maniphest.standin.call import Call
from tracker_migrate.backends.maniphest.standin.errors import (
    BAD_QUERY_KEY,
    CONSTRAINTS_FORMAT,
    INVALID_ATTACHMENT,
    INVALID_CONSTRAINT,
    ConduitError,
)

LARGEST_PAGE = 100
_BATCH = 101
_FUNCTION = re.compile(r'(?<!")\b([A-Za-z]\w*):')


@dataclass
class Filter:
    """A growing WHERE clause."""

    parts: list[str] = field(default_factory=list)
    args: list[Any] = field(default_factory=list)

    def add(self, sql: str, *args: Any) -> None:
        """One more condition."""
        self.parts.append(f"({sql})")
        self.args += args

    def among(self, column: str, values: Sequence[Any]) -> None:
        """The column has one of these values."""
        self.add(f"{column} IN ({','.join('?' * len(values))})", *values)

    def nothing(self) -> None:
        """No row passes."""
        self.add("0")

    @property
    def sql(self) -> str:
        """The clause."""
        return " AND ".join(self.parts) or "1"


#: reads a constraint's value and narrows the filter
Constraint = Callable[[Call, Filter, str, Any], None]


@dataclass(frozen=True)
class Column:
    """Something to order by: an expression, descending unless `rising`."""

    sql: str
    rising: bool = False

    def reversed(self) -> Column:
        """The other way round."""
        return Column(self.sql, not self.rising)


@dataclass(frozen=True)
class Orders:
    """The orders that one kind of object offers; `builtin` are vectors of keys of `columns`."""

    query: str
    columns: Mapping[str, Column]
    builtin: Mapping[str, Sequence[str]]
    default: Sequence[str]
    aliases: Mapping[str, str] = field(default_factory=dict)
    column_names: Sequence[str] = ()
    unique: Sequence[str] = ("id",)

    def vector(self, order: Any) -> list[Column]:
        """The columns of a wanted order; ConduitError if it is not offered."""
        if order is None:
            return [self._column(key) for key in self.default]
        if isinstance(order, list):
            keys = [str(key) for key in order]
        else:
            keys = list(self._named(str(order)))
        if not any(key.lstrip("-") in self.unique for key in keys):
            keys.append("id")
        return [self._column(key) for key in keys]

    def _named(self, order: str) -> Sequence[str]:
        name = self.aliases.get(order, order)
        if name in self.builtin:
            return self.builtin[name]
        offered: list[str] = []
        for key in self.builtin:
            offered += [key, *(alias for alias, to in self.aliases.items() if to == key)]
        raise ConduitError(
            f'Query "{self.query}" does not support a builtin order "{order}". '
            f"Supported orders are: {', '.join(offered)}."
        )

    def _column(self, key: str) -> Column:
        name = key.removeprefix("-")
        if name not in self.columns:
            offered = ", ".join(self.column_names or self.columns)
            raise ConduitError(
                f'This query ("{self.query}") does not support sorting by order key "{name}". '
                f"Supported orders are: {offered}."
            )
        column = self.columns[name]
        return column.reversed() if key.startswith("-") else column


class Listing:
    """A *.search method. Subclasses say what is kept where, and how it is shown."""

    table = ""
    select = ""
    kind = ""
    attachments: Sequence[str] = ()
    #: saved queries that every install has; their conditions are added to the filter
    saved: Mapping[str, str] = {"all": "1"}

    def __init__(self, call: Call) -> None:
        self.call = call
        self.site = call.site

    # -- what a subclass says ---------------------------------------------------------------

    def constraints(self) -> Mapping[str, Constraint]:
        """By name, in the order in which the server reads them."""
        raise NotImplementedError

    def orders(self) -> Orders:
        """What the result can be ordered by."""
        raise NotImplementedError

    def revive(self, row: Sequence[Any]) -> Any:
        """The object of a row."""
        raise NotImplementedError

    def visible(self, thing: Any) -> bool:
        """Whether the caller may see it."""
        return self.site.policies.can(self.call.user, thing, "view")

    def fields(self, thing: Any) -> dict[str, Any]:
        """Its `fields`."""
        raise NotImplementedError

    def attachment(self, name: str, thing: Any) -> Any:
        """One of its `attachments`."""
        raise NotImplementedError

    def maps(self) -> dict[str, Any]:
        """What else is told about the query."""
        return {}

    # -- the work ---------------------------------------------------------------------------

    def run(self) -> dict[str, Any]:
        """The answer."""
        call = self.call
        filtered = self._filter()
        wanted = self._attachments()
        columns = self.orders().vector(call.get("order"))
        limit = self._limit()
        things, after, before = self._page(filtered, columns, limit)
        return {
            "data": [self._shown(thing, wanted) for thing in things],
            "maps": self.maps(),
            "query": {"queryKey": call.get("queryKey") or None},
            "cursor": {
                "limit": _as_php_kept(call.get("limit", LARGEST_PAGE)),
                "after": after,
                "before": before,
                "order": call.get("order"),
            },
        }

    def _shown(self, thing: Any, wanted: Sequence[str]) -> dict[str, Any]:
        return {
            "id": thing.id,
            "type": self.kind,
            "phid": thing.phid,
            "fields": self.fields(thing),
            "attachments": {name: self.attachment(name, thing) for name in wanted},
        }

    def _filter(self) -> Filter:
        filtered = Filter()
        key = self.call.get("queryKey", "")
        if key:
            if key not in self.saved:
                raise BAD_QUERY_KEY
            filtered.add(self.saved[key])
        given = as_map(self.call.get("constraints", {}))
        known = self.constraints()
        if given.keys() - known.keys():
            raise INVALID_CONSTRAINT
        for name, constraint in known.items():
            if name in given:
                constraint(self.call, filtered, name, given[name])
        return filtered

    def _attachments(self) -> list[str]:
        given = self.call.get("attachments", {})
        if not isinstance(given, (dict, list)):
            raise ConduitError("ERR-INVALID-ATTACHMENTS-FORMAT", "ERR-INVALID-ATTACHMENTS-FORMAT")
        names = list(given) if isinstance(given, dict) else [str(n) for n in range(len(given))]
        if set(names) - set(self.attachments):
            raise INVALID_ATTACHMENT
        return names

    def _limit(self) -> int:
        limit = self.call.get("limit", LARGEST_PAGE)
        try:
            number = int(limit)
        except (TypeError, ValueError):
            number = LARGEST_PAGE + 1  # PHP compares words as words: they are greater
        for wrong, edge, word in ((number > 100, 100, "Maximum"), (number < 1, 1, "Minimum")):
            if wrong:
                raise ConduitError(
                    f"{word} page size for Conduit API method calls is {edge}, but this call "
                    f"specified {limit}.",
                    "ERR-INVALID-PAGE-SIZE",
                )
        return number

    def _page(
        self, filtered: Filter, columns: list[Column], limit: int
    ) -> tuple[list[Any], str | None, str | None]:
        after, before = self.call.get("after"), self.call.get("before")
        backwards = bool(before) and not after
        if backwards:
            columns = [column.reversed() for column in columns]
        if after or before:
            self._start_behind(filtered, columns, str(after or before))
        found: list[Any] = []
        for thing in self._things(filtered, columns):
            found.append(thing)
            if len(found) > limit:
                break
        return cut(found, limit, bool(after), backwards, lambda thing: str(thing.id))

    def _things(self, filtered: Filter, columns: list[Column]) -> Iterator[Any]:
        order = ", ".join(f"{each.sql} {'ASC' if each.rising else 'DESC'}" for each in columns)
        # equals (milestones of one name) come by number
        order = f"{order}, {self.table}.id"
        sql = f"{self.select} WHERE {filtered.sql} ORDER BY {order} LIMIT ? OFFSET ?"
        offset = 0
        while True:
            rows = self.site.store.rows(sql, [*filtered.args, _BATCH, offset])
            for row in rows:
                thing = self.revive(row)
                if self.visible(thing):
                    yield thing
            if len(rows) < _BATCH:
                return
            offset += _BATCH

    def _start_behind(self, filtered: Filter, columns: list[Column], cursor: str) -> None:
        """Only rows behind the cursor's own: compared by all columns, as the server does."""
        row = self._cursor_row(columns, cursor)
        choices, args = [], []
        for index, column in enumerate(columns):
            equal = [f"{each.sql} = ?" for each in columns[:index]]
            sign = ">" if column.rising else "<"
            choices.append(" AND ".join([*equal, f"{column.sql} {sign} ?"]))
            args += list(row[: index + 1])
        filtered.add(" OR ".join(f"({choice})" for choice in choices), *args)

    def _cursor_row(self, columns: list[Column], cursor: str) -> Sequence[Any]:
        if not cursor.isdigit():
            raise ConduitError(f"{self.noun()} IDs must be integer numbers.")
        wanted = ", ".join(column.sql for column in columns)
        row = self.site.store.row(f"SELECT {wanted} FROM {self.table} WHERE id = ?", [int(cursor)])
        if row is None:
            query = self.orders().query
            raise ConduitError(
                f'Cursor "{cursor}" does not identify a valid object in query "{query}".'
            )
        return tuple(row)

    def noun(self) -> str:
        """What an odd cursor is told to be."""
        return self.table.capitalize()


def cut(
    found: list[Any], limit: int, after: bool, backwards: bool, cursor: Callable[[Any], str]
) -> tuple[list[Any], str | None, str | None]:
    """One page of what was found, with the cursors to the next and to the one before."""
    more = len(found) > limit
    page = found[:limit]
    if backwards:
        page.reverse()
    if not page:
        return page, None, None
    following = cursor(page[-1]) if backwards or more else None
    preceding = cursor(page[0]) if after or (backwards and more) else None
    return page, following, preceding


def _as_php_kept(limit: Any) -> Any:
    """PHP's max(1, limit) gives back the text of a form, but 1 for "1" (server-lists, 23)."""
    return 1 if str(limit) == "1" else limit


def as_map(given: Any) -> dict[str, Any]:
    """The constraints; an empty list is an empty map."""
    if isinstance(given, list):
        if given:
            raise INVALID_CONSTRAINT
        return {}
    if not isinstance(given, dict):
        raise CONSTRAINTS_FORMAT
    return given


# -- constraints that several kinds have ----------------------------------------------------


def ids(column: str) -> Constraint:
    """A list of numbers, not empty."""

    def narrow(call: Call, filtered: Filter, name: str, value: Any) -> None:
        numbers = params.integers(
            name, params.nonempty(name, params.array(name, value)), call.strict
        )
        filtered.among(column, numbers)

    return narrow


def words(column: str) -> Constraint:
    """A list of texts; an empty one is no constraint at all."""

    def narrow(call: Call, filtered: Filter, name: str, value: Any) -> None:
        values = params.strings(name, value)
        if values:
            filtered.among(column, values)

    return narrow


def numbers(column: str) -> Constraint:
    """A list of numbers; an empty one is no constraint at all."""

    def narrow(call: Call, filtered: Filter, name: str, value: Any) -> None:
        values = params.integers(name, value, call.strict)
        if values:
            filtered.among(column, values)

    return narrow


def phids(column: str) -> Constraint:
    """A list of PHIDs, not empty."""

    def narrow(call: Call, filtered: Filter, name: str, value: Any) -> None:
        filtered.among(
            column, params.strings(name, params.nonempty(name, params.array(name, value)))
        )

    return narrow


def since(column: str) -> Constraint:
    """At this moment or later."""

    def narrow(call: Call, filtered: Filter, name: str, value: Any) -> None:
        seconds = params.moment(params.epoch(name, value, call.strict), call.site.store.now())
        if seconds is not None:
            filtered.add(f"{column} >= ?", seconds)

    return narrow


def until(column: str) -> Constraint:
    """At this moment or earlier."""

    def narrow(call: Call, filtered: Filter, name: str, value: Any) -> None:
        seconds = params.moment(params.epoch(name, value, call.strict), call.site.store.now())
        if seconds is not None:
            filtered.add(f"{column} <= ?", seconds)

    return narrow


def truth(sql: str) -> Constraint:
    """Yes or no."""

    def narrow(call: Call, filtered: Filter, name: str, value: Any) -> None:
        wanted = params.boolean(name, value, call.strict)
        filtered.add(sql if wanted else f"NOT ({sql})")

    return narrow


def fulltext(call: Call, filtered: Filter, name: str, value: Any) -> None:
    """A search in texts: finds nothing as long as no daemon has indexed anything. With daemons it
    looks into titles and descriptions, which is less than a server does."""
    text = params.string(name, value)
    found = _FUNCTION.search(text)
    if found:
        raise ConduitError(
            f'Unknown search function "{found[1]}". Supported functions are: all, body, comment, '
            "core, title. (To search for a term containing a colon, surround the term in double "
            "quotes.)"
        )
    words = text.replace('"', " ").split()
    if words and not call.site.daemons:
        filtered.nothing()
    for word in words:
        filtered.add("instr(title || ' ' || description, ?)", word)
