"""The same issue with another value in one of its fields, to see what comes of that field."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from typing import Any, TypeVar

import msgspec

from tracker_migrate.model import PARTS, Issue

T = TypeVar("T", bound=msgspec.Struct)
_LATER = timedelta(days=400)
#: another of the same kind
_KEY = re.compile(r"[a-z]+:[a-z]+:")
_NAMES = ("key", "name", "index")
#: by the status, and by the series or package
_SAID_TWICE = {("task", "complete"), ("task", "project"), ("work_item", "complete")}


def otherwise(issue: Issue, entity: str, field: str) -> Issue | None:
    """An issue that differs in one field, named as by `model.present_fields`, of itself or of all
    its parts of that kind. None for what it is called by, and for what other fields say as well.
    """
    if field in _NAMES or (entity, field) in _SAID_TWICE:
        return None
    if entity == issue.kind:
        return _changed(issue, field)
    part = next(name for name, of in PARTS.items() if of == entity)
    changed = tuple(_changed(one, field) for one in getattr(issue, part))
    return msgspec.structs.replace(issue, **{part: changed})


def _changed(of: T, field: str) -> T:
    name, _, inner = field.partition(".")
    value = getattr(of, name)
    if not inner:
        return msgspec.structs.replace(of, **{name: _another(value)})
    if inner not in value:
        return of
    return msgspec.structs.replace(of, **{name: value | {inner: _another(value[inner])}})


def _another(value: Any) -> Any:
    """Another value of the same type."""
    if isinstance(value, bool):
        return not value
    if isinstance(value, int | float):
        return value + 1
    if isinstance(value, datetime):
        return value + _LATER
    if isinstance(value, tuple | list):
        return type(value)()
    if isinstance(value, str):
        return f"{value}-other" if _KEY.match(value) else f"Another {value}"
    return None
