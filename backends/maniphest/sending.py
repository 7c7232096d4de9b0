"""Carrying out a step: one request that writes, for each kind of step."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from tracker_migrate.backends.maniphest.faults import SlugTaken
from tracker_migrate.backends.maniphest.guard import Guard
from tracker_migrate.backends.maniphest.lookups import Finder
from tracker_migrate.backends.maniphest.server import Server
from tracker_migrate.backends.maniphest.wire import (
    Edited,
    ProjectRow,
    Transaction,
    phids,
    project_ref,
    said,
    task_phid,
    task_ref,
    task_transactions,
)
from tracker_migrate.errors import Doubtful, Gone, Refused
from tracker_migrate.interfaces import (
    DOUBLED,
    UNDONE,
    ClosedAction,
    ClosedStep,
    Receipt,
    RemoteRef,
)
from tracker_migrate.model import Key


class Sender:
    """Writes to one server. `highest` is the highest number of a task that we know to be there."""

    def __init__(
        self, server: Server, finder: Finder, guard: Guard, *, create_projects: bool
    ) -> None:
        self._server = server
        self._policies = guard
        self._client = server.client
        self._finder = finder
        self._create_projects = create_projects
        self._guard = threading.Lock()
        self._highest: int | None = None
        self._kinds: Mapping[str, Callable[[ClosedStep], Receipt]] = {
            "project.create": self._project,
            "project.update": self._rename,
            "milestone.create": self._milestone,
            "milestone.update": self._rename,
            "task.create": self._create,
            "subtask.create": self._create,
            "task.update": self._fill,
            "fill": self._fill,
            "follow": self._follow,
        }

    def send(self, step: ClosedStep) -> Receipt:
        """Send it, once."""
        return self._kinds[step.kind](step)

    def highest(self) -> int:
        """Every task that is made from now on has a higher number than this."""
        with self._guard:
            if self._highest is None:
                self._highest = self._finder.newest()
            return self._highest

    # -- tasks --------------------------------------------------------------------------------

    def _create(self, step: ClosedStep) -> Receipt:
        (action,) = step.actions
        self._known_words(action.fields)
        facts = self._server.facts
        fields = self._policies.sent({"owner": None, **action.fields}, create=True)
        sent = list(task_transactions(fields, create=True))
        if facts.marker is not None and action.marker:
            sent.append(said(f"custom.{facts.marker}", action.marker))
        # who creates a task is subscribed to it, bots too, unless this stands in the same call
        sent.append(said("subscribers.remove", [facts.me]))
        made = self._new("maniphest.edit", sent)
        with self._guard:
            self._highest = max(self._highest or 0, made.number)
        at = task_ref(self._client.address, made.number, made.phid)
        return Receipt(refs={action.key: at}, stored=self.stored(step))

    def _fill(self, step: ClosedStep) -> Receipt:
        task = filled(step)
        self._policies.check(step, task)
        sent: list[Transaction] = []
        for action in step.actions:
            sent += self._changes(action)
        comments = [action for action in step.actions if action.kind == "comment"]
        if not self._server.facts.bot:
            # a person who comments is subscribed
            sent.append(said("subscribers.remove", [self._server.facts.me]))
        made = self._edit("maniphest.edit", sent, task)
        at = task_ref(self._client.address, made.number, made.phid)
        # the server puts comments after everything else, in order (recording fill-call)
        written = [str(one["phid"]) for one in made.transactions][-len(comments) or None :]
        if len(written) < len(comments):
            raise Doubtful("fewer comments were written than sent")
        refs: dict[Key, RemoteRef] = {action.key: at for action in step.actions}
        if comments:
            for action, phid in zip(comments, written, strict=True):
                refs[action.key] = comment_ref(at, phid)
        return Receipt(refs=refs, stored=self.stored(step))

    def _follow(self, step: ClosedStep) -> Receipt:
        task = filled(step)
        self._policies.check(step, task)
        people = [action.fields["subscriber"] for action in step.actions]
        made = self._edit("maniphest.edit", [said("subscribers.add", people)], task)
        return followed(step, task_ref(self._client.address, made.number, made.phid))

    def _changes(self, action: ClosedAction) -> list[Transaction]:
        if action.kind == "comment":
            return [said("comment", action.fields["text"])]
        if action.kind == "relations":
            return [said("subtasks.add", phids(action.fields["subtasks"]))]
        self._known_words(action.fields)
        fields = self._policies.sent(self._with_owner(action), create=False)
        sent = list(task_transactions(fields, create=False))
        sent += self._without(action)
        marker = self._server.facts.marker
        renamed = "description" in fields and bool(action.marker)
        if marker is not None and (renamed or action.marker.startswith((DOUBLED, UNDONE))):
            # it says where the first line of the description leads, which changes when a blueprint
            # is renamed. An empty one would still be found by its old value (facts 14)
            sent.append(said(f"custom.{marker}", action.marker))
        if "description" in fields and action.marker.startswith(UNDONE):
            # what was taken back hangs on nothing: a bug that is made anew has its own subtasks
            sent += [said("parents.set", []), said("subtasks.set", [])]
        return sent

    def _with_owner(self, action: ClosedAction) -> dict[str, Any]:
        """A task that is closed and has no owner becomes the importer's, unless the same call
        names one: then it keeps the one that it has."""
        if "status" not in action.fields or "owner" in action.fields or action.at is None:
            return action.fields
        row = next(self._finder.tasks_by_phid([action.at.id]), None)
        if row is None:
            raise Gone("the task is gone, or closed to the importer")
        return {**action.fields, "owner": row.fields.get("ownerPHID")}

    def _without(self, action: ClosedAction) -> list[Transaction]:
        """Of a task's projects those go that we have put it into, and that are wanted no more:
        the others are people's."""
        if "projects" not in action.fields or action.at is None:
            return []
        row = next(self._finder.tasks_by_phid([action.at.id], projects=True), None)
        strange = set(row.projects if row is not None else ()) - {*phids(action.fields["projects"])}
        if not strange:
            return []
        rows = list(self._finder.transactions(action.at.id))
        groups = self._finder.ours.groups(rows)
        written = (one for one in rows if self._finder.ours.wrote(one, groups))
        ours = {phid for one in written if one.type == "projects" for phid in one.added()}
        gone = sorted(strange & ours)
        return [said("projects.remove", gone)] if gone else []

    def _known_words(self, fields: Mapping[str, Any]) -> None:
        """An unknown status is taken without a word, and closes the task (recording 027)."""
        facts = self._server.facts
        if "status" in fields and fields["status"] not in facts.statuses:
            raise Refused(f"the server has no status {fields['status']!r}: correct states.toml")
        if "priority" in fields and fields["priority"] not in facts.priorities:
            raise Refused(f"the server has no priority {fields['priority']!r}: correct states.toml")

    def stored(self, step: ClosedStep) -> dict[Key, dict[str, Any]]:
        """What reads back in another form: lists in an order of the server's own, priorities that
        have several words, and the Space where everything stands that names none."""
        stored: dict[Key, dict[str, Any]] = {}
        for action in step.actions:
            changed: dict[str, Any] = {}
            for name in ("projects", "subtasks"):
                if name in action.fields:
                    changed[name] = sorted(phids(action.fields[name]))
            if "priority" in action.fields:
                facts = self._server.facts
                word = facts.keyword(facts.priorities.get(action.fields["priority"], -1))
                changed["priority"] = word or action.fields["priority"]
            if action.fields.get("space"):
                changed["space"] = self._policies.told_space(action.fields["space"])
            if changed:
                stored[action.key] = changed
        return stored

    def _new(self, method: str, sent: list[Transaction]) -> Edited:
        """Create an object. What it names and we may not see is a reason to refuse it: nothing of
        ours is gone."""
        try:
            return self._edit(method, sent, None)
        except Gone:
            raise Refused(
                "Maniphest refuses it: it names something closed to the importer"
            ) from None

    def _edit(self, method: str, sent: list[Transaction], at: str | None) -> Edited:
        where = {} if at is None else {"objectIdentifier": at}
        reply = self._client.write(method, transactions=sent, **where)
        try:
            return msgspec.convert(reply, Edited)
        except msgspec.ValidationError:
            raise Doubtful("the server's answer to a write is not understood") from None

    # -- projects -----------------------------------------------------------------------------

    def _project(self, step: ClosedStep) -> Receipt:
        """A project that is there already is taken: its hashtag is what people mean by it."""
        (action,) = step.actions
        name = action.fields["name"]
        row = self._finder.project(name)
        if row is None:
            try:
                return self._made(action, "parent")
            except SlugTaken:
                row = self._finder.project(name)
        if row is None:
            raise Refused("a project of this hashtag exists, but the importer may not see it")
        return self.project_receipt(action, row)

    def _milestone(self, step: ClosedStep) -> Receipt:
        """Nothing keeps a second milestone of the same name from being made: look first."""
        (action,) = step.actions
        row = self._finder.milestone(action.fields["parent"], action.fields["name"])
        return self._made(action, "milestone") if row is None else self.project_receipt(action, row)

    def _made(self, action: ClosedAction, hangs: str) -> Receipt:
        if not self._create_projects:
            raise Refused(
                f"there is no {action.kind} {action.fields['name']!r} at Maniphest: make it, or set"
                " options.create_projects"
            )
        sent = [said("name", action.fields["name"])]
        parent = action.fields.get("parent")
        # the first subproject takes its parent's members away from it (facts 14): where there are
        # any, a project of its own is made instead
        rooted = bool(parent) and hangs == "parent" and self._finder.has_members(str(parent))
        if parent and not rooted:
            sent.insert(0, said(hangs, parent))
        made = self._new("project.edit", sent)
        at = project_ref(self._client.address, made.number, made.phid)
        return Receipt(
            refs={action.key: at}, stored={action.key: {"parent": None}} if rooted else {}
        )

    def _rename(self, step: ClosedStep) -> Receipt:
        (action,) = step.actions
        if action.at is None or not action.at.id.startswith("PHID-PROJ-"):
            raise Refused("the project to be changed is not known by its PHID")
        if "name" in action.fields:
            self._edit("project.edit", [said("name", action.fields["name"])], action.at.id)
        return Receipt(refs={action.key: action.at})

    def project_receipt(self, action: ClosedAction, row: ProjectRow) -> Receipt:
        """For one that was there."""
        at = project_ref(self._client.address, row.id, row.phid)
        return Receipt(refs={action.key: at}, stored={action.key: {"name": row.name}})


def filled(step: ClosedStep) -> str:
    """The PHID of the task that a fill or update changes."""
    for action in step.actions:
        if action.kind in ("comment", "relations", "follower"):
            return task_phid(action.fields.get("task") or (action.at and action.at.id))
        if action.at is not None:
            return task_phid(action.at.id)
    raise Refused("the task to be changed is not known by its PHID")


def followed(step: ClosedStep, at: RemoteRef) -> Receipt:
    """For a step that made people follow a task: each is named by the account."""
    return Receipt(
        refs={
            action.key: RemoteRef(id=action.fields["subscriber"], number=at.number, url=at.url)
            for action in step.actions
        }
    )


def comment_ref(task: RemoteRef, phid: str) -> RemoteRef:
    """Where a comment is: named by its transaction; people find it on its task's page."""
    return RemoteRef(id=phid, number=task.number, url=task.url)
