"""One method for each kind of step: the requests that carry it, and what their refusals mean."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from tracker_migrate.backends.storyboard import fields, wire
from tracker_migrate.backends.storyboard.account import Site
from tracker_migrate.backends.storyboard.faults import Exists, HalfMade, HasTag
from tracker_migrate.backends.storyboard.finding import Finder, tags_of
from tracker_migrate.errors import Doubtful, Refused, Retriable, Taken
from tracker_migrate.interfaces import ClosedAction, Receipt, RemoteRef

_SHARED = {
    "project": "/projects",
    "branch": "/branches",
    "milestone": "/milestones",
    "tag": "/tags",
}


class Writer:
    """Sends closed actions, each once."""

    def __init__(self, site: Site, finder: Finder) -> None:
        self._site = site
        self._api = site.api
        self._finder = finder

    def send(self, action: ClosedAction) -> Receipt:
        """Carry out one action. Raises an ObjectError by what has to be done."""
        size = wire.largest(action.fields)
        if size >= wire.TEXT_MAX:
            raise Refused("its text is larger than StoryBoard takes (15 MB)")
        if action.audience != "public" and action.kind in ("task", "tagging", "comment"):
            self._site.check_closed(self._story_of(action))
        if action.kind in _SHARED:
            return self._shared(action)
        handler = getattr(self, f"_{action.kind}_{action.op}")
        receipt: Receipt = handler(action, size)
        return receipt

    def _story_of(self, action: ClosedAction) -> str:
        if "story_id" in action.fields:
            return str(action.fields["story_id"])
        at = action.at
        story = wire.story_in(at.url) if at is not None else None
        if story is None and action.kind == "task" and at is not None:
            story = str(self._api.get(f"/tasks/{at.id}")["story_id"])
        if story is None:
            raise Refused("it is not known on which story it stands")
        return story

    # -- projects, branches, milestones, tags -----------------------------------------------

    def _shared(self, action: ClosedAction) -> Receipt:
        """Found by name, else made. 400 'already exists' means that somebody was faster."""
        at = self._finder.shared(action.kind, action.fields)
        if at is None:
            try:
                at = self._make(action.kind, action.fields)
            except Exists:
                at = self._finder.shared(action.kind, action.fields)
        if at is None:
            raise Retriable(f"a {action.kind} with this name is there, but not listed yet")
        return Receipt(refs={action.key: at})

    def _make(self, kind: str, values: Mapping[str, Any]) -> RemoteRef:
        name = values["name"]
        if kind == "tag":
            body: dict[str, Any] = {"tag_name": name}
        else:
            body = {"name": name}
            body |= {at: int(values[at]) for at in ("project_id", "branch_id") if at in values}
            if not self._site.options.create_projects:
                raise Refused(
                    f"StoryBoard has no {kind} {name!r}: have one made, or set create_projects"
                )
        row = self._api.write("POST", _SHARED[kind], body)
        return RemoteRef(id=_id(row), number=name)

    # -- stories ----------------------------------------------------------------------------

    def _story_create(self, action: ClosedAction, size: int) -> Receipt:
        self._check_readers(action.fields)
        body = _numbered(wire.story_body(action.fields, self._site.me), action)
        try:
            row = self._api.write("POST", "/stories", body, size=size)
        except HalfMade:
            # the story may be there all the same, cut off at the unknown reader (facts 13)
            found = self._rescue(action) if action.number is not None else None
            if found is None:
                raise
            return found
        except Exists as error:
            if error.what == "Permission":
                # the row of a deleted private story keeps its number for good (facts 4)
                raise Taken(f"number {action.number} was a private story's, now deleted") from None
            return self._rescue(action) or self._invisible(action)
        at = self._site.story_ref(_id(row))
        return Receipt(refs={action.key: at}, stored=self._stored_readers(action))

    def _story_update(self, action: ClosedAction, size: int) -> Receipt:
        assert action.at is not None
        self._check_readers(action.fields)
        body = wire.story_body(action.fields, self._site.me)
        self._api.write("PUT", f"/stories/{action.at.id}", body, size=size)
        return Receipt(refs={action.key: action.at}, stored=self._stored_readers(action))

    def _check_readers(self, values: Mapping[str, Any]) -> None:
        if values.get("private") is False:
            return
        for kind in ("users", "teams"):
            for reader in values.get(kind) or ():
                self._site.check_reader(kind, reader)

    def _stored_readers(self, action: ClosedAction) -> dict[Any, dict[str, Any]]:
        """We are a reader of each private story, but are never read back as one."""
        users = action.fields.get("users") or ()
        me = str(self._site.me)
        if me not in users:
            return {}
        return {action.key: {"users": [user for user in users if user != me]}}

    def _rescue(self, action: ClosedAction) -> Receipt | None:
        """Take up a story that is there already: ours is told its readers, if they are not right.

        Returns None if it is not to be seen. Raises Taken if it is a stranger's.
        """
        at = self._finder.story(action)  # None as well if it is ours, with the wrong readers
        if at is None and self._finder.row(f"/stories/{action.number}") is not None:
            readers = {name: action.fields.get(name) for name in ("private", "users", "teams")}
            body = wire.story_body(readers, self._site.me)
            self._api.write("PUT", f"/stories/{action.number}", body)
            at = self._site.story_ref(action.number)
        if at is None:
            return None
        return Receipt(refs={action.key: at}, stored=self._stored_readers(action))

    def _invisible(self, action: ClosedAction) -> Receipt:
        raise Taken(f"number {action.number} is in use by something that we can't see")

    # -- tasks ------------------------------------------------------------------------------

    def _task_create(self, action: ClosedAction, _size: int) -> Receipt:
        body = _numbered(wire.task_body(action.fields, create=True), action)
        try:
            row = self._api.write("POST", "/tasks", body)
        except Exists:
            return self._finder.find(action) or self._invisible(action)
        return Receipt(refs={action.key: self._site.task_ref(_id(row), body["story_id"])})

    def _task_update(self, action: ClosedAction, _size: int) -> Receipt:
        assert action.at is not None
        body = wire.task_body(action.fields, create=False)
        if body.get("branch_id") is not None and "project_id" in body:
            # a PUT that names another project sets that project's master, whatever branch it names
            self._api.write("PUT", f"/tasks/{action.at.id}", {"project_id": body["project_id"]})
        self._api.write("PUT", f"/tasks/{action.at.id}", body)
        return Receipt(refs={action.key: action.at})

    # -- tags -------------------------------------------------------------------------------

    def _tagging_create(self, action: ClosedAction, _size: int) -> Receipt:
        """All at once, for a story that was just made; the whole list is refused if one is there
        already (facts 5), and then the difference is sent."""
        story = int(action.fields["story_id"])
        ref = self._site.story_ref(story)
        if not action.fields["tags"]:
            return Receipt(refs={action.key: ref})
        try:
            row = self._api.write("PUT", f"/tags/{story}", list(action.fields["tags"]))
        except HasTag:
            return self._retag(action, story, ref)
        except Exists:
            raise Retriable("another client made the same tag at the same time") from None
        return Receipt(refs={action.key: ref}, stored={action.key: {"tags": tags_of(row)}})

    def _tagging_update(self, action: ClosedAction, _size: int) -> Receipt:
        assert action.at is not None
        return self._retag(action, int(action.at.id), action.at)

    def _retag(self, action: ClosedAction, story: int, ref: RemoteRef) -> Receipt:
        """Send the difference. Only tags that we have set are taken away: others are people's."""
        here = {fields.same_tag(name): name for name in self._tags(story)}
        wanted = {fields.same_tag(name): name for name in action.fields["tags"]}
        gone = here.keys() - wanted.keys()
        if gone:
            gone &= self._tags_set_by_us(story)
        if gone:
            self._api.write("DELETE", f"/tags/{story}", sorted(here[tag] for tag in gone))
        fresh = sorted(wanted[tag] for tag in wanted.keys() - here.keys())
        if fresh:
            try:
                self._api.write("PUT", f"/tags/{story}", fresh)
            except Exists:
                raise Retriable("another client made the same tag at the same time") from None
        tags = tags_of({"tags": self._tags(story)})
        return Receipt(refs={action.key: ref}, stored={action.key: {"tags": tags}})

    def _tags(self, story: int) -> list[str]:
        return [str(row["name"] or "") for row in self._api.get(f"/stories/{story}/tags")]

    def _tags_set_by_us(self, story: int) -> set[str]:
        ours: set[str] = set()
        for row in self._api.rows(f"/stories/{story}/events", {"event_type": "tags_added"}):
            names = json.loads(row.get("event_info") or "{}").get("tags") or ()
            if self._site.is_ours(row.get("author_id")):
                ours |= {fields.same_tag(str(name)) for name in names}
        return ours

    # -- comments ---------------------------------------------------------------------------

    def _comment_create(self, action: ClosedAction, size: int) -> Receipt:
        story = int(action.fields["story_id"])
        body = _numbered(wire.comment_body(action.fields), action)
        try:
            row = self._api.write("POST", f"/stories/{story}/comments", body, size=size)
        except Exists:
            return self._finder.find(action) or self._invisible(action)
        # what comes back is the event: its `id` is the event's own (facts 1)
        comment = row.get("comment_id") if isinstance(row, dict) else None
        if comment is None:
            raise Doubtful(f"{self._api.host} took a comment, but does not say under which id")
        return Receipt(refs={action.key: self._site.comment_ref(comment, story)})

    def _comment_update(self, action: ClosedAction, size: int) -> Receipt:
        assert action.at is not None
        story = self._story_of(action)
        body = wire.comment_body(action.fields)
        self._api.write("PUT", f"/stories/{story}/comments/{action.at.id}", body, size=size)
        return Receipt(refs={action.key: action.at})


def _numbered(body: dict[str, Any], action: ClosedAction) -> dict[str, Any]:
    return body if action.number is None else {"id": action.number, **body}


def _id(row: Any) -> str:
    if not isinstance(row, dict) or not isinstance(row.get("id"), int):
        raise Doubtful("StoryBoard took the request, but does not say under which id")
    return str(row["id"])
