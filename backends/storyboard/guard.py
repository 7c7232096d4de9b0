"""What is looked at before anything private is sent: is the story still ours, and still closed?

A number proves nothing: our story may have been deleted, and a stranger have taken its number, with
us among its readers; any reader may open a story, and move a task to another one (facts 1 and 12).
So the look is made right before each private write, and is not remembered: it costs one request by
number, 27 ms among 50 000 stories (facts 6), and only private writes pay for it.

What is written as somebody else has to be readable for them: a comment's POST by who may not read
its story is taken all the same (facts 4), and would put words into their mouth that they can't see.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tracker_migrate.backends.storyboard import access, ours, wire
from tracker_migrate.backends.storyboard.account import Site
from tracker_migrate.backends.storyboard.numbers import Numbers
from tracker_migrate.backends.storyboard.search import Search
from tracker_migrate.backends.storyboard.stories import ANOTHERS
from tracker_migrate.errors import Gone, Refused
from tracker_migrate.interfaces import ClosedAction, RemoteRef

OPEN = "its story is open to all now, so that nothing private is added to it"
MOVED = "the task stands on another story now"
UNREAD = "account {} may not read its story, and is not let in to be its author"


class Guard:
    """Lets a private write pass, or raises Refused, Gone."""

    def __init__(self, site: Site, numbers: Numbers) -> None:
        self._site = site
        self._api = site.api
        self._search = Search(site, numbers)

    def check(self, action: ClosedAction) -> None:
        """Look at what an action for an audience that is not public would be written into."""
        match action.kind, action.op:
            case "story", "create":
                # whose a story is that is there already, is asked when it is refused
                self._may_read(action, action.fields)
            case "story", "update":
                self._story_is_ours(action)
            case "task", "update":
                self._task_is_ours(action)
            case "task" | "tagging" | "comment", _:
                self._may_read(action, self._is_closed(_story_of(action)))
            case _:
                return  # shared objects are public by design
        if not set(action.fields) <= set(access.FIELDS):
            self._search.check()

    def _story_is_ours(self, action: ClosedAction) -> None:
        """What closes it passes, and so does what closes it in the same request."""
        assert action.at is not None
        path = f"/stories/{action.at.id}"
        closes = action.fields.get("private") and set(action.fields) <= set(access.FIELDS)
        row = self._api.get(path) if closes else self._ours(path)
        if closes and not (ours.story(self._site, row) or ours.may_be(self._site, row)):
            raise Refused(ANOTHERS)
        if not row.get("private") and not action.fields.get("private"):
            raise Refused(OPEN)

    def _task_is_ours(self, action: ClosedAction) -> None:
        assert action.at is not None
        row = self._ours(f"/tasks/{action.at.id}")
        if str(row.get("story_id")) != _story_of(action):
            raise Refused(MOVED)
        self._is_closed(_story_of(action))

    def _is_closed(self, story: str) -> Mapping[str, Any]:
        row = self._ours(f"/stories/{int(story)}")
        if not row.get("private"):
            raise Refused(OPEN)
        return row

    def _may_read(self, action: ClosedAction, story: Mapping[str, Any]) -> None:
        """Raise Refused if who is to be the author is none of a story's readers by name. story: as
        it is to be, or as read."""
        if action.by in ("", str(self._site.me)):
            return
        readers = story.get("users") or ()
        if action.by not in {str(one["id"] if isinstance(one, dict) else one) for one in readers}:
            raise Refused(UNREAD.format(action.by))

    def _ours(self, path: str) -> Mapping[str, Any]:
        row: Mapping[str, Any] = self._api.get(path)
        is_ours = ours.task if path.startswith("/tasks/") else ours.story
        if not is_ours(self._site, row):
            raise Refused(ANOTHERS)
        return row


def _story_of(action: ClosedAction) -> str:
    """The id of the story that an action writes to, from its fields or from where it is."""
    if "story_id" in action.fields:
        return str(action.fields["story_id"])
    at = action.at or RemoteRef(id="")
    story = at.id if action.kind == "tagging" else wire.story_in(at.url)
    if not story:
        raise Gone("it is not known on which story it stands")
    return story
