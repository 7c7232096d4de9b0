"""The JSON-schema check that some bodies meet before anything else looks at them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tracker_migrate.backends.storyboard.standin.errors import Breach, Crash


@dataclass(frozen=True)
class Length:
    """A text field's bounds in characters, and whether a POST must have it."""

    least: int
    most: int
    required: bool = True
    null: bool = False


Schema = Mapping[str, Length]

STORY: Schema = {"title": Length(5, 255)}
TASK: Schema = {"title": Length(3, 255)}
NAMED: Schema = {"name": Length(3, 100)}
TEAM: Schema = {"name": Length(3, 255)}
GROUP: Schema = {"name": Length(3, 100), "title": Length(3, 255)}
USER: Schema = {
    "full_name": Length(3, 255),
    "email": Length(5, 255),  # the column takes 100: 101 to 255 is a 500 (limits)
    "openid": Length(0, 255, required=False, null=True),
}


def check(schema: Schema, body: bytes, whole: bool) -> None:
    """Refuse a body that breaks the schema; `whole`: the required fields must be there.

    A body that is no JSON at all crashes the server here (errors: 500, a page).
    """
    try:
        value = json.loads(body.decode())
    except UnicodeDecodeError:
        raise Breach("invalid utf-8", "") from None
    except ValueError:
        raise Crash from None
    if not isinstance(value, dict):
        raise Breach(f"{value!r} is not of type 'object'", "")
    for name, length in schema.items():
        if name in value:
            _check_text(name, value[name], length)
    if whole:
        _check_required(schema, value)


def _check_text(name: str, value: Any, length: Length) -> None:
    if value is None and length.null:
        return
    if not isinstance(value, str):
        raise Breach(f"{value!r} is not of type 'string'", name)
    if len(value) < length.least:
        raise Breach(f"{value!r} is too short", name)
    if len(value) > length.most:
        raise Breach(f"{value!r} is too long", name)


def _check_required(schema: Schema, value: dict[str, Any]) -> None:
    for name, length in schema.items():
        if length.required and name not in value:
            raise Breach(f"'{name}' is a required property", "")
