"""What Launchpad said of a recorded project: its raw replies, straight from the files."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator
from copy import copy
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

Row = dict[str, Any]


class Recorded:
    """The replies of one project, by the path below `devel/`; rows are JSON objects as they came.

    `number`: how many of a collection's rows there are, even where an anonymous reader is shown
    none of them.
    """

    def __init__(self, folder: Path) -> None:
        self._replies: dict[str, Row] = {}
        self._searches: list[Row] = []
        for address, status, name in json.loads((folder / "INDEX.json").read_text()):
            file = folder / name
            if status != 200 or file.suffix != ".json" or not file.exists():
                continue
            reply = json.loads(file.read_text(encoding="utf-8"))
            operation = parse_qs(urlsplit(address).query).get("ws.op", [""])[0]
            if operation == "searchTasks":
                self._searches.append(reply)
            self._replies[f"{path_of(address)} {operation}".strip()] = reply

    def replies(self) -> dict[str, Row]:
        """All of them."""
        return self._replies

    def instead(self, path: str, reply: Row) -> Recorded:
        """The same, but for one reply."""
        other = copy(self)
        other._replies = {**self._replies, path: reply}
        other._searches = [reply if one is self._replies[path] else one for one in self._searches]
        return other

    def with_row(self, path: str, of: str, fields: Row) -> Recorded:
        """The same, but for some fields of one row of one reply."""
        reply = self._replies[path]
        rows = reply.get("entries", [reply])
        held = [{**one, **fields} if path_of(one["self_link"]) == of else one for one in rows]
        return self.instead(path, {**reply, "entries": held} if "entries" in reply else held[0])

    def row(self, path: str) -> Row | None:
        """One thing, or None if it was not recorded."""
        return self._replies.get(path)

    def rows(self, path: str) -> list[Row]:
        """A collection, empty if it was not recorded."""
        reply = self._replies.get(path)
        return [] if reply is None else list(reply["entries"])

    def number(self, path: str) -> int:
        """How many rows a collection says that it has."""
        reply = self._replies.get(path)
        return 0 if reply is None else int(reply["total_size"])

    def bugs(self) -> list[Row]:
        """Every bug that the project's search found."""
        found = {path_of(row["bug_link"]) for one in self._searches for row in one["entries"]}
        return [self._replies[path] for path in sorted(found)]

    def blueprints(self) -> list[Row]:
        """Every blueprint of the project."""
        found = [path for path in self._replies if path.endswith("/all_specifications")]
        return [row for path in found for row in self._replies[path]["entries"]]

    def person(self, link: str) -> tuple[str, str]:
        """(the name that is shown, the name in addresses) of somebody."""
        name = path_of(link).removeprefix("~")
        known = self._replies.get(f"~{name}")
        return (known["display_name"] if known else name), name


def changed(recorded: Recorded, most: int = 3) -> Iterator[tuple[str, Recorded]]:
    """Copies of what was recorded, each with one field of one row changed, and the field's name;
    each field in `most` rows of bugs and blueprints."""
    times: Counter[str] = Counter()
    for path, reply in recorded.replies().items():
        if not path.startswith("bugs/") and "specification" not in path and "+spec" not in path:
            continue
        rows = reply.get("entries", [reply])
        for number, row in enumerate(rows):
            kind = row.get("resource_type_link", "#").rpartition("#")[2]
            for field in row:
                times[f"{kind}.{field}"] += holds(row[field])
                if holds(row[field]) and times[f"{kind}.{field}"] <= most:
                    other = {**row, field: _other(field, row[field])}
                    held = [*rows[:number], other, *rows[number + 1 :]]
                    made = {**reply, "entries": held} if "entries" in reply else other
                    yield f"{kind}.{field}", recorded.instead(path, made)


def _other(field: str, value: Any) -> Any:
    """Another value of the same kind."""
    match value:
        case bool():
            return not value
        case int():
            return value + 7
        case list():
            return [*value, "another"]
        case _ if re.match(r"\d{4}-\d\d-\d\dT", value):
            return "2001-02-03T04:05:06+00:00"
        case _ if field.endswith("_link"):
            return f"{value}x"
    return f"another {value}"


def path_of(address: str) -> str:
    """What an address of the API names: `bugs/16`, `~name12`, `lab-alpha/+milestone/1.0`."""
    return urlsplit(address).path.removeprefix("/devel/")


def page_of(address: str) -> str:
    """The path of a page for people: the host is another one in a test."""
    return urlsplit(address).path


def moment(date: str) -> str:
    """A date as people read it: `2026-11-22 13:48:36 UTC`."""
    when = datetime.fromisoformat(date).astimezone(UTC)
    return f"{when:%Y-%m-%d %H:%M:%S} UTC"


def holds(value: Any) -> bool:
    """Whether a field says something: no null, no empty text or list, no nought, no `no`."""
    return value not in (None, "", [], {}, 0, False)


def target_of(task: Row) -> str:
    """What a task is about: `lab-alpha`, `lab-alpha/stable`, `ubuntu/+source/evolution`."""
    return re.sub(r"/\+bug/\d+$", "", path_of(task["self_link"]))
