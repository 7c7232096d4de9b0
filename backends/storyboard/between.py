"""What others did to a story and its tasks between two looks, by the story's own timeline; and what
the ids in their fields mean."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from tracker_migrate.abilities import Between, Touch
from tracker_migrate.backends.storyboard import wire
from tracker_migrate.backends.storyboard.account import Site
from tracker_migrate.backends.storyboard.feed import Feed
from tracker_migrate.errors import Gone
from tracker_migrate.interfaces import RemoteRef
from tracker_migrate.model import Key

Refs = Mapping[Key, tuple[str, RemoteRef]]
#: rows of the timeline asked for at once; one request tells what happened within a second or two
_ROWS = 200
_NAMES = {
    "project_id": ("projects", "name"),
    "branch_id": ("branches", "name"),
    "milestone_id": ("milestones", "name"),
    "assignee_id": ("users", "full_name"),
    "story_id": ("stories", "title"),
}


class Timeline:
    """`abilities.SeesBetween` and `TellsValues` of one StoryBoard. feed: reads a row."""

    def __init__(self, site: Site, feed: Feed) -> None:
        self._site = site
        self._api = site.api
        self._feed = feed

    def moment(self, refs: Refs) -> dict[str, Any]:
        """The number of the last row of each story's timeline."""
        stories = sorted({_story(at) for at in refs.values()} - {""})
        return {
            story: max((row["id"] for row in self._rows(story, 1)), default=0) for story in stories
        }

    def between(self, refs: Refs, moment: Mapping[str, Any]) -> Sequence[Between]:
        """The rows since then, the oldest first."""
        found: list[Between] = []
        for story, last in moment.items():
            rows = [row for row in self._rows(story, _ROWS) if row["id"] > last]
            touches = [one for row in reversed(rows) if (one := self._feed.touch(row)) is not None]
            for at, touch in enumerate(touches):
                if touch.by:
                    found += self._of(refs, touch, touches[at + 1 :])
        return found

    def _of(self, refs: Refs, touch: Touch, later: Sequence[Touch]) -> list[Between]:
        over = any(not one.by and (one.kinds, one.at) == (touch.kinds, touch.at) for one in later)
        return [
            Between(key=of, fields=touch.fields, untold=touch.untold, over=over)
            for of, (kind, at) in refs.items()
            if kind in touch.kinds and at.id == touch.at
        ]

    def _rows(self, story: str, many: int) -> list[dict[str, Any]]:
        """The last rows of a story's timeline, the newest first."""
        query = {"sort_field": "id", "sort_dir": "desc", "limit": str(many)}
        return list(self._api.get(f"/stories/{int(story)}/events", query))

    def in_words(self, field: str, value: Any) -> str:
        """What people call a project, branch, milestone, account or story."""
        if value is None:
            return ""
        many, name = _NAMES.get(field, ("", ""))
        try:
            row = self._api.get(f"/{many}/{int(value)}") if many else {}
        except Gone:
            row = {}
        return str(row.get(name) or value)


def _story(ref: tuple[str, RemoteRef]) -> str:
    kind, at = ref
    return at.id if kind in ("story", "tagging") else wire.story_in(at.url) or ""
