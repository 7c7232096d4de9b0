"""What others did to tasks between two looks, by the tasks' own transactions; and what the PHIDs in
their fields mean."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from tracker_migrate.abilities import Between, Touch
from tracker_migrate.backends.maniphest.feed import Feed
from tracker_migrate.backends.maniphest.lookups import Finder
from tracker_migrate.backends.maniphest.server import Server
from tracker_migrate.interfaces import RemoteRef
from tracker_migrate.model import Key

Refs = Mapping[Key, tuple[str, RemoteRef]]
_TASK = "PHID-TASK-"
#: transactions that are looked at: all that a young task has
_SOME = 50
_USER = "PHID-USER-"
#: a task that is closed as a duplicate of another gets its status by such a row, and by no other;
#: an older server says no type of it
_MERGED = ("mergedinto", None)


class History:
    """`abilities.SeesBetween` and `TellsValues` of one server. feed: reads a row."""

    def __init__(self, server: Server, finder: Finder, feed: Feed) -> None:
        self._server = server
        self._finder = finder
        self._feed = feed

    def moment(self, refs: Refs) -> dict[str, Any]:
        """The number of each task's last transaction, and what its last ones leave its fields."""
        tasks = sorted({at.id for _kind, at in refs.values() if at.id.startswith(_TASK)})
        return {task: self._stands(task) for task in tasks}

    def _stands(self, task: str) -> dict[str, Any]:
        rows, fields = self._finder.newest_transactions(task, _SOME), dict[str, Any]()
        told = {row.group for row in rows if row.type == "status"}
        for row in reversed(rows):
            touch = self._feed.touch(row)
            fields |= touch.fields if touch is not None else {}
            if row.type in _MERGED and (row.group is None or row.group not in told):
                fields.pop("status", None)
        return {"last": rows[0].id if rows else 0, "fields": fields}

    def recalled(self, refs: Refs, moment: Mapping[str, Any]) -> dict[Key, Mapping[str, Any]]:
        """The fields of tasks that were changed, or set, within their last transactions."""
        return {
            key: moment[at.id]["fields"] for key, (_kind, at) in refs.items() if at.id in moment
        }

    def between(self, refs: Refs, moment: Mapping[str, Any]) -> Sequence[Between]:
        """The rows since then, the oldest first."""
        found: list[Between] = []
        for task, stood in moment.items():
            touches = list(reversed(list(self._touches(task, stood["last"]))))
            for at, touch in enumerate(touches):
                if touch.by:
                    found += _of(refs, touch, touches[at + 1 :])
        return found

    def _touches(self, task: str, last: int) -> Iterator[Touch]:
        for row in self._finder.transactions(task, limit=_SOME):
            if row.id <= last:
                return
            touch = self._feed.touch(row)
            if touch is not None:
                yield touch

    def in_words(self, value: Any) -> str:
        """What people call an account or a task."""
        phid = "" if value is None else str(value)
        if phid.startswith(_TASK):
            row = next(self._finder.tasks_by_phid([phid]), None)
            return f"T{row.id}" if row is not None else phid
        if not phid.startswith(_USER):
            return phid
        search = {"constraints": {"phids": [phid]}}
        for row in self._server.client.read("user.search", **search)["data"]:
            login, name = row["fields"]["username"], row["fields"].get("realName")
            return f"{name} ({login})" if name else str(login)
        return phid


def _of(refs: Refs, touch: Touch, later: Sequence[Touch]) -> list[Between]:
    """A change is written over if the same field was changed by us after it."""
    over = any(
        not one.by and one.at == touch.at and (one.untold or one.fields.keys() & touch.fields)
        for one in later
    )
    return [
        Between(key=of, fields=touch.fields, untold=touch.untold, over=over)
        for of, (kind, at) in refs.items()
        if kind in touch.kinds and at.id == touch.at
    ]
