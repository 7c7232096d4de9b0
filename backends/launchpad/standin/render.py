"""Entries as the JSON text that goes over the wire, with their http_etag."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import cache
from hashlib import sha1
from typing import Any

from tracker_migrate.backends.launchpad.standin.derived import DERIVED_VALUES, limit_team
from tracker_migrate.backends.launchpad.standin.entry import Entry
from tracker_migrate.backends.launchpad.standin.fields import (
    DERIVED,
    LINK,
    OWN,
    SITES,
    WRITABLE,
    Field,
    fields_of,
)
from tracker_migrate.backends.launchpad.standin.view import View

_encode = json.JSONEncoder(ensure_ascii=True).encode


def values(entry: Entry, view: View) -> dict[str, Any]:
    """All fields of an entry as this caller sees them, without http_etag."""
    kind, path, data = entry.kind, entry.path, entry.data
    api = view.api
    itself = api + path
    out: dict[str, Any] = {"self_link": itself}
    site = SITES.get(kind)
    if site is not None:
        out["web_link"] = view.web_link(site, path)
    out["resource_type_link"] = f"{api}#{kind}"
    for name, how, default, extra in _plan(kind):
        if how == OWN:
            out[name] = itself + extra
        elif how == LINK:
            out[name] = view.link(data.get(name, default))
        elif how == DERIVED:
            out[name] = extra(entry, view)
        else:
            value = data.get(name, default)
            if value.__class__ is str and "@" in value:
                value = view.text(value)
            out[name] = value
    if kind == "team" and data.get("private"):
        limit_team(out, entry, view)
    return out


@cache
def _plan(kind: str) -> tuple[tuple[str, str, Any, Any], ...]:
    derive = DERIVED_VALUES.get(kind, {})
    return tuple(_step(field, derive) for field in fields_of(kind))


def _step(
    field: Field, derive: dict[str, Callable[[Entry, View], Any]]
) -> tuple[str, str, Any, Any]:
    if field.name in derive:
        return field.name, DERIVED, field.default, derive[field.name]
    return field.name, field.how, field.default, f"/{field.suffix}"


@cache
def _writable(kind: str) -> tuple[str, ...]:
    return tuple(sorted(WRITABLE.get(kind, ())))


def etag_of(text: str, writable: str = "") -> str:
    """The http_etag of a representation, as this viewer sees it: two hashes.

    The second one is over what a PATCH may change; If-Match looks at that alone, so that a new
    comment does not stand in the way of a new title.
    """
    first, second = (sha1(t.encode("utf-8", "surrogatepass")).hexdigest() for t in (text, writable))
    return f'"{first}-{second}"'


def render(entry: Entry, view: View) -> tuple[str, str]:
    """The JSON text of an entry, and its ETag."""
    fields = values(entry, view)
    text = _encode(fields)
    etag = etag_of(text, _encode([fields.get(name) for name in _writable(entry.kind)]))
    return f'{text[:-1]}, "http_etag": {_encode(etag)}}}', etag
