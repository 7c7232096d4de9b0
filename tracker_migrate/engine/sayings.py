"""What is to be said on an issue at the source: purely, from the archive, the ledger and settings.

The comment ends in a short keyed signature, by which it is known for ours when the ledger is lost:
it can't be made for another issue, and of those that carry it the first is the one.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence

from tracker_migrate.abilities import Notice, stage
from tracker_migrate.engine.following import spec_first
from tracker_migrate.engine.target import Target
from tracker_migrate.interfaces import SEAL_LENGTH, RemoteRef
from tracker_migrate.model import Comment, Issue, Key, Project, Task, name_of
from tracker_migrate.workspace import Workspace
from tracker_migrate.workspace.handing import HandoverSettings
from tracker_migrate.workspace.seals import Seals

#: no target's name begins so: its keys are others
_SEAL = "_handover"
_SIGNED = re.compile(rf"^\(tracker-migrate ([0-9a-f]{{{SEAL_LENGTH}}})\)\s*\Z", re.MULTILINE)

CLOSED = "closed, or a duplicate"
BLUEPRINT = "blueprints: there is no place at the source to say it"
PRIVATE = "not public, and handover.private is false"
ELSEWHERE = "all of them about projects that do not move"
NOT_THERE = "not at the target"
UNSURE = "refused, set aside or EXPOSED at the target"
FILTERED = "left out by --only"


class Signature:
    """The last line of our comments. folder: the workspace's. address: the source's."""

    def __init__(self, workspace: Workspace) -> None:
        source = workspace.settings.source
        self._seals = Seals(workspace.folder, _SEAL, source.specs[0].partition(":")[0])

    def under(self, text: str, issue: Issue) -> str:
        """A comment with its signature."""
        return f"{text.rstrip()}\n\n(tracker-migrate {self._seals.of(issue.home)})"

    def all(self, comments: Sequence[Comment], home: str) -> list[Comment]:
        """Our comments on an issue, as far as they can be read: the first one that is signed for
        it, and what the same account has signed after it (a proxy may deliver a request twice).
        Anybody else who has copied the line is a person."""
        return _signed(comments, lambda: self._seals.of(home))

    def like(self, comments: Sequence[Comment], text: str) -> list[Comment]:
        """Those that are signed as a comment of ours is; of which no more than its last line may be
        known, for the rest was forgotten with what is private."""
        signed = _SIGNED.search(text)
        return _signed(comments, lambda: signed[1]) if signed is not None else []


def _signed(comments: Sequence[Comment], seal: Callable[[], str]) -> list[Comment]:
    """seal: asked for only if one is signed at all, for its key is made when it is first needed."""
    found: list[Comment] = []
    for one in comments:
        signed = _SIGNED.search(one.text)
        if signed is not None and signed[1] == seal():
            found += [one] if not found or one.author == found[0].author else []
    return found


class Sayings:
    """What is to be said on the issues of one target."""

    def __init__(self, target: Target, settings: HandoverSettings) -> None:
        self._target = target
        self._settings = settings
        self._signature = Signature(target.workspace)
        specs = target.workspace.settings.source.specs
        names = target.archive.names()
        first = (spec_first(spec.strip("/"), names) for spec in specs)
        self._specs = {spec.partition(":")[2] for spec in first}

    def left_out(self, issue: Issue, at: RemoteRef | None, sure: bool) -> str:
        """Why nothing is said on an issue, or ""."""
        if issue.kind != "bug":
            return BLUEPRINT
        if issue.private and not self._settings.private:
            return PRIVATE
        if at is None or not at.url:
            return NOT_THERE
        if not sure:
            return UNSURE
        mine = self.tasks(issue)
        if not mine:
            return ELSEWHERE
        duplicate = any(one.kind == "duplicate_of" for one in issue.relations)
        if self._settings.which == "open" and (duplicate or all(one.complete for one in mine)):
            return CLOSED
        return ""

    def tasks(self, issue: Issue) -> list[Task]:
        """Those of an issue's tasks that are ours to speak for: of what is read, and moves."""
        return [
            task
            for task in issue.tasks
            if self._is_read(task) and self._target.decisions.place(task.target).move
        ]

    def _is_read(self, task: Task) -> bool:
        names = {name_of(task.target), name_of(task.project)}
        project = self._target.archive.project(task.project)
        if project is not None and project.group is not None:
            names.add(name_of(project.group))
        return bool(names & self._specs)

    def of(self, issue: Issue, at: RemoteRef) -> Iterator[Notice]:
        """What is to be said, in order. A task that is closed keeps its status."""
        if self._settings.comment:
            text = self._signature.under(self._settings.text(self._values(issue, at)), issue)
            yield Notice(what="comment", of=issue.key, value=text)
        if self._settings.tag:
            yield Notice(what="tag", of=issue.key, value=self._settings.tag)
        if self._settings.status:
            mine = self.tasks(issue)
            for task in mine:
                if not task.complete and not self._follows(issue, task, mine):
                    yield Notice(
                        what="status", of=task.key, value=self._settings.status, was=stage(task)
                    )

    def _follows(self, issue: Issue, task: Task, mine: Sequence[Task]) -> bool:
        """Whether a series' task gets its status with the project's own."""
        of = twin(issue, task.key, self._target.archive.project(task.project))
        return task.series is not None and any(one.key == of for one in mine)

    def _values(self, issue: Issue, at: RemoteRef) -> dict[str, str]:
        places = dict.fromkeys(task.target_name for task in self.tasks(issue))
        return {
            "address": at.url,
            "number": at.number,
            "places": ", ".join(places),
            "bug": issue.name,
        }


def twin(issue: Issue, of: Key, project: Project | None) -> Key | None:
    """The task that always has the same status as another one: a project's, and that of the series
    which is its focus of development."""
    task = next((one for one in issue.tasks if one.key == of), None)
    if task is None or project is None or project.focus is None:
        return None
    for other in issue.tasks:
        pair = {task.target, other.target}
        if other.key != of and pair == {project.key, project.focus}:
            return other.key
    return None
