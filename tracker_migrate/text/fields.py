"""One field of an issue for people: its name in words, its value as pieces of a line."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any, NamedTuple

import msgspec

from tracker_migrate.interfaces import Decisions
from tracker_migrate.model import PARTS, Issue, Key, holds, kind_of, name_of, says
from tracker_migrate.text.blocks import Inline, Line, Url
from tracker_migrate.text.redact import hide_addresses

#: a value is written as a block of its own from here on
_LONG = 200
_KEY = re.compile(
    r"[a-z]+:(?:person|project|series|milestone|bug|blueprint|comment|task|workitem|attachment):"
    r"[^\s]+\Z"
)
_DATE = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)?\Z")
_LABELS = {"home": "Address", "data": "File", "to": "Target"}


class Field(NamedTuple):
    """A filled field. name: as in a table of losses (`extra.heat`). value: as the model has it."""

    name: str
    label: str
    value: Any


def filled(of: msgspec.Struct) -> Iterator[Field]:
    """The filled fields of an issue (without its parts) or of one of its parts."""
    for name in of.__struct_fields__:
        value = getattr(of, name)
        if isinstance(of, Issue) and name in PARTS:
            continue
        if isinstance(value, dict):
            yield from (
                Field(f"{name}.{key}", label_of(key), held)
                for key, held in value.items()
                if says(held)
            )
        elif holds(value):
            yield Field(name, label_of(name), value)


def label_of(name: str) -> str:
    """A field's name in words: `date_fix_released` → `Date fix released`."""
    words = name.removesuffix("_link").replace("_", " ").strip()
    return _LABELS.get(name, words[:1].upper() + words[1:])


def long(value: object) -> bool:
    """Whether a value needs a block of its own."""
    return isinstance(value, str) and (len(value) > _LONG or "\n" in value.strip())


def hidden(value: Any) -> Any:
    """A value with the e-mail addresses in it hidden; a key stays as it is."""
    match value:
        case str():
            return value if _KEY.match(value) else hide_addresses(value)
        case list() | tuple():
            return [hidden(one) for one in value]
        case dict():
            return {name: hidden(one) for name, one in value.items()}
    return value


def shown(value: object, decisions: Decisions) -> Line:
    """A value for people: dates in UTC, people by their names, lists with commas."""
    match value:
        case bool():
            return ("yes" if value else "no",)
        case datetime():
            return (_date(value),)
        case str() if _KEY.match(value):
            return _keyed(Key(value), decisions)
        case str() if _DATE.match(value):
            return (_date(datetime.fromisoformat(value)),)
        case list() | tuple():
            return _several([shown(one, decisions) for one in value], ", ")
        case dict():
            pairs = [
                (f"{label_of(name).lower()} ", *shown(one, decisions))
                for name, one in value.items()
                if says(one)
            ]
            return _several(pairs, "; ")
    return (str(value),)


def _several(lines: list[Line], between: str) -> Line:
    pieces: list[Inline] = []
    for line in lines:
        pieces += [between, *line] if pieces else line
    return tuple(pieces)


def _date(when: datetime) -> str:
    if when.tzinfo is None:
        when = when.replace(tzinfo=UTC)
    return f"{when.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"


def _keyed(key: Key, decisions: Decisions) -> Line:
    if kind_of(key) == "person":
        person = decisions.person(key)
        if person is None:
            return (name_of(key),)
        name = person.display_name or person.name
        label = name if name == person.name else f"{name} ({person.name})"
        return (Url(person.home, label),) if person.home else (label,)
    if kind_of(key) == "milestone":
        milestone = decisions.milestone(key)
        return (milestone.name if milestone else name_of(key).rpartition("/")[2],)
    return (name_of(key),)
