"""POST, PATCH, PUT and DELETE."""

from __future__ import annotations

import json
from typing import Any

from tracker_migrate.backends.launchpad.standin.context import Context
from tracker_migrate.backends.launchpad.standin.entry import Entry
from tracker_migrate.backends.launchpad.standin.errors import Refusal, not_found, unauthorized
from tracker_migrate.backends.launchpad.standin.part_operations import delete_task
from tracker_migrate.backends.launchpad.standin.patching import patch
from tracker_migrate.backends.launchpad.standin.places import locate, missing_name
from tracker_migrate.backends.launchpad.standin.reading import (
    JSON_HEADERS,
    entry_reply,
    known_etags,
)
from tracker_migrate.backends.launchpad.standin.registry_operations import POST_OPERATIONS
from tracker_migrate.backends.launchpad.standin.render import render
from tracker_migrate.testing.loopback import Reply


def write(ctx: Context, path: str) -> Reply:
    """Answer a writing request; all of it happens, or nothing."""
    with ctx.store.transaction():
        return _METHODS[ctx.request.method](ctx, path)


def _entry(ctx: Context, path: str) -> Entry:
    place = locate(ctx, path)
    if place.rest:
        raise not_found(place.entry, missing_name(place))
    return place.entry


def _post(ctx: Context, path: str) -> Reply:
    entry = _entry(ctx, path)
    if entry.kind == "root":
        raise Refusal(405, "", Allow="GET")  # w-createSpecification-*
    name = ctx.arg("ws.op")
    run = POST_OPERATIONS.get(entry.kind, {}).get(name or "")
    if run is None:
        raise Refusal(400, f"No such operation: {name}")
    if not ctx.view.writes:
        raise unauthorized(entry, str(name), "launchpad.Append")
    return _result(ctx, run(ctx, entry))


def _result(ctx: Context, result: Any) -> Reply:
    if isinstance(result, Reply):
        return result
    text = render(result, ctx.view)[0] if isinstance(result, Entry) else json.dumps(result)
    return Reply(200, text.encode(), JSON_HEADERS)


def _patch(ctx: Context, path: str) -> Reply:
    entry = _entry(ctx, path)
    kind = ctx.request.headers.get("content-type", "application/json")
    if not kind.startswith("application/json"):
        raise Refusal(415, "")
    changes = _changes(ctx)
    wanted = known_etags(ctx, "if-match")
    if wanted and _write_part(render(entry, ctx.view)[1]) not in map(_write_part, wanted):
        raise Refusal(412, "")
    if not ctx.view.writes:
        raise unauthorized(entry, min(changes, default=""), "launchpad.Edit")
    after = patch(ctx, entry, changes)
    if after.path != path:
        return Refusal(301, "", Location=str(ctx.link(after.path))).reply()
    return entry_reply(ctx, after, 209)


def _write_part(etag: str) -> str:
    return etag.strip('"').rpartition("-")[2]


def _changes(ctx: Context) -> dict[str, Any]:
    try:
        value = ctx.request.json()
    except ValueError:
        raise Refusal(400, "Entity-body was not a well-formed JSON document.") from None
    if not isinstance(value, dict):
        raise Refusal(400, "Expected a JSON hash.")
    return value


def _delete(ctx: Context, path: str) -> Reply:
    entry = _entry(ctx, path)
    if entry.kind != "bug_task":
        raise Refusal(405, "", Allow="GET PUT PATCH POST")
    if not ctx.view.writes:
        raise unauthorized(entry, "destroySelf", "launchpad.Delete")
    return _result(ctx, delete_task(ctx, entry))


_METHODS = {"POST": _post, "PATCH": _patch, "PUT": _patch, "DELETE": _delete}
