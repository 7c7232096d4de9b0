"""The rows of some stories' timelines: as they are in the database, and as they are to be.

A row is known by its comment or task; a story's `story_created` and `tags_added` by their author,
and by the date that an earlier backdate has given them: what a person did later is nobody else's.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from tracker_migrate.abilities import Stamp
from tracker_migrate.mysql import Edits, second

_MADE = ("story_created", "tags_added")


class Timelines:
    """rows: of the table `events`, all of each story that is asked for."""

    def __init__(self, rows: Iterable[Any]) -> None:
        self._rows = list(rows)
        self._of_story: dict[int, list[Any]] = defaultdict(list)
        self._of_task: dict[int, list[Any]] = defaultdict(list)
        self.of_comment: dict[int, Any] = {}
        #: stories whose own rows are ours
        self.ours: list[int] = []
        self._wanted: dict[int, dict[str, Any]] = {}
        self._importer = 0
        for row in self._rows:
            self._of_story[row.story_id].append(row)
            if row.event_type == "user_comment":
                self.of_comment[row.comment_id] = row
            if row.event_type.startswith("task_"):
                self._of_task[_info(row).get("task_id", 0)].append(row)

    def of(self, kind: str, number: int, stamp: Stamp, accepted: set[int], importer: int) -> None:
        """The rows that tell of an object that is ours, and what they are to say."""
        self._importer = importer
        if kind == "comment":
            self._set(self.of_comment[number], stamp)
        elif kind == "task":
            for row in self._of_task[number]:
                if row.event_type == "task_created" and row.author_id in accepted:
                    self._set(row, stamp)
        else:
            self.ours.append(number)
            for row in self._of_story[number]:
                if row.event_type in _MADE and self._made(row, stamp, accepted):
                    self._set(row, stamp)

    def _made(self, row: Any, stamp: Stamp, accepted: set[int]) -> bool:
        """Whether we have written a row of a story's own: a person whose story it is may have added
        tags as well."""
        if row.event_type == "story_created" or row.author_id == self._importer:
            return row.author_id in accepted
        dated = stamp.created is not None and row.created_at == second(stamp.created)
        return dated and row.author_id in accepted

    def _set(self, row: Any, stamp: Stamp) -> None:
        author = int(stamp.by) if stamp.by else self._importer
        wanted: dict[str, Any] = {"author_id": author}
        if stamp.created is not None:
            wanted["created_at"] = second(stamp.created)
        if row.event_type == "tags_added" and _info(row).get("author_id") != author:
            wanted["event_info"] = json.dumps({**_info(row), "author_id": author})
        self._wanted[row.id] = wanted

    def drop(self, comment: int) -> int:
        """Know no more of a comment's row; its id."""
        row = self.of_comment.pop(comment)
        self._of_story[row.story_id].remove(row)
        return int(row.id)

    def newest_of_story(self, story: int) -> datetime | None:
        """The date of the newest row that is not the importer's."""
        return self._newest(self._of_story[story])

    def newest_of_task(self, task: int) -> datetime | None:
        """The same of those that tell of a task."""
        return self._newest(self._of_task[task])

    def _newest(self, rows: Iterable[Any]) -> datetime | None:
        dates = []
        for row in rows:
            wanted = self._wanted.get(row.id, {})
            if wanted.get("author_id", row.author_id) not in (None, self._importer):
                dates.append(wanted.get("created_at", row.created_at))
        return max((one for one in dates if one is not None), default=None)

    def note(self, edits: Edits) -> None:
        """Note what is to be changed."""
        for row in self._rows:
            if row.id in self._wanted:
                edits.row("events", row, **self._wanted[row.id])


def _info(row: Any) -> dict[str, Any]:
    """What a row of the timeline says besides; nothing, if it can't be read."""
    try:
        info = json.loads(row.event_info or "{}")
    except ValueError:
        return {}
    return info if isinstance(info, dict) else {}
