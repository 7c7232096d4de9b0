"""Collections in pages: sizes, links, and when there is a total_size.

Facts: ws.size is 75 if missing or nonsense, 300 at most (paging-size-*). A plain collection always
has total_size; a named operation has it only if everything fits on the page, else a link. Past
the end total_size is ws.start, which is wrong, and recorded.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import urlencode

from tracker_migrate.backends.launchpad.standin.context import Context
from tracker_migrate.backends.launchpad.standin.entry import Entry
from tracker_migrate.backends.launchpad.standin.errors import Refusal
from tracker_migrate.backends.launchpad.standin.privacy import may_read
from tracker_migrate.backends.launchpad.standin.render import render

DEFAULT_SIZE = 75
MAX_SIZE = 300
_OWN = ("ws.size", "ws.start", "memo", "direction", "ws.show")


@dataclass(frozen=True)
class Listing:
    """A collection: its kind (None for a named operation), how to count it and to get a part."""

    kind: str | None
    count: Callable[[], int]
    fetch: Callable[[int, int], list[Entry]]  # limit, offset

    @classmethod
    def of(cls, kind: str | None, entries: list[Entry]) -> Listing:
        """A collection that is at hand."""
        return cls(kind, lambda: len(entries), lambda n, start: entries[start : start + n])


def size_of(ctx: Context) -> int:
    """The page size that was asked for."""
    try:
        size = int(ctx.arg("ws.size") or 0)
    except ValueError:
        return DEFAULT_SIZE
    if size > MAX_SIZE:
        raise Refusal(400, f'Maximum for "ws.size" parameter is {MAX_SIZE}.')
    return size if size > 0 else DEFAULT_SIZE


def start_of(ctx: Context) -> int:
    """Where the page starts."""
    try:
        return max(int(ctx.arg("ws.start") or 0), 0)
    except ValueError:
        return 0


def page(ctx: Context, listing: Listing, path: str) -> str:
    """The JSON text of the page that was asked for."""
    if ctx.arg("ws.show") == "total_size":
        return str(listing.count())
    size, start = size_of(ctx), start_of(ctx)
    entries = listing.fetch(size + 1, start)
    more = len(entries) > size
    parts = [f'"start": {start}', _total(ctx, listing, path, start, len(entries), more)]
    if more:
        parts.append(f'"next_collection_link": {_link(ctx, path, size, start + size)}')
    if start:
        before = _link(ctx, path, size, max(start - size, 0), start)
        parts.append(f'"prev_collection_link": {before}')
    shown = [e for e in entries[:size] if may_read(ctx.store, ctx.view, e)]
    parts.append(f'"entries": [{", ".join(render(e, ctx.view)[0] for e in shown)}]')
    if listing.kind is not None:
        kind = json.dumps(f"{ctx.view.api}#{listing.kind}-page-resource")
        parts.append(f'"resource_type_link" : {kind}')
    return "{" + ", ".join(parts) + "}"


def _total(ctx: Context, listing: Listing, path: str, start: int, got: int, more: bool) -> str:
    if listing.kind is not None:
        return f'"total_size": {listing.count()}'
    if not more:
        return f'"total_size": {start + got}'
    query = urlencode([*_base(ctx), ("ws.show", "total_size")])
    return f'"total_size_link": {json.dumps(f"{ctx.view.api}{path}?{query}")}'


def _base(ctx: Context) -> list[tuple[str, str]]:
    return sorted((key, value) for key, value in ctx.request.query if key not in _OWN)


def _link(ctx: Context, path: str, size: int, start: int, back_from: int | None = None) -> str:
    query = [*_base(ctx), ("ws.size", str(size))]
    if back_from is not None:
        query.append(("direction", "backwards"))
    query.append(("memo", str(start if back_from is None else back_from)))
    if start:
        query.append(("ws.start", str(start)))
    return json.dumps(f"{ctx.view.api}{path}?{urlencode(query)}")
