"""A typed body: StoryBoard's typed layer (WSME) reads each field as its type, or refuses."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from tracker_migrate.backends.storyboard.standin import dates, sqltext
from tracker_migrate.backends.storyboard.standin.errors import Fault, invalid
from tracker_migrate.testing.loopback import Request

NO_ENCODING = "Unicode parameter is passed to a database without encoding directive"
PACKET = 16 * 1024 * 1024  # max_allowed_packet (facts 8)
NAME = re.compile(r"^[a-zA-Z0-9]+([_\-\./]?[a-zA-Z0-9]+)*$")


def decode(request: Request) -> Any:
    """The body as JSON; the refusals of the typed layer for other types and broken JSON."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip()
    text = request.body.decode("utf-8", "surrogateescape")
    if kind in ("", "application/x-www-form-urlencoded"):
        if not text:
            return None
        raise Fault(400, f'Unknown argument: "{text.partition("=")[0]}"')
    if "json" not in kind:
        raise Fault(500, f"Unknown mimetype: {kind}")
    try:
        return json.loads(request.body) if text else None
    except ValueError:
        raise Fault(400, "Request is not in valid JSON format") from None


def encodable(text: str) -> str:
    """A text that the database takes: no lone half of a surrogate pair, and not too large."""
    try:
        size = len(text.encode())
    except UnicodeEncodeError:
        raise Fault(400, NO_ENCODING) from None
    if size > PACKET:
        raise Fault(400, "Connection to database failed.")
    return text


class Body:
    """The fields of one object; `entity` is the name that errors call it by.

    Something that is no object (a list) has no field (errors: a comment of `[1]` is empty).
    """

    def __init__(self, entity: str, given: Any) -> None:
        self.entity = entity
        self.given: Mapping[str, Any] = given if isinstance(given, dict) else {}

    def has(self, name: str) -> bool:
        """Whether the caller named this field, be it with null."""
        return name in self.given

    def number(self, name: str) -> int | None:
        """A whole number; "77" is 77 and 1.5 is 1 (duplicate-ids)."""
        value = self.given.get(name)
        if value is None:
            return None
        try:
            return int(value)
        except (ValueError, TypeError) as error:
            raise invalid(self.entity, dict(self.given), str(error)) from None

    def text(self, name: str) -> str | None:
        """A text."""
        value = self.given.get(name)
        if value is None:
            return None
        if not isinstance(value, str):
            raise self._wrong(name, value, "str")
        return encodable(value)

    def flag(self, name: str, default: bool = False) -> bool:
        """True or false."""
        value = self.given.get(name)
        if value is None:
            return default
        if not isinstance(value, (bool, int)):
            raise self._wrong(name, value, "bool")
        return bool(value)

    def date(self, name: str) -> datetime | None:
        """A date; one without a zone is let through: the database refuses it."""
        value = self.given.get(name)
        if value is None:
            return None
        if not isinstance(value, str):
            kind = type(value).__name__
            raise Fault(500, f"Parser must be a string or character stream, not {kind}")
        try:
            return dates.parse(value)
        except ValueError:
            reason = "Unknown string format: %s"
            raise invalid(self.entity, dict(self.given), reason) from None

    def choice(self, name: str, choices: tuple[str, ...]) -> str | None:
        """One of some words."""
        value = self.given.get(name)
        if value is not None and value not in choices:
            reason = f"Value should be one of: {', '.join(choices)}"
            raise invalid(name, value, reason)
        return value

    def name(self) -> str | None:
        """A name as projects and teams have it."""
        value = self.text("name")
        if value is not None and not NAME.match(value):
            raise invalid("name", value, f"Value should match the pattern {NAME.pattern}")
        return value

    def numbers(self, name: str) -> list[int] | None:
        """The numbers of a list of objects, `[{"id": 1}]`; None if the list is not named."""
        value = self.given.get(name)
        if value is None:
            return None
        return [int(one["id"]) for one in value]

    def _wrong(self, name: str, value: Any, kind: str) -> Fault:
        got = type(value).__name__
        reason = f"Wrong type. Expected '<class '{kind}'>', got '<class '{got}'>'"
        return invalid(name, value, reason)


class Dates:
    """The dates that a body names: refused without a zone, kept in UTC, shown as they came."""

    def __init__(self, kind: str, body: Body, names: tuple[str, ...]) -> None:
        self.kind = kind
        self.given = {name: value for name in names if (value := body.date(name)) is not None}

    def check(self, parameters: Mapping[str, Any]) -> None:
        """Refuse a date without a zone, echoing the parameters of the insert."""
        if any(moment.tzinfo is None for moment in self.given.values()):
            raise sqltext.naive(self.kind, {**parameters, **self.given})

    def kept(self) -> dict[str, str]:
        """As they are stored."""
        return {name: dates.kept(moment) for name, moment in self.given.items()}

    def shown(self) -> dict[str, str]:
        """As the answer to the POST shows them."""
        return {name: dates.shown(moment) for name, moment in self.given.items()}
