"""Stories: made, changed, closed, opened; and the look at who may read one afterwards."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tracker_migrate.backends.storyboard import access, origins, ours, wire
from tracker_migrate.backends.storyboard.account import Site
from tracker_migrate.backends.storyboard.faults import Exists, HalfMade
from tracker_migrate.backends.storyboard.finding import Finder
from tracker_migrate.errors import Doubtful, Gone, Refused, Taken
from tracker_migrate.interfaces import CLOSED, ClosedAction, Receipt
from tracker_migrate.model import kind_of, name_of

ANOTHERS = "what stands under its number now was made by somebody else"
#: why a story stays open: 400 and 404 of a PUT that makes it private
LEFT_BEHIND = (
    "StoryBoard can't close it: a private story had its number before, was deleted, and left its"
    " permission row behind, which the server's database has to be rid of"
)
#: why a private story can't get its bug's number; the cure was tried on a server (facts 4)
BURNT = (
    "its number was a private story's, now deleted, whose permission row StoryBoard keeps: have its"
    " database run DELETE x FROM user_permissions x JOIN permissions p ON p.id = x.permission_id"
    " WHERE p.name = 'view_story_{number}'; the same for team_permissions; then DELETE FROM"
    " permissions WHERE name = 'view_story_{number}'"
)
NOT_LISTED = (
    "StoryBoard does not let us close it: the list that it kept from when the story was private is"
    " without us; somebody on that list has to close it, and to put us on the list"
)
#: what is told of a story whose reply shows other readers than it was given
NOT_CLOSED = "StoryBoard took the request, but shows the story to others than its readers"


class StoryWriter:
    """Sends a story's create or update."""

    def __init__(self, site: Site, finder: Finder) -> None:
        self._site = site
        self._api = site.api
        self._finder = finder

    def create(self, action: ClosedAction, size: int) -> Receipt:
        """Make a story, private from the first if it is to be; what is there already is taken up
        if it is this very one. Raises Taken, Doubtful, Refused."""
        self._check_readers(action.fields)
        me = self._site.me
        body = wire.story_body(action.fields, me, first=int(action.by or me))
        body = wire.numbered(body, action.number)
        try:
            row = self._site.write(action.by, "POST", "/stories", body, size=size)
        except HalfMade:
            # the story may be there all the same, cut off at the unknown reader (facts 13)
            found = self._rescue(action) if action.number is not None else None
            if found is None:
                raise
            return found
        except Exists as error:
            if error.what == "Permission":
                # the row of a deleted private story keeps its number for good (facts 4)
                if self._is_kept(action):
                    raise Refused(BURNT.format(number=action.number)) from None
                raise Taken(f"number {action.number} was a private story's, now deleted") from None
            return self._rescue(action) or self.invisible(action)
        return self._made(action, wire.id_of(row, action.number))

    def _is_kept(self, action: ClosedAction) -> bool:
        """Whether no other number will do."""
        keeps = self._site.options.numbers == "keep" and kind_of(action.key) == "bug"
        return keeps and str(action.number) == name_of(action.key)

    def _made(self, action: ClosedAction, number: str) -> Receipt:
        """The reply to a POST names no readers: a private story is looked at once more."""
        receipt = self._receipt(action, number)
        if action.fields.get("private"):
            row = self._finder.row(f"/stories/{number}")
            if row is None or not self._is_as_closed(action.fields, row):
                raise Doubtful(NOT_CLOSED)
        return receipt

    def update(self, action: ClosedAction, size: int) -> Receipt:
        """Send the fields that are named.

        What narrows names every reader, for StoryBoard keeps the list of a story that was opened,
        and a later `private` brings it back. It shows that list to all, too, while the story is
        open: what opens takes the readers off first (a list that is named together with
        `private: false` is ignored). Raises Refused if the reply tells of other readers.
        """
        assert action.at is not None
        self._check_readers(action.fields)
        path = f"/stories/{action.at.id}"
        if action.fields.get("private") is False:
            self._before_opening(path)
        body = wire.story_body(action.fields, self._site.me)
        try:
            row = self._api.write("PUT", path, body, size=size)
        except Exists:
            raise Refused(LEFT_BEHIND) from None
        except Gone:
            if action.fields.get("private") and self._finder.row(path) is not None:
                raise Refused(NOT_LISTED) from None
            raise
        if action.fields.get("private") and not self._is_as_closed(action.fields, row):
            raise Refused(NOT_CLOSED)
        return self._receipt(action, action.at.id)

    def _before_opening(self, path: str) -> None:
        """Take the readers off a private story of ours; a stranger's under its number is not ours
        to open."""
        row = self._api.get(path)
        if not ours.story(self._site, row):
            raise Refused(ANOTHERS)
        if row.get("private") and _readers(row) != {("users", self._site.me)}:
            self._api.write("PUT", path, wire.story_body(access.story(CLOSED), self._site.me))

    def _is_as_closed(self, wanted: Mapping[str, Any], row: Any) -> bool:
        """Whether a story as read is private, and nobody reads it who was not named."""
        if not isinstance(row, dict) or row.get("private") is not True:
            return False
        named = {
            (kind, int(one)) for kind in ("users", "teams") for one in wanted.get(kind) or ()
        } | {("users", self._site.me)}
        lists_named = {kind for kind in ("users", "teams") if wanted.get(kind) is not None}
        return {one for one in _readers(row) if one[0] in lists_named} <= named

    def _check_readers(self, values: Mapping[str, Any]) -> None:
        if values.get("private") is False:
            return
        for kind in ("users", "teams"):
            for reader in values.get(kind) or ():
                self._site.check_reader(kind, reader)

    def _receipt(self, action: ClosedAction, number: str) -> Receipt:
        """We are a reader of each private story, but are never read back as one."""
        users = action.fields.get("users") or ()
        me = str(self._site.me)
        stored = {"users": [user for user in users if user != me]} if me in users else {}
        refs = {action.key: self._site.story_ref(number)}
        return Receipt(refs=refs, stored={action.key: stored} if stored else {})

    def _rescue(self, action: ClosedAction) -> Receipt | None:
        """Take up a story that is there already: ours is told its readers, if they are not right.

        Nothing but its readers is sent, and of them no more than the action names: for `CLOSED`
        that is the importer alone. Returns None if it is not to be seen. Raises Taken if it is a
        stranger's, or does not say that it is this very issue.
        """
        at = self._finder.story(action)  # None as well if it is ours, with the wrong readers
        row = self._finder.row(f"/stories/{action.number}")
        if row is None:
            return None
        if not origins.is_of(row.get("description"), action.key, action.marker):
            raise Taken(f"story {action.number} of ours does not say that it is this one")
        if at is None:
            readers = {name: action.fields.get(name) for name in access.FIELDS}
            body = wire.story_body(readers, self._site.me)
            row = self._api.write("PUT", f"/stories/{action.number}", body)
            if not self._is_as_closed(action.fields, row):
                raise Doubtful(NOT_CLOSED)
        return self._receipt(action, str(action.number))

    def invisible(self, action: ClosedAction) -> Receipt:
        """Say that a number is in use by what we can't see."""
        raise Taken(f"number {action.number} is in use by something that we can't see")


def _readers(row: Mapping[str, Any]) -> set[tuple[str, int]]:
    return {(kind, int(one["id"])) for kind in ("users", "teams") for one in row.get(kind) or ()}
