"""What anybody did to tasks at Maniphest since a mark, in a request.

`transaction.search` with an objectType lists what was done to all tasks that we may see, the newest
first, with the new values (facts 13). Its numbers are counted by the server: two rows of one second
are told apart, and no clock is asked. What is about a task that we can't see any more is not listed
(facts 14); of a comment that was edited or removed nothing new is: those are found by `verify`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any

from tracker_migrate.abilities import Told, Touch
from tracker_migrate.backends.maniphest.lookups import Finder, batches
from tracker_migrate.backends.maniphest.server import Server
from tracker_migrate.backends.maniphest.watching import FIELDS, told
from tracker_migrate.backends.maniphest.wire import TransactionRow

#: rows of the first page: enough for a poll that finds nothing, and for some edits
_FIRST = 100
_MORE = 500
#: rows below the mark that are looked at again: a write that was under way at the last look may
#: have got its number before one that was seen
_OVERLAP = 50
_TASKS = ("task", "subtask")
_RELATED = ("relations", "subtask")
#: what is not a field of ours, or is looked for in another way
_PASSED = frozenset({"create", "comment", "subscribers", "core:customfield", "points", "unblock"})
_EDGES = frozenset({"dependsOn", "dependedOnBy"})


class Feed:
    """`abilities.TellsEdits` of one server."""

    def __init__(self, server: Server, finder: Finder) -> None:
        self._server = server
        self._finder = finder

    def since(self, mark: Mapping[str, Any]) -> Iterator[Told]:
        """See `abilities.TellsEdits.edits_since`. mark: the highest number that was seen, and
        which of those just below it were."""
        last, seen = int(mark.get("row", -1)), set(mark.get("seen", ()))
        stands: dict[str, Any] = {}
        for rows in self._finder.done_to_tasks(_FIRST, _MORE):
            stands = stands or _stands(rows, last, seen)
            fresh = [row for row in rows if row.id > last - _OVERLAP and row.id not in seen]
            touches = map(self.touch, fresh) if mark else ()
            yield Told(touches=tuple(one for one in touches if one is not None), mark=stands)
            if not mark or not rows or rows[-1].id <= last - _OVERLAP:
                return

    def touch(self, row: TransactionRow) -> Touch | None:
        """What a row tells of a task; None if it is about no field of ours."""
        by = "" if row.author == self._server.facts.me else row.author
        if row.type in _PASSED:
            return None
        if row.type in _EDGES:
            return Touch(kinds=_RELATED, at=row.object, by=by, untold=True)
        name = FIELDS.get(row.type or "")
        if name is None or not isinstance(row.fields, dict):
            return Touch(kinds=_TASKS, at=row.object, by=by, untold=True)
        fields = {name: told(self._server, name, row.fields.get("new"))}
        return Touch(kinds=_TASKS, at=row.object, by=by, fields=fields)

    def visible(self, ids: Collection[str]) -> frozenset[str]:
        """Tasks by PHID, a hundred a request."""
        found: set[str] = set()
        for batch in batches(sorted(ids)):
            found.update(row.phid for row in self._finder.tasks_by_phid(batch))
        return frozenset(found)


def _stands(rows: list[TransactionRow], last: int, seen: set[int]) -> dict[str, Any]:
    """Where the feed stands, by its first page. A row that is gone does not set it back."""
    newest = max((row.id for row in rows), default=last)
    newest = max(newest, last)
    near = {row.id for row in rows} | seen
    return {"row": newest, "seen": sorted(one for one in near if one > newest - _OVERLAP)}
