"""Reading typed values out of a call, with the server's own complaints."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any

from tracker_migrate.backends.maniphest.standin.errors import unreadable

_DIGITS = re.compile(r"[0-9]+\Z")
_BOOLS = {"0": False, "1": True, "false": False, "true": True}
#: a smaller number is read as a date such as 20160101, or a time of day
SMALLEST_EPOCH = 30_000_000


def array(name: str, value: Any) -> list[Any]:
    """A list; a map with the keys 0, 1, 2... is one too (errors, exchange 22)."""
    if isinstance(value, list):
        return value
    if not isinstance(value, dict):
        raise unreadable(name, "Expected a list, but value is not a list.")
    if list(value) != [str(index) for index in range(len(value))]:
        raise unreadable(name, "Expected a list, but value is an object.")
    return list(value.values())


def integer(name: str, value: Any, strict: bool) -> int:
    """A 64-bit integer; digits do in a form."""
    if not strict and isinstance(value, str) and _DIGITS.match(value):
        value = int(value)
    if type(value) is not int or not -(2**63) <= value < 2**63:
        raise unreadable(name, "Expected integer, got something else.")
    return value


def string(name: str, value: Any) -> str:
    """A text."""
    if not isinstance(value, str):
        raise unreadable(name, "Expected string, got something else.")
    return value


def boolean(name: str, value: Any, strict: bool) -> bool:
    """A truth value; `true`, `false`, `1` and `0` do in a form."""
    if not strict and isinstance(value, str) and value.lower() in _BOOLS:
        return _BOOLS[value.lower()]
    if not isinstance(value, bool):
        raise unreadable(name, "Expected boolean (true or false), got something else.")
    return value


def strings(name: str, value: Any) -> list[str]:
    """A list of texts."""
    items = array(name, value)
    return [string(f"{name}[{index}]", item) for index, item in enumerate(items)]


def integers(name: str, value: Any, strict: bool) -> list[int]:
    """A list of integers."""
    items = array(name, value)
    return [integer(f"{name}[{index}]", item, strict) for index, item in enumerate(items)]


def nonempty(name: str, items: list[Any]) -> list[Any]:
    """The list, if it has anything in it."""
    if not items:
        raise unreadable(name, "Expected a nonempty list, but value is an empty list.")
    return items


def epoch(name: str, value: Any, strict: bool) -> int:
    """Seconds since 1970, above zero."""
    seconds = integer(name, value, strict)
    if seconds <= 0:
        raise unreadable(name, f"Epoch timestamp must be larger than 0, got {seconds}.")
    return seconds


def points(name: str, value: Any) -> float | None:
    """Story points: null or a number that is not negative."""
    if value is None:
        return None
    try:
        number = float(value) if not isinstance(value, bool) else None
    except (TypeError, ValueError):
        number = None
    if number is None:
        raise unreadable(name, "Expected numeric points value, got something else.")
    if number < 0:
        raise unreadable(name, "Point values must be nonnegative.")
    return number


def moment(seconds: int, now: int) -> int | None:
    """What a date constraint means: small numbers are read as dates, or not at all.

    Six digits are a time of today, eight a day, others nothing (stale-marker-row, exchanges 18-26).
    """
    if seconds > SMALLEST_EPOCH:
        return seconds
    digits = str(seconds)
    today = datetime.fromtimestamp(now, UTC)
    try:
        if len(digits) == 6:
            clock = datetime.strptime(digits, "%H%M%S")
            found = today.replace(hour=clock.hour, minute=clock.minute, second=clock.second)
        elif len(digits) == 8:
            found = datetime.strptime(digits, "%Y%m%d").replace(tzinfo=UTC)
        else:
            return None
    except ValueError:
        return None
    return int(found.timestamp())
