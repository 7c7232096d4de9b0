"""GET: entries, collections, single fields, named operations, the data of attachments."""

from __future__ import annotations

import json
from collections.abc import Callable

from tracker_migrate.backends.launchpad.standin.context import Context
from tracker_migrate.backends.launchpad.standin.entry import Entry
from tracker_migrate.backends.launchpad.standin.errors import TEXT, Refusal, not_found
from tracker_migrate.backends.launchpad.standin.librarian import address_of
from tracker_migrate.backends.launchpad.standin.lists import collection_of
from tracker_migrate.backends.launchpad.standin.operations import GET_OPERATIONS
from tracker_migrate.backends.launchpad.standin.paging import Listing, page
from tracker_migrate.backends.launchpad.standin.places import Place, locate, missing_name
from tracker_migrate.backends.launchpad.standin.render import etag_of, render, values
from tracker_migrate.backends.launchpad.standin.root import root_reply
from tracker_migrate.backends.launchpad.standin.wadl import wadl_text
from tracker_migrate.testing.loopback import Reply

JSON_HEADERS = {"Content-Type": "application/json", "Vary": "Accept"}


def get(ctx: Context, path: str) -> Reply:
    """Answer a GET of a path below `/devel/`."""
    if path == "people/+me":
        return _me(ctx)
    place = locate(ctx, path)
    operation = ctx.arg("ws.op")
    if operation is not None:
        return _operation(ctx, place, operation, path)
    if place.rest:
        return _below(ctx, place, path)
    if _wants_wadl(ctx):
        return _wadl(ctx)
    if place.entry.kind in (place.entry.path, "root"):
        return root_reply(ctx, place.entry)
    return entry_reply(ctx, place.entry)


def _me(ctx: Context) -> Reply:
    """me, me-anon: a redirect to the person who asks."""
    if ctx.view.person is None:
        raise Refusal(401, "You need to be logged in to view this URL.")
    return Reply(303, b"", {"Location": str(ctx.link(ctx.view.person)), "Content-Type": TEXT})


def _wants_wadl(ctx: Context) -> bool:
    return "sun.wadl+xml" in (ctx.arg("ws.accept") or ctx.request.headers.get("accept", ""))


def _wadl(ctx: Context) -> Reply:
    """The WADL of the whole service, whatever was asked: an entry's own refers to it anyway."""
    text = wadl_text(ctx.view.api)
    return Reply(200, text.encode(), {"Content-Type": "application/vnd.sun.wadl+xml"})


def _operation(ctx: Context, place: Place, name: str, path: str) -> Reply:
    if place.rest:
        raise not_found(place.entry, missing_name(place))
    run = GET_OPERATIONS.get(place.entry.kind, {}).get(name)
    if run is None:
        raise Refusal(400, f"No such operation: {name}")
    return _as_reply(ctx, run(ctx, place.entry), path)


def _as_reply(ctx: Context, result: object, path: str) -> Reply:
    if isinstance(result, Reply):
        return result
    if isinstance(result, Listing):
        text = page(ctx, result, path)
    elif isinstance(result, Entry):
        text = render(result, ctx.view)[0]
    else:
        text = json.dumps(result)
    return Reply(200, text.encode("utf-8", "surrogatepass"), JSON_HEADERS)


def entry_reply(ctx: Context, entry: Entry, status: int = 200) -> Reply:
    """An entry with its Etag, or 304 if the caller has it."""
    text, etag = render(entry, ctx.view)
    if status == 200 and etag in known_etags(ctx, "if-none-match"):
        return Reply(304, b"", {"Etag": etag, "Vary": "Accept"})
    headers = {**JSON_HEADERS, "Etag": etag} if status == 200 else JSON_HEADERS
    return Reply(status, text.encode("utf-8", "surrogatepass"), headers)


def known_etags(ctx: Context, header: str) -> list[str]:
    """The ETags that a conditional request names; a front end's `-gzip` is tolerated."""
    given = ctx.request.headers.get(header, "")
    return [tag.strip().replace('-gzip"', '"') for tag in given.split(",") if tag.strip()]


def _below(ctx: Context, place: Place, path: str) -> Reply:
    name = place.rest[0]
    if len(place.rest) == 1:
        listing = collection_of(ctx, place.entry, name)
        if listing is not None:
            return _as_reply(ctx, listing, path)
        special = _SPECIAL.get((place.entry.kind, name))
        if special is not None:
            return special(ctx, place.entry)
        fields = values(place.entry, ctx.view)
        for field in (name, f"{name}_link"):
            if field in fields:
                return _field(ctx, fields[field], field)
    raise not_found(place.entry, missing_name(place))


def _field(ctx: Context, value: object, name: str) -> Reply:
    """A single field: its JSON; the entry that a link points to (get-firefox-development-focus)."""
    if name.endswith("_link") and isinstance(value, str):
        found = ctx.find(ctx.view.path(value))
        if found is not None:
            return entry_reply(ctx, found)
    text = json.dumps(value)
    headers = {**JSON_HEADERS, "Etag": etag_of(text)}
    return Reply(200, text.encode(), headers)


def _data(ctx: Context, attachment: Entry) -> Reply:
    """303 to the librarian; 404 for an attachment that is only an address (attachment-url-data)."""
    number = ctx.store.meta(f"file:{attachment.path}")
    if number is None or attachment.get("url"):
        raise not_found(Entry("bytes", ""), "data")
    location = address_of(ctx, int(number), attachment.bug or 0)
    return Reply(303, b"", {"Location": location, "Content-Type": TEXT.partition(";")[0]})


_SPECIAL: dict[tuple[str, str], Callable[[Context, Entry], Reply]] = {
    ("bug_attachment", "data"): _data,
}
