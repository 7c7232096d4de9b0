"""The keys that stand in an issue, or in what issues live in, put otherwise: where a project was
renamed, all that is named by it has another name, and keeps its first key."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from typing import Any, TypeVar

import msgspec

from tracker_migrate.model import Key

T = TypeVar("T", bound=msgspec.Struct)


def rekeyed(of: T, tracker: str, put: Callable[[Key], Key]) -> T:
    """A copy with every key of a tracker as `put` says it. A text is no key: it has more words, or
    another beginning."""
    plain = msgspec.to_builtins(of, builtin_types=(datetime, date))
    made = _walked(plain, f"{tracker}:", put)
    return of if made == plain else msgspec.convert(made, type(of))


def _walked(value: Any, front: str, put: Callable[[Key], Key]) -> Any:
    match value:
        case str():
            return put(Key(value)) if _is_key(value, front) else value
        case list() | tuple():
            return [_walked(one, front, put) for one in value]
        case dict():
            return {name: _walked(one, front, put) for name, one in value.items()}
    return value


def _is_key(value: str, front: str) -> bool:
    return value.startswith(front) and value.count(":") >= 2 and len(value.split(None, 1)) == 1
