"""One method for each kind of step: the requests that carry it, and what their refusals mean."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from tracker_migrate.backends.storyboard import events, fields, wire
from tracker_migrate.backends.storyboard.account import Site
from tracker_migrate.backends.storyboard.faults import Exists, HasTag
from tracker_migrate.backends.storyboard.finding import Finder, tags_of
from tracker_migrate.backends.storyboard.guard import Guard
from tracker_migrate.backends.storyboard.numbers import Numbers
from tracker_migrate.backends.storyboard.stories import StoryWriter
from tracker_migrate.errors import Doubtful, Refused, Retriable
from tracker_migrate.interfaces import ClosedAction, Receipt, RemoteRef

_SHARED = {
    "project": "/projects",
    "branch": "/branches",
    "milestone": "/milestones",
    "tag": "/tags",
}


class Writer:
    """Sends closed actions, each once."""

    def __init__(self, site: Site, finder: Finder, numbers: Numbers) -> None:
        self._site = site
        self._api = site.api
        self._finder = finder
        self._stories = StoryWriter(site, finder)
        self._guard = Guard(site, numbers)

    def send(self, action: ClosedAction) -> Receipt:
        """Carry out one action. Raises an ObjectError by what has to be done."""
        size = wire.largest(action.fields)
        if size >= wire.TEXT_MAX:
            raise Refused("its text is larger than StoryBoard takes (15 MB)")
        if action.audience != "public":
            self._guard.check(action)
        if action.kind in _SHARED:
            return self._shared(action)
        handler = getattr(self, f"_{action.kind}_{action.op}")
        receipt: Receipt = handler(action, size)
        return receipt

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
        return RemoteRef(id=wire.id_of(row), number=name)

    # -- stories ----------------------------------------------------------------------------

    def _story_create(self, action: ClosedAction, size: int) -> Receipt:
        return self._stories.create(action, size)

    def _story_update(self, action: ClosedAction, size: int) -> Receipt:
        return self._stories.update(action, size)

    # -- tasks ------------------------------------------------------------------------------

    def _task_create(self, action: ClosedAction, _size: int) -> Receipt:
        body = wire.numbered(wire.task_body(action.fields, create=True), action.number)
        try:
            with self._site.one_task_at_a_time(int(body["project_id"])):
                row = self._site.write(action.by, "POST", "/tasks", body)
        except Exists:
            return self._finder.find(action) or self._stories.invisible(action)
        made = wire.id_of(row, action.number)
        return Receipt(refs={action.key: self._site.task_ref(made, body["story_id"])})

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
            names = _tags_in(row)
            if self._site.is_ours(row.get("author_id")):
                ours |= {fields.same_tag(str(name)) for name in names}
        return ours

    # -- comments ---------------------------------------------------------------------------

    def _comment_create(self, action: ClosedAction, size: int) -> Receipt:
        story = int(action.fields["story_id"])
        body = wire.numbered(wire.comment_body(action.fields), action.number)
        try:
            path = f"/stories/{story}/comments"
            row = self._site.write(action.by, "POST", path, body, size=size)
        except Exists:
            return self._finder.find(action) or self._stories.invisible(action)
        # what comes back is the event: its `id` is the event's own (facts 1)
        comment = row.get("comment_id") if isinstance(row, dict) else None
        if comment is None:
            raise Doubtful(f"{self._api.host} took a comment, but does not say under which id")
        wire.same_number(comment, action.number)
        return Receipt(refs={action.key: self._site.comment_ref(comment, story)})

    def _comment_update(self, action: ClosedAction, size: int) -> Receipt:
        assert action.at is not None
        story = wire.story_in(action.at.url)
        body = wire.comment_body(action.fields)
        self._api.write("PUT", f"/stories/{story}/comments/{action.at.id}", body, size=size)
        return Receipt(refs={action.key: action.at})


def _tags_in(row: Mapping[str, Any]) -> Iterable[Any]:
    """The tags that a row of the timeline tells of; none if it tells none."""
    names = events.info(row).get("tags")
    return names if isinstance(names, list) else ()
