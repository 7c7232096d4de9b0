"""What is special about editing a task: claims, subscriptions, mentions, unblocked parents."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from tracker_migrate.backends.maniphest.standin.config import (
    PRIORITY_BY_KEYWORD,
    is_claiming,
    is_closed,
)
from tracker_migrate.backends.maniphest.standin.edges import Edge
from tracker_migrate.backends.maniphest.standin.editor import Editor
from tracker_migrate.backends.maniphest.standin.people import User
from tracker_migrate.backends.maniphest.standin.projects import Project
from tracker_migrate.backends.maniphest.standin.remarkup import References, references
from tracker_migrate.backends.maniphest.standin.site import Site
from tracker_migrate.backends.maniphest.standin.tasks import Task
from tracker_migrate.backends.maniphest.standin.xactions import Xaction

LONGEST_TITLE = 255
_PLAIN = frozenset({"title", "description", "status", "owner", "points", "subtype", "space"})
KEYWORDS = "unbreak, triage, high, normal, low, wish"


class TaskEditor(Editor):
    """Applies transactions to one task."""

    kind = "TASK"

    def __init__(self, site: Site, actor: User, task: Task) -> None:
        super().__init__(site, actor, task)
        self.task = task

    # -- what is implied --------------------------------------------------------------------

    def expand(self, xactions: list[Xaction]) -> list[Xaction]:
        """The old owner subscribes, the closer claims, the author subscribes."""
        result: list[Xaction] = []
        for xaction in xactions:
            result.append(xaction)
            if xaction.type == "owner" and self.task.owner and xaction.new != self.task.owner:
                result.append(_subscribing([self.task.owner], quiet=True))
        claim = self._claim(xactions)
        if claim is not None:
            result.append(claim)
        if self.is_new:
            result.append(_subscribing([self.actor.phid]))
        return result

    def _claim(self, xactions: list[Xaction]) -> Xaction | None:
        """Closing an unowned task makes the actor its owner, unless the call names one or null."""
        status = next((each.new for each in reversed(xactions) if each.type == "status"), None)
        assigned = any(each.type == "owner" for each in xactions)
        if status is None or assigned or self.task.owner or is_closed(self.task.status):
            return None
        return Xaction("owner", self.actor.phid) if is_claiming(status) else None

    def support(self, xactions: list[Xaction]) -> list[Xaction]:
        """A person who comments subscribes; who and what the texts name is subscribed, joined."""
        if self._commenter_subscribes(xactions):
            xactions = [_subscribing([self.actor.phid]), *xactions]
        found = [references(text, self.site.host) for text in self._texts(xactions)]
        named = [refs for refs in found if refs.users or refs.tasks or refs.files]
        if not named:
            return xactions
        more = [self._mentioned(named), self._tasks_named(named), self._files_named(named)]
        return [*xactions, *(xaction for xaction in more if xaction is not None)]

    def _texts(self, xactions: list[Xaction]) -> list[str]:
        texts = []
        for xaction in xactions:
            if xaction.type == "description":
                texts.append(xaction.new)
            elif xaction.type == "comment" and xaction.comment is not None:
                texts.append(xaction.comment)
        return texts

    def _commenter_subscribes(self, xactions: list[Xaction]) -> bool:
        actor = self.actor
        if actor.bot or actor.phid == self.task.owner:
            return False
        if not any(each.type == "comment" and (each.comment or "").strip() for each in xactions):
            return False
        if self.is_new:
            return True
        left = self.site.edges.has(self.task.phid, Edge.UNSUBSCRIBER, actor.phid)
        return actor.phid not in self.subscribers and not left

    def _mentioned(self, named: list[References]) -> Xaction | None:
        phids: dict[str, None] = {}
        for refs in named:
            for user in self.site.people.by_names(refs.users) if refs.users else ():
                if self._may_be_subscribed(user):
                    phids[user.phid] = None
        return _subscribing(list(phids)) if phids else None

    def _may_be_subscribed(self, user: User) -> bool:
        if user.bot or user.phid in self.subscribers or user.phid == self.task.owner:
            return False
        return self.site.policies.can(user, self.task, "view")

    def _tasks_named(self, named: list[References]) -> Xaction | None:
        numbers = sorted({number for refs in named for number in refs.tasks})
        tasks = self.site.tasks.load(f"id IN ({','.join('?' * len(numbers))})", numbers)
        seen = self.site.policies.visible(self.actor, tasks)
        phids = [task.phid for task in seen if task.phid != self.task.phid]
        if not phids:
            return None
        return Xaction("edge", {"+": phids}, edge=Edge.MENTION, quiet=True)

    def _files_named(self, named: list[References]) -> Xaction | None:
        numbers = sorted({number for refs in named for number in refs.files})
        files = self.site.files.load(f"id IN ({','.join('?' * len(numbers))})", numbers)
        phids = [file.phid for file in self.site.policies.visible(self.actor, files)]
        return Xaction("file", phids, quiet=True) if phids else None

    # -- what is refused --------------------------------------------------------------------

    def validate(self, xactions: list[Xaction]) -> list[str]:
        """What is wrong, in the order of the server's own types."""
        future = self._future(xactions)
        return [
            *self._subtype_errors(xactions),
            *self._field_errors(xactions),
            *self.space_errors(xactions),
            *self._owner_errors(xactions),
            *self._priority_errors(xactions),
            *self._title_errors(xactions),
            *self.policy_errors(xactions, "view", future),
            *self.policy_errors(xactions, "edit", future),
            *self._column_errors(xactions),
        ]

    def _future(self, xactions: list[Xaction]) -> Task:
        """The task as it will be looked at by policies."""
        task = self.task
        for xaction in xactions:
            if xaction.type == "owner":
                task = replace(task, owner=xaction.new)
            elif xaction.type == "space" and xaction.new is not None:
                task = replace(task, space=xaction.new)
        return task

    def _subtype_errors(self, xactions: list[Xaction]) -> list[str]:
        # the server looks four times (032-err-bad-subtype)
        known = self.site.config.subtypes
        wrong = [each.new for each in xactions if each.type == "subtype" and each.new not in known]
        return [f'The subtype "{value}" is not a valid subtype.' for value in wrong] * 4

    def _field_errors(self, xactions: list[Xaction]) -> list[str]:
        errors = []
        for xaction in xactions:
            key = xaction.field.removeprefix("std:maniphest:")
            entry = self.site.config.by_key.get(key)
            if xaction.type == "customfield" and entry is not None and entry.type == "users":
                wrong = [phid for phid in xaction.new if not self.site.people.by_phid(phid)]
                if wrong:
                    errors.append(
                        f'Some of the selected PHIDs in field "{entry.name}" are invalid or '
                        f"restricted: {', '.join(wrong)}."
                    )
        return errors

    def _owner_errors(self, xactions: list[Xaction]) -> list[str]:
        given = [each.new for each in xactions if each.type == "owner" and each.new]
        return [
            f'User "{phid}" is not a valid user.'
            for phid in given
            if phid != self.actor.phid and self.site.people.by_phid(phid) is None
        ]

    def _priority_errors(self, xactions: list[Xaction]) -> list[str]:
        given = [each.new for each in xactions if each.type == "priority"]
        return [
            f'Task priority "{word}" is not a valid task priority. Use a priority keyword to '
            f"choose a task priority: {KEYWORDS}."
            for word in given
            if word not in PRIORITY_BY_KEYWORD
        ]

    def _title_errors(self, xactions: list[Xaction]) -> list[str]:
        titles = [each.new.strip() for each in xactions if each.type == "title"]
        if not (titles[-1] if titles else self.task.title):
            return ["Tasks must have a title."]
        too_long = [title for title in titles if len(title) > LONGEST_TITLE]
        return [f"Task title cannot exceed {LONGEST_TITLE} characters." for _ in too_long]

    def _column_errors(self, xactions: list[Xaction]) -> list[str]:
        # no project here has a workboard
        given = [phid for each in xactions if each.type == "column" for phid in each.new]
        return [
            f'Column move transaction specifies column PHID "{phid}", but there is no '
            "corresponding column with this PHID."
            for phid in given
        ]

    # -- what changes -----------------------------------------------------------------------

    def adjust(self, xaction: Xaction) -> None:
        """Titles are trimmed, priorities become numbers, files known already are left out."""
        if xaction.type == "title":
            xaction.new = xaction.new.strip()
        elif xaction.type == "priority":
            xaction.new = PRIORITY_BY_KEYWORD[xaction.new].value
        elif xaction.type == "file":
            xaction.new = [phid for phid in xaction.new if not self._refers_to(phid)]
        super().adjust(xaction)

    def _refers_to(self, file: str) -> bool:
        sql = "SELECT 1 FROM attachment WHERE object = ? AND file = ?"
        return bool(self.site.store.value(sql, [self.task.phid, file]))

    def old_value(self, xaction: Xaction) -> Any:
        """What the task has now; a new one has no policies and no Space to change from."""
        task = self.task
        match xaction.type:
            case "view" | "edit" | "space" if self.is_new:
                return None
            case "view" | "edit" | "priority":
                return getattr(task, xaction.type)
            case "subscribers":
                return self.subscribers
            case "edge":
                return [] if self.is_new else self.site.edges.of(task.phid, xaction.edge)
            case "customfield":
                return task.custom.get(xaction.field.removeprefix("std:maniphest:"))
            case "file":
                return []
            case "unblock":
                return xaction.old
        return getattr(task, xaction.type) if xaction.type in _PLAIN else None

    def resolve_conflicts(self, xaction: Xaction, phids: list[str]) -> list[str]:
        """Of a project and what is below it, or of two milestones, the last in the list stays."""
        if xaction.edge is not Edge.PROJECT or len(phids) < 2:
            return phids
        return surviving(self.site, phids)

    def change(self, xaction: Xaction) -> None:
        """Set the task's fields."""
        task = self.task
        if xaction.type == "status":
            self._close_or_open(xaction.new)
        elif xaction.type == "customfield":
            key = xaction.field.removeprefix("std:maniphest:")
            task.custom[key] = xaction.new
        elif xaction.type == "owner":
            task.owner = xaction.new or None
        elif xaction.type in _PLAIN or xaction.type in ("view", "edit", "priority"):
            setattr(task, xaction.type, xaction.new)

    def _close_or_open(self, status: str) -> None:
        task = self.task
        if is_closed(status) and not is_closed(task.status):
            task.closer, task.closed = self.actor.phid, self.site.store.now()
        elif not is_closed(status):
            task.closer = task.closed = None
        task.status = status

    def save(self) -> None:
        """Store the task; its look-up rows come at the very end."""
        self.site.tasks.save(self.task)

    def follow(self, xaction: Xaction) -> None:
        """References to files are kept too; they give nobody a right."""
        if xaction.type != "file":
            super().follow(xaction)
            return
        for phid in xaction.new:
            self.site.store.insert("attachment", {"object": self.task.phid, "file": phid})

    def finish(self, xactions: list[Xaction]) -> None:
        """Parents hear of a new status (subtasks-and-duplicates, exchange 7)."""
        status = next((each for each in xactions if each.type == "status"), None)
        if status is None:
            return
        parents = self.site.edges.of(self.task.phid, Edge.PARENT)
        tasks = self.site.tasks.load(f"phid IN ({','.join('?' * len(parents))})", parents)
        for parent in self.site.policies.visible(self.actor, tasks):
            self._unblock(parent, status)

    def _unblock(self, parent: Task, status: Xaction) -> None:
        phid = self.task.phid
        news = Xaction("unblock", {phid: status.new}, {phid: status.old})
        editor = TaskEditor(self.site, self.actor, parent)
        editor.group = self.group
        editor.apply([news])


def surviving(site: Site, phids: list[str]) -> list[str]:
    """The projects that may stand together (two-projects-on-one-task)."""
    known = {phid: project for phid in phids if (project := site.projects.by_phid(phid))}
    above = {phid: {each.phid for each in site.projects.ancestors(known[phid])} for phid in known}
    last_milestone: dict[str | None, str] = {}
    leaves: dict[str, None] = {}
    for phid, project in known.items():
        if project.milestone is not None:
            last_milestone[project.parent] = phid
        leaves[phid] = None
        for ancestor in above[phid]:
            leaves.pop(ancestor, None)
    return [
        phid
        for phid in phids
        if phid not in known
        or (
            _is_last(known[phid], last_milestone)
            and phid in leaves
            and not above[phid] & leaves.keys()
        )
    ]


def _is_last(project: Project, last_milestone: dict[str | None, str]) -> bool:
    return project.milestone is None or last_milestone[project.parent] == project.phid


def _subscribing(phids: list[str], quiet: bool = False) -> Xaction:
    return Xaction("subscribers", {"+": phids}, quiet=quiet)
