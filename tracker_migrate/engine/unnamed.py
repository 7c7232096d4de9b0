"""Issues without the people whom not everybody may know: private teams, and whoever was not read,
for that may be one."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import msgspec

from tracker_migrate.model import PARTS, Issue, Key
from tracker_migrate.workspace.archive import Archive

_MANY = 5000
#: fields of an issue and its parts that hold somebody's key, and may hold none
_FIELDS = ("author", "assignee", "by")


class Nameable:
    """Whom everybody may know, of one archive. Memory does not grow with how many those are."""

    def __init__(self, archive: Archive) -> None:
        self._archive = archive
        self._known: dict[Key, bool] = {}

    def unknown(self, people: Collection[Key]) -> set[Key]:
        """Those of these people whom not everybody may know."""
        if len(self._known) > _MANY:
            self._known.clear()
        fresh = [one for one in people if one not in self._known]
        if fresh:
            self._known |= dict.fromkeys(fresh, False)
            self._known |= {one.key: not one.private for one in self._archive.people(fresh)}
        return {one for one in people if not self._known[one]}


def without(issue: Issue, people: Collection[Key]) -> Issue:
    """The issue as if nobody stood where one of these people does; who wants to hear of it is left
    out."""
    if not people:
        return issue
    told = tuple(one for one in issue.subscriptions if one.person not in people)
    issue = msgspec.structs.replace(issue, subscriptions=told)
    parts = {name: tuple(_bare(one, people) for one in getattr(issue, name)) for name in PARTS}
    bare: Issue = _bare(issue, people)
    return msgspec.structs.replace(bare, **parts)


def _bare(of: Any, people: Collection[Key]) -> Any:
    """An issue or one of its parts, but for what it consists of."""
    changed: dict[str, Any] = {name: None for name in _FIELDS if getattr(of, name, None) in people}
    if any(_is_of(value, people) for value in of.extra.values()):
        left = {name: value for name, value in of.extra.items() if not _is_of(value, people)}
        changed["extra"] = left
    return msgspec.structs.replace(of, **changed) if changed else of


def _is_of(value: object, people: Collection[Key]) -> bool:
    return isinstance(value, str) and value in people
