"""Taking back: a story goes with its tasks and all that is told of it, a file from its folder.

What StoryBoard does (tried on a server): only a superuser may delete a story. To delete one that is
not there, or that the caller may not read, is answered 204 as well, and nothing happens: so it is
looked at first, as ours and as readable, and looked for afterwards. Its comments' rows stay, out of
reach, and keep their numbers; so does the permission row of one that is or was private. What a
person put on a worklist or board, or gave a due date, leaves no row in the timeline.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from tracker_migrate.abilities import Back, Part
from tracker_migrate.backends.storyboard import events
from tracker_migrate.backends.storyboard.account import Site
from tracker_migrate.backends.storyboard.files import KIND as FILE
from tracker_migrate.backends.storyboard.finding import PLACEHOLDER, Finder
from tracker_migrate.backends.storyboard.stories import ANOTHERS
from tracker_migrate.errors import Gone, Refused
from tracker_migrate.interfaces import ClosedAction, Receipt
from tracker_migrate.model import Key

STEPS = ("story.delete", "file.delete")
WORKED = "its history names other people: {many} entries"
UNKNOWN = (
    "something of this account's own stands on it that the workspace does not know: "
    "tracker-migrate adopt, or somebody used the account by hand"
)
LISTED = "somebody has put it on a worklist or board, or has given it a due date"
STAYED = "StoryBoard took the request to delete the story, and it is still there"

#: seconds for which the worklists, boards and due dates that were read are believed
_FRESH = 60.0
_NEW = {what: kind for kind, what in events.TYPES.items()}


class Undoing:
    """Takes back what was written to one StoryBoard."""

    def __init__(self, site: Site, finder: Finder) -> None:
        self._site = site
        self._finder = finder
        self._guard = threading.Lock()
        self._chosen: set[tuple[str, int]] = set()
        self._chosen_until = 0.0
        self._burnt: set[int] = set()

    # -- whether ----------------------------------------------------------------------------------

    def worked_on(self, issue: Key, parts: Mapping[Key, Part]) -> str:
        """See `abilities.TakesBack`. A file in its folder is nobody's to work on."""
        story = next((one for one in parts.values() if one.kind == "story"), None)
        if story is None:
            return ""
        if not self._is_by_us(self._site.api.get(f"/stories/{story.at.id}"), story):
            return ANOTHERS
        known = {(one.kind, one.at.id): one for one in parts.values()}
        rows = list(self._site.api.rows(f"/stories/{story.at.id}/events"))
        others = [row for row in rows if not self._is_ours(row, story, known)]
        if others:
            return WORKED.format(many=len(others))
        if any(not self._is_known(row, known) for row in rows) or self._strange(story, known):
            return UNKNOWN
        return LISTED if self._is_chosen(parts.values()) else ""

    def _is_by_us(self, row: Mapping[str, Any], story: Part) -> bool:
        named = row.get("title") != PLACEHOLDER
        return named and str(row.get("creator_id")) in (str(self._site.me), story.by)

    def _is_ours(
        self, row: Mapping[str, Any], story: Part, known: Mapping[tuple[str, str], Part]
    ) -> bool:
        """Whether a row of the timeline is our own doing. As others we only make things; and
        `backdate` gives a story's author the row that tells of its tags, which are compared."""
        if self._site.is_ours(row.get("author_id")):
            return True
        kind = _NEW.get(str(row.get("event_type")), "")
        made = story if kind == "story" else known.get((kind, str(events.made(row, kind))))
        if row.get("event_type") == "tags_added":
            made = story
        return made is not None and bool(made.by) and str(row.get("author_id")) == made.by

    def _is_known(self, row: Mapping[str, Any], known: Mapping[tuple[str, str], Part]) -> bool:
        """Of a row that tells of a new comment: whether the ledger names that. A comment can't be
        had back."""
        if row.get("event_type") != events.TYPES["comment"]:
            return True
        return ("comment", str(events.made(row, "comment"))) in known

    def _strange(self, story: Part, known: Mapping[tuple[str, str], Part]) -> bool:
        """Whether a task stands on it that the ledger does not name."""
        rows = self._site.api.rows("/tasks", {"story_id": story.at.id})
        return any(("task", str(row["id"])) not in known for row in rows)

    def _is_chosen(self, parts: Iterable[Part]) -> bool:
        with self._guard:
            if time.monotonic() >= self._chosen_until:
                self._chosen = set(self._all_chosen())
                self._chosen_until = time.monotonic() + _FRESH
            return any((one.kind, _number(one)) in self._chosen for one in parts)

    def _all_chosen(self) -> Iterator[tuple[str, int]]:
        """All stories and tasks that people gave a place or a date, as far as we may see that."""
        for worklist in self._list("/worklists"):
            yield from _items(worklist)
        for board in self._list("/boards"):
            for lane in board.get("lanes") or ():
                yield from _items(lane.get("worklist") or {})
        for date in self._list("/due_dates"):
            yield from (("story", int(row["id"])) for row in date.get("stories") or ())
            yield from (("task", int(row["id"])) for row in date.get("tasks") or ())

    def _list(self, path: str) -> list[Any]:
        try:
            return list(self._site.api.get(path))
        except Gone:
            return []  # a StoryBoard without them

    # -- how --------------------------------------------------------------------------------------

    def backs(self, parts: Mapping[Key, Part]) -> Sequence[Back]:
        """The story with all that stands on it; then each file, which has a place of its own."""
        takes = tuple(of for of, one in parts.items() if one.kind not in ("story", FILE))
        stories = [
            Back(key=of, op="delete", takes=takes)
            for of, one in parts.items()
            if one.kind == "story"
        ]
        files = [Back(key=of, op="delete") for of, one in parts.items() if one.kind == FILE]
        return [*stories, *files]

    def delete(self, action: ClosedAction) -> Receipt:
        """Delete a story that is there, readable and by whom it should be. Raises Gone, Refused,
        UsageError (no superuser)."""
        assert action.at is not None
        path = f"/stories/{action.at.id}"
        row = self._site.api.get(path)
        if row.get("title") == PLACEHOLDER or not self._may_be_ours(row, action):
            raise Refused(ANOTHERS)
        if row.get("private") or row.get("users") or row.get("teams"):
            with self._guard:
                self._burnt.add(int(action.at.id))
        self._site.api.write("DELETE", path)
        if self._finder.row(path) is not None:
            raise Refused(STAYED)
        return Receipt(refs={action.key: action.at})

    def deleted(self, action: ClosedAction) -> Receipt | None:
        """Where a story was, if it is there no more; None if it is. One that somebody else has made
        under its number since is not it."""
        assert action.at is not None
        row = self._finder.row(f"/stories/{action.at.id}")
        if row is not None and self._may_be_ours(row, action):
            return None
        return Receipt(refs={action.key: action.at})

    def _may_be_ours(self, row: Mapping[str, Any], action: ClosedAction) -> bool:
        return str(row.get("creator_id")) in (str(self._site.me), action.by)

    # -- afterwards -------------------------------------------------------------------------------

    def advice(self) -> Sequence[str]:
        """Where a story has to get its bug's number again, the row that keeps that from it."""
        with self._guard:
            burnt = sorted(self._burnt)
        if not burnt or self._site.options.numbers != "keep":
            return []
        head = (
            f"{len(burnt)} of the stories that were deleted were private: before a run can make"
            " them anew under their bugs' numbers, have StoryBoard's database rid of their"
            " permission rows:"
        )
        return [head, *freeing(burnt)]


def freeing(numbers: Sequence[int]) -> list[str]:
    """The SQL after which private stories can be made under these numbers again (facts 4)."""
    names = ", ".join(f"'view_story_{number}'" for number in numbers)
    tables = ("user_permissions", "team_permissions")
    return [
        *(
            f"DELETE x FROM {table} x JOIN permissions p ON p.id = x.permission_id"
            f" WHERE p.name IN ({names});"
            for table in tables
        ),
        f"DELETE FROM permissions WHERE name IN ({names});",
    ]


def _items(worklist: Mapping[str, Any]) -> Iterator[tuple[str, int]]:
    for item in worklist.get("items") or ():
        if not item.get("archived"):
            yield str(item.get("item_type")), int(item.get("item_id") or 0)


def _number(part: Part) -> int:
    return int(part.at.id) if part.at.id.isdigit() else 0
