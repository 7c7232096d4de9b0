"""Looking for one object at StoryBoard, and telling ours from a stranger's.

Ours is what our account made, or what we sealed where somebody else is the author (law 5, see
`ours`): any user may post any free id (facts 12), so that neither a number nor a text proves
anything. An object of our account that names another origin is not the one that is looked for
either.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tracker_migrate.backends.storyboard import fields, origins, ours, wire
from tracker_migrate.backends.storyboard.account import Site
from tracker_migrate.errors import Gone, Taken
from tracker_migrate.interfaces import ClosedAction, Receipt, RemoteRef

#: the title of what holds the last number of a claimed block
PLACEHOLDER = "Numbers set aside for a migration"


class Finder:
    """Looks for the objects of closed actions."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self._api = site.api

    def find(self, action: ClosedAction) -> Receipt | None:
        """Where an action's object is, if the action was carried out; None if not to be seen.

        Raises Taken if its number is a stranger's.
        """
        if action.op == "update":
            return self._updated(action)
        match action.kind:
            case "story":
                at = self.story(action)
            case "task":
                at = self.task(action)
            case "comment":
                at = self.comment(action)
            case "tagging":
                return self.tagged(action)
            case _:
                at = self.shared(action.kind, action.fields)
        return None if at is None else Receipt(refs={action.key: at})

    # -- issue objects ----------------------------------------------------------------------

    def story(self, action: ClosedAction) -> RemoteRef | None:
        """Our story under the chosen number. One whose readers are not as they should be was cut
        off half-way (facts 13), and does not count as made."""
        if action.number is None:
            return None
        row = self.row(f"/stories/{action.number}")
        if row is None:
            return None
        self._must_be_ours(ours.story(self._site, row), row.get("creator_id"), action)
        self._same_origin(row.get("description"), action)
        if row.get("title") == PLACEHOLDER:
            raise Taken(f"story {action.number} holds the end of a block of numbers")
        here = wire.story_fields(row, self._site.me)
        if not self.same_readers(action.fields, here):
            return None
        return self._site.story_ref(action.number)

    def same_readers(self, wanted: Mapping[str, Any], here: Mapping[str, Any]) -> bool:
        """Whether a story is as closed as it should be, and to the same people."""
        if not wanted.get("private"):
            return True
        users = set(wanted.get("users") or ()) - {str(self._site.me)}
        return (
            bool(here.get("private"))
            and users == set(here.get("users") or ())
            and set(wanted.get("teams") or ()) == set(here.get("teams") or ())
        )

    def task(self, action: ClosedAction) -> RemoteRef | None:
        """Our task under the chosen number, linked to the same origin."""
        if action.number is None:
            return None
        row = self.row(f"/tasks/{action.number}")
        if row is None:
            return None
        self._must_be_ours(ours.task(self._site, row), row.get("creator_id"), action)
        if row.get("link") and origins.unsealed(row["link"])[0] != action.marker:
            raise Taken(f"task {action.number} of ours belongs to something else")
        return self._site.task_ref(action.number, row["story_id"])

    def comment(self, action: ClosedAction) -> RemoteRef | None:
        """Our comment under the chosen number. A comment tells no author: its event does."""
        story = int(action.fields["story_id"])
        if action.number is None:
            return None
        author = self.comment_authors(story).get(action.number)
        if author is None:
            return None
        row = self.row(f"/stories/{story}/comments/{action.number}")
        is_ours = ours.comment(self._site, author, (row or {}).get("content"))
        self._must_be_ours(is_ours, author, action)
        if row is None:
            return None
        self._same_origin(row.get("content"), action)
        return self._site.comment_ref(action.number, story)

    def comment_authors(self, story: int) -> dict[int, int]:
        """Who wrote each comment of a story: comment id → account id."""
        rows = self._api.rows(f"/stories/{story}/events", {"event_type": "user_comment"})
        return {row["comment_id"]: row["author_id"] for row in rows if row.get("comment_id")}

    def tagged(self, action: ClosedAction) -> Receipt | None:
        """Whether a story has all tags that were to be set."""
        row = self.row(f"/stories/{int(action.fields['story_id'])}")
        if row is None:
            return None
        here = tags_of(row)
        there = {fields.same_tag(tag) for tag in here}
        if not {fields.same_tag(tag) for tag in action.fields["tags"]} <= there:
            return None
        ref = self._site.story_ref(row["id"])
        return Receipt(refs={action.key: ref}, stored={action.key: {"tags": here}})

    # -- shared objects ---------------------------------------------------------------------

    def shared(self, kind: str, values: Mapping[str, Any]) -> RemoteRef | None:
        """A project, branch, milestone or tag by its name, whoever made it."""
        name = values["name"]
        query: dict[str, Any] = {"name": name}
        for at in ("project_id", "branch_id"):
            if at in values:
                query[at] = int(values[at])
        for row in self._api.get(f"/{_LISTS[kind]}", query):
            if _same_name(kind, str(row["name"]), name):
                return RemoteRef(id=str(row["id"]), number=str(row["name"]))
        return None

    # -- updates ----------------------------------------------------------------------------

    def _updated(self, action: ClosedAction) -> Receipt | None:
        assert action.at is not None
        here = self._observed(action, action.at)
        if here is None:
            return None
        wanted = dict(action.fields)
        if "users" in wanted:
            wanted["users"] = [user for user in wanted["users"] if user != str(self._site.me)]
        if any(here.get(name) != value for name, value in wanted.items()):
            return None
        return Receipt(refs={action.key: action.at})

    def _observed(self, action: ClosedAction, at: RemoteRef) -> dict[str, Any] | None:
        match action.kind:
            case "story":
                row = self.row(f"/stories/{at.id}")
                return None if row is None else wire.story_fields(row, self._site.me)
            case "task":
                row = self.row(f"/tasks/{at.id}")
                return None if row is None else wire.task_fields(row)
            case "comment":
                story = wire.story_in(at.url) or ""
                row = self.row(f"/stories/{story}/comments/{at.id}") if story else None
                return None if row is None else wire.comment_fields(row, story)
            case "tagging":
                row = self.row(f"/stories/{at.id}")
                return None if row is None else {"story_id": at.id, "tags": tags_of(row)}
        return None

    # -- small ------------------------------------------------------------------------------

    def row(self, path: str) -> Any | None:
        """What is at a path; None if it is not to be seen."""
        try:
            return self._api.get(path)
        except Gone:
            return None

    def _must_be_ours(self, is_ours: bool, account: Any, action: ClosedAction) -> None:
        """Raise Taken unless it is ours, and by us or by whom it was to be written as."""
        if not is_ours or not (self._site.is_ours(account) or str(account) == action.by):
            raise Taken(f"{action.kind} {action.number} was made by somebody else")

    def _same_origin(self, text: Any, action: ClosedAction) -> None:
        found = origins.permalink_of(text)
        if found is not None and not origins.is_of(text, action.key, action.marker):
            raise Taken(f"{action.kind} {action.number} of ours belongs to something else")


_LISTS = {"project": "projects", "branch": "branches", "milestone": "milestones", "tag": "tags"}


def tags_of(row: Mapping[str, Any]) -> list[str]:
    """The tags of a story as read, in the form that the planner writes them."""
    return sorted({str(tag or "").strip().lower() for tag in row.get("tags") or ()})


def _same_name(kind: str, here: str, wanted: str) -> bool:
    """List filters are LIKE %name% (facts 1): names are compared here, as the collation does."""
    if kind == "tag":
        return fields.same_tag(here) == fields.same_tag(wanted)
    return here.casefold() == wanted.casefold()
