"""What anybody did at StoryBoard since a mark, in a request.

`GET /events`, sorted by id, newest first, lists what was done to all stories that we may see (facts
12). It takes an offset and no marker (facts 13), so that a page shifts when something happens while
it is asked for: rows come twice then, and none is missed. Its numbers are counted by the server: no
clock is asked. The header X-Total says how many rows there are for us in all; a story that is
deleted takes its rows with it, and one that is closed to us hides them, without a word (facts 13):
if there are fewer than there should be, something is gone.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any

from tracker_migrate.abilities import Told, Touch
from tracker_migrate.backends.storyboard import events, wire
from tracker_migrate.backends.storyboard.account import Site
from tracker_migrate.bounded import ROWS, Pages
from tracker_migrate.errors import Gone

#: rows of the first page: enough for a poll that finds nothing, and for some edits
_FIRST = 100
_MORE = 500
#: rows below the mark that are looked at again: a write that was under way at the last look may
#: have got its number before one that was seen
_OVERLAP = 50
#: so many stories are asked for one by one
_FEW = 20
#: the kind of object and the field that a row tells the new value of, by its type
_TELLS = {
    "task_status_changed": ("new_status", "status"),
    "task_priority_changed": ("new_priority", "priority"),
    "task_assignee_changed": ("new_assignee_id", "assignee_id"),
}
#: what a row says was changed, and not to what
_UNTOLD = {
    "story_details_changed": "story",
    "tags_added": "tagging",
    "tags_deleted": "tagging",
    "task_details_changed": "task",
}


class Feed:
    """`abilities.TellsEdits` of one StoryBoard."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self._api = site.api

    def since(self, mark: Mapping[str, Any]) -> Iterator[Told]:
        """See `abilities.TellsEdits.edits_since`. mark: the highest number that was seen, which of
        those just below it were, and how many rows there were."""
        last, seen = int(mark.get("event", -1)), set(mark.get("seen", ()))
        stands: dict[str, Any] = {}
        told: set[int] = set()
        for rows, total in self._pages({}):
            stands = stands or _stands(rows, last, seen, total)
            within = [row for row in rows if last - _OVERLAP < row["id"] <= stands["event"]]
            fresh = [row for row in within if row["id"] not in seen and row["id"] not in told]
            told.update(row["id"] for row in fresh)
            touches = [] if not mark else [one for one in map(self.touch, fresh) if one]
            ends = not mark or not rows or rows[-1]["id"] <= last - _OVERLAP
            ends = ends or stands["total"] <= _FIRST
            missing = bool(mark) and ends and stands["total"] < mark["total"] + len(told)
            yield Told(touches=tuple(touches), mark=stands, missing=missing)
            if ends:
                return

    def _pages(self, query: Mapping[str, str]) -> Iterator[tuple[list[dict[str, Any]], int]]:
        """All rows, the newest first, with how many there are."""
        sort = {"sort_field": "id", "sort_dir": "desc"}
        pages, size, offset = Pages(ROWS), _FIRST, 0
        while True:
            cut = {"limit": size, "offset": offset or None}
            rows, total = self._api.counted("/events", {**query, **sort, **cut})
            pages.turn(len(rows), (offset, rows[0]["id"]) if rows else None)
            yield rows, total
            if len(rows) < size:
                return
            offset, size = offset + size, _MORE

    def touch(self, row: Mapping[str, Any]) -> Touch | None:
        """What a row tells of an object of ours; None if it is about none."""
        author = row.get("author_id")
        by = "" if author is None or self._site.is_ours(author) else str(author)
        name, info = str(row.get("event_type")), events.info(row)
        task, story = str(info.get("task_id")), str(row.get("story_id"))
        if name == "task_deleted":
            return Touch(kinds=("task",), at=task, by=by, gone=True)
        if name in _TELLS:
            key, field = _TELLS[name]
            value = info.get(key)
            value = wire.name_of(value) if field == "assignee_id" else value
            return Touch(kinds=("task",), at=task, by=by, fields={field: value})
        kind = _UNTOLD.get(name)
        if kind is None:
            return None
        at = task if kind == "task" else story
        return Touch(kinds=(kind,), at=at, by=by, untold=True, once=True)

    def visible(self, ids: Collection[str]) -> frozenset[str]:
        """Stories: some one by one; more by the rows that tell that they were made, which hold no
        text."""
        if len(ids) <= _FEW:
            return frozenset(one for one in ids if self._is_there(one))
        left, found = set(ids), set[str]()
        for rows, _total in self._pages({"event_type": "story_created"}):
            there = left.intersection(str(row.get("story_id")) for row in rows)
            found |= there
            left -= there
            if not left:
                break
        return frozenset(found | {one for one in left if self._is_there(one)})

    def _is_there(self, story: str) -> bool:
        try:
            self._api.get(f"/stories/{int(story)}")
        except Gone:
            return False
        return True


def _stands(rows: list[dict[str, Any]], last: int, seen: set[int], total: int) -> dict[str, Any]:
    """Where the feed stands, by its first page."""
    newest = max((row["id"] for row in rows), default=last)
    newest = max(newest, last)
    near = {row["id"] for row in rows} | seen
    near = {one for one in near if one > newest - _OVERLAP}
    return {"event": newest, "seen": sorted(near), "total": total}
