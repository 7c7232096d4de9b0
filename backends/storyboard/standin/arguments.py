"""The query of a list: which arguments it knows, and what type each has."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from tracker_migrate.backends.storyboard.standin import dates
from tracker_migrate.backends.storyboard.standin.errors import Fault, invalid

Kind = Literal["int", "text", "list", "date", "flag"]
Known = Mapping[str, Kind]

SORTED: dict[str, Kind] = {"limit": "int", "sort_field": "text", "sort_dir": "text"}
MARKED: dict[str, Kind] = {**SORTED, "marker": "int"}
OFFSET: dict[str, Kind] = {**MARKED, "offset": "int"}


def integer(name: str, text: str) -> int:
    """A number out of a path or a query; the typed layer's 400 if it is none."""
    try:
        return int(text)
    except ValueError:
        raise invalid(name, text, "unable to convert to int") from None


def _typed(name: str, text: str, kind: Kind) -> Any:
    if kind == "int":
        return integer(name, text)
    if kind == "flag":
        return text.lower() in ("true", "1", "yes", "on", "t", "y")
    if kind == "date":
        try:
            return dates.parse(text)
        except ValueError:
            raise invalid(name, text, "unable to convert to datetime") from None
    return text


def read(query: tuple[tuple[str, str], ...], known: Known) -> dict[str, Any]:
    """The arguments by name, a list for those that may be repeated; 400 for an unknown one."""
    found: dict[str, Any] = {}
    for name, text in query:
        if name not in known:
            raise Fault(400, f'Unknown argument: "{name}"')
        if known[name] == "list":
            found.setdefault(name, []).append(text)
        else:
            found[name] = _typed(name, text, known[name])
    return found
