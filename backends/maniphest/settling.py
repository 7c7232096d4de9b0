"""Whether a step whose reply is unknown was carried out: told by looking, never by sending."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tracker_migrate.backends.maniphest.access import GUARDS
from tracker_migrate.backends.maniphest.guard import Guard
from tracker_migrate.backends.maniphest.lookups import Finder
from tracker_migrate.backends.maniphest.sending import Sender, comment_ref, filled, followed
from tracker_migrate.backends.maniphest.server import Server
from tracker_migrate.backends.maniphest.wire import TaskRow, TransactionRow, task_ref
from tracker_migrate.interfaces import ClosedAction, ClosedStep, Receipt, RemoteRef
from tracker_migrate.model import Key
from tracker_migrate.text import origin

#: how transaction.search calls a change of each field
_TYPES = {
    "title": "title",
    "description": "description",
    "status": "status",
    "priority": "priority",
    "owner": "owner",
    "projects": "projects",
    "subtasks": "dependsOn",
}


class Settler:
    """Marks and finds the steps of one server."""

    def __init__(self, server: Server, finder: Finder, guard: Guard, sender: Sender) -> None:
        self._server = server
        self._guard = guard
        self._finder = finder
        self._sender = sender

    def mark(self, step: ClosedStep) -> dict[str, Any]:
        """Where the target stands: the highest task number, before a create. Before a change
        without comments, the newest transaction of its task. Comments name themselves."""
        if step.kind in ("task.create", "subtask.create"):
            return {"task": self._sender.highest()}
        if step.kind in ("task.update", "fill") and not _comments(step):
            return {"transaction": self._finder.newest_transaction(filled(step))}
        return {}

    def find(self, step: ClosedStep, mark: Mapping[str, Any]) -> Receipt | None:
        """The receipt, if it was carried out; None if that is not to be seen."""
        match step.kind:
            case "task.create" | "subtask.create":
                return self._created(step, mark)
            case "project.create":
                (action,) = step.actions
                row = self._finder.project(action.fields["name"])
                return None if row is None else self._sender.project_receipt(action, row)
            case "milestone.create":
                (action,) = step.actions
                row = self._finder.milestone(action.fields["parent"], action.fields["name"])
                return None if row is None else self._sender.project_receipt(action, row)
            case "follow":
                return self._followed(step)
            case "project.update" | "milestone.update":
                return None  # sending a name twice writes it once
            case _:
                if _comments(step):
                    return self._commented(step)
                return self._closed(step) if _guards(step) else self._changed(step, mark)

    def _created(self, step: ClosedStep, mark: Mapping[str, Any]) -> Receipt | None:
        """By marker, and by walking our newest tasks down to the mark: a task can be there while
        its row in the index is not."""
        (action,) = step.actions
        since = int(mark.get("task", 0))
        rows: list[TaskRow] = []
        if self._server.facts.marker is not None:
            rows = self._finder.by_marker([action.marker]).get(action.marker, [])
            rows = [row for row in rows if row.id > since]
        if not rows:
            rows = self._finder.made_since([action.marker], since).get(action.marker, [])
        signed = (row for row in rows if self._finder.signed(row, action.marker))
        row = next(signed, None)
        return None if row is None else self._receipt(step, action, row)

    def _receipt(self, step: ClosedStep, action: ClosedAction, row: TaskRow) -> Receipt:
        at = task_ref(self._server.client.address, row.id, row.phid)
        return Receipt(refs={action.key: at}, stored=self._sender.stored(step))

    def _commented(self, step: ClosedStep) -> Receipt | None:
        """One call is atomic: if one of its comments is there, all were written. A comment that
        somebody removed since has no text any more, but its place in the group tells it."""
        comments = _comments(step)
        wanted = {action.marker for action in comments}
        rows = [row for row in self._finder.transactions(filled(step)) if self._is_comment(row)]
        group = next((row.group for row in rows if permalink(row) in wanted), None)
        found = sorted((row for row in rows if row.group == group), key=lambda row: row.id)
        if group is None or len(found) < len(comments):
            return None
        at = self._task(step)
        refs: dict[Key, RemoteRef] = {action.key: at for action in step.actions}
        for action, row in zip(comments, found, strict=False):
            refs[action.key] = comment_ref(at, row.phid)
        return Receipt(refs=refs, stored=self._sender.stored(step))

    def _is_comment(self, row: TransactionRow) -> bool:
        return row.type == "comment" and row.author == self._server.facts.me

    def _followed(self, step: ClosedStep) -> Receipt | None:
        row = next(self._finder.tasks_by_phid([filled(step)], subscribers=True), None)
        people = {action.fields["subscriber"] for action in step.actions}
        if row is None or not people <= set(row.subscribers):
            return None
        return followed(step, task_ref(self._server.client.address, row.id, row.phid))

    def _closed(self, step: ClosedStep) -> Receipt | None:
        """Who may read is told by the task itself: what is believed to be closed has to be, and of
        a change of Space the list of transactions says no more than that there was something."""
        (action,) = step.actions
        row = next(self._finder.tasks_by_phid([filled(step)]), None)
        if row is None:
            return None
        held = {**self._guard.told(row), "owner": row.fields.get("ownerPHID")}
        sent = {**action.fields, **self._sender.stored(step).get(action.key, {})}
        if any(sent[name] != held[name] for name in sent if name in held):
            return None
        return self._receipt(step, action, row)

    def _changed(self, step: ClosedStep, mark: Mapping[str, Any]) -> Receipt | None:
        """Steps of one task are sent one at a time, so what we did to it since the mark was it."""
        since = int(mark.get("transaction", 0))
        types = {_TYPES[name] for one in step.actions for name in one.fields if name in _TYPES}
        for row in self._finder.transactions(filled(step), limit=100):
            if row.id <= since:
                return None
            if row.author == self._server.facts.me and row.type in types:
                at = self._task(step)
                refs = {action.key: at for action in step.actions}
                return Receipt(refs=refs, stored=self._sender.stored(step))
        return None

    def _task(self, step: ClosedStep) -> RemoteRef:
        phid = filled(step)
        known = next((one.at for one in step.actions if one.at and one.at.id == phid), None)
        if known is not None:
            return known
        row = next(self._finder.tasks_by_phid([phid]))
        return task_ref(self._server.client.address, row.id, row.phid)


def permalink(row: TransactionRow) -> str:
    """The permalink that a comment's first line names; empty if it names none."""
    told = origin.parse(row.text or "")
    return told.permalink if told is not None else ""


def _guards(step: ClosedStep) -> bool:
    """Whether it changes who may read: such a step carries nothing else."""
    return any(GUARDS & set(action.fields) for action in step.actions)


def _comments(step: ClosedStep) -> list[ClosedAction]:
    return [action for action in step.actions if action.kind == "comment"]
