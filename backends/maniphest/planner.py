"""What Maniphest should hold of an issue: pure, no request, references still symbolic.

One task for an issue; where it has several tasks at the source, one subtask for each (or, in the
mode `one`, all told in the text). All comments go to the issue's own task.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import datetime

import msgspec

from tracker_migrate.abilities import Note
from tracker_migrate.backends.maniphest import (
    access,
    balance,
    compose,
    fields,
    files,
    followers,
    notes,
    outlook,
    projects,
    rules,
    texts,
    work_items,
)
from tracker_migrate.backends.maniphest.options import Options
from tracker_migrate.interfaces import (
    Action,
    Audience,
    Decisions,
    Kind,
    Loss,
    Pointer,
    Rule,
    Step,
    Text,
    Value,
    Wanted,
)
from tracker_migrate.model import Comment, Issue, Key, Task, is_away, is_part, key
from tracker_migrate.text.continued import part_home, part_key

KINDS: Mapping[str, Kind] = {
    kind.name: kind
    for kind in (
        Kind(name="project", phase=0, private="never"),
        Kind(name="milestone", phase=0, private="never"),
        # transaction.search gives the old values to whoever may read the task (facts 13)
        Kind(name="task", phase=1, private="own", remembers=True),
        Kind(name="subtask", phase=1, private="own", remembers=True),
        # no method of Conduit changes a file, or who sees it (facts 13)
        Kind(name="file", phase=1, editable=False, private="never"),
        Kind(name="contents", phase=2, editable=False, private="never"),
        # no method of Conduit edits or removes a comment (facts 2)
        Kind(name="comment", phase=2, editable=False, private="follows"),
        Kind(name="relations", phase=2, private="follows", within=True),
        Kind(name="follower", phase=2, editable=False, private="follows"),
    )
}


class ManiphestPlanner:
    """Says what it wants at Maniphest for an issue, and what gets lost."""

    tracker = "maniphest"
    version = 1
    kinds = KINDS
    issue_kind = "task"
    steps: tuple[str, ...] = compose.STEPS
    costs = outlook.COSTS
    blockers = outlook.BLOCKERS
    mail = outlook.MAIL
    fields = notes.FIELDS

    def __init__(self, options: Options | None = None) -> None:
        self._options = options or Options()

    def held(self, name: str) -> str | None:
        """See `abilities.NamesPlaces`."""
        return name if projects.possible(name) else None

    def refusal(self, issue: Issue, decisions: Decisions) -> str | None:
        """Why this issue can't be written, or None."""
        if not projects.moving(issue, decisions) and not _stands_away(issue, decisions):
            return "none of its projects is moved"
        return access.refusal(decisions.audience(issue))

    def wanted(self, issue: Issue, decisions: Decisions) -> Iterator[Wanted]:
        """Projects and milestones, the task, its subtasks, its comments, its relations."""
        moving = projects.moving(issue, decisions)
        split = len(moving) > 1 and not _single(decisions)
        whole = (projects.plain if split else projects.exact)(moving, issue.tags, decisions)
        apart = (*(moving if split else ()), *work_items.subtasks(issue, decisions))
        each = [projects.exact((task,), (), decisions) for task in apart]
        shared = {one.key: one for part in (whole, *each) for one in part.wanted}
        yield from shared.values()
        yield from files.wanted(issue, decisions, self._options)
        audience = decisions.audience(issue)
        described, *more = texts.described(issue, decisions)
        parts = list(self._parts(issue, issue, more, audience))
        yield self._task(issue, moving, whole, audience, decisions, split, described)
        for task, chosen in zip(apart, each, strict=True):
            described, *more = texts.task_described(issue, task, decisions)
            parts += self._parts(issue, task, more, audience)
            yield self._subtask(issue, task, chosen, audience, decisions, described)
        yield from files.contents(issue, decisions)
        yield from parts
        yield from self._comments(issue, audience, decisions)
        yield from self._relations(issue, audience, decisions)
        yield from followers.wanted(issue, audience, decisions)

    def losses(self, issue: Issue, decisions: Decisions) -> Iterator[Loss]:
        """What becomes of every field that the issue fills."""
        yield from balance.losses(issue, decisions, _single(decisions))

    def touched(self, issue: Issue, decisions: Decisions) -> Collection[str]:
        """The names of the complaints (`blockers`) that an issue has to do with."""
        return tuple(outlook.touched(issue, decisions))

    def rules(self, entity: str, field: str) -> tuple[Rule, ...]:
        """See `interfaces.HasRules`."""
        return rules.rules(entity, field)

    def access(self, kind: str, audience: Audience) -> dict[str, Value]:
        """Policy, Space and, where nobody may be it, the owner: see `access.access`."""
        if self.kinds[kind].private != "own":
            raise ValueError(f"a {kind} has no policy of its own")
        return access.access(audience, self._options)

    def doubled(self, kind: str, beside: str, decisions: Decisions) -> dict[str, Value]:
        """A task that is not valid; its text, which names a place at the source, goes."""
        if self.kinds[kind].private != "own":
            return {}
        return {
            "title": f"Doubled: see {beside}",
            "description": (
                f"A copy of {beside}, made when a request was delivered twice. Nothing belongs"
                " here; an administrator may remove it."
            ),
            "status": decisions.state("status", "Invalid"),
        }

    def retired(self, of: Key, kind: str, issue: Issue, decisions: Decisions) -> dict[str, Value]:
        """A subtask is invalid that the source has no more, or whose task is the only one by now:
        then the issue's own task stands for it."""
        moving = projects.moving(issue, decisions)
        joined = len(moving) == 1 and of == moving[0].key
        if kind != "subtask" or (is_part(issue, of) and not joined):
            return {}
        return {"status": decisions.state("status", "Invalid")}

    def note(self, note: Note, issue: Issue, decisions: Decisions) -> Wanted:
        """See `abilities.KeepsBoth`."""
        return notes.note(note, issue, decisions)

    def compose(self, actions: Sequence[Action]) -> Iterator[Step]:
        """One request for each create, and one fill for the task."""
        yield from compose.compose(actions, self._options.text_limit)

    def _task(
        self,
        issue: Issue,
        moving: tuple[Task, ...],
        chosen: projects.Chosen,
        audience: Audience,
        decisions: Decisions,
        split: bool,
        described: Text,
    ) -> Wanted:
        return Wanted(
            key=issue.key,
            kind="task",
            issue=issue.key,
            fields={
                "title": fields.title(issue.title)[0],
                "description": described,
                **_stand(issue, moving, chosen, audience, decisions, split),
                **self.access("task", audience),
            },
            after=texts.shown(described),
            audience=audience.name,
            marker=issue.home,
            author=issue.author,
            created=issue.created,
            changed=issue.updated,
            closed=fields.closed(moving),
        )

    def _subtask(
        self,
        issue: Issue,
        task: Task,
        chosen: projects.Chosen,
        audience: Audience,
        decisions: Decisions,
        described: Text,
    ) -> Wanted:
        return Wanted(
            key=task.key,
            kind="subtask",
            issue=issue.key,
            fields={
                "title": fields.title(texts.subtask_title(issue, task))[0],
                "description": described,
                "status": fields.status(issue, task, decisions),
                "priority": fields.priority(task, decisions),
                "owner": fields.owner(task.assignee, audience, decisions),
                "projects": chosen.pointers,
                **self.access("subtask", audience),
                "parent": Pointer(to=issue.key),
            },
            audience=audience.name,
            marker=task.home,
            author=task.author or issue.author,
            created=task.created or issue.created,
            changed=issue.updated,
            closed=task.closed,
        )

    def _comments(self, issue: Issue, audience: Audience, decisions: Decisions) -> Iterator[Wanted]:
        for group in texts.groups(issue, decisions):
            text, *more = texts.all_said(issue, group.comments, decisions)
            made = self._comment(issue, group.comments[0], text, audience)
            author = made.author if len(group.comments) == 1 else None  # of several nobody is it
            yield msgspec.structs.replace(made, key=group.key, holds=group.holds, author=author)
            yield from self._parts(issue, group.comments[0], more, audience)

    def edition(
        self, issue: Issue, comment: Comment, when: datetime, decisions: Decisions
    ) -> Iterator[Wanted]:
        """See `abilities.TellsEditions`."""
        made = self._comment(issue, comment, Text(parts=()), decisions.audience(issue))
        for number, text in texts.said_again(issue, comment, when, decisions):
            yield msgspec.structs.replace(
                made,
                key=part_key(comment.key, number),
                marker=part_home(comment.home, number),
                fields={**made.fields, "text": text},
                after=texts.shown(text),
                created=when,
            )

    def _parts(
        self, issue: Issue, of: Issue | Task | Comment, texts: Sequence[Text], audience: Audience
    ) -> Iterator[Wanted]:
        """What of a text was too long for it: comments of the issue's own task."""
        for number, text in enumerate(texts, 2):
            yield msgspec.structs.replace(
                self._comment(issue, of, text, audience),
                key=part_key(of.key, number),
                marker=part_home(of.home, number),
            )

    def _comment(
        self, issue: Issue, of: Issue | Task | Comment, text: Text, audience: Audience
    ) -> Wanted:
        return Wanted(
            key=of.key,
            kind="comment",
            issue=issue.key,
            fields={"task": Pointer(to=issue.key), "text": text},
            after=texts.shown(text),
            audience=audience.name,
            marker=of.home,
            author=of.author or issue.author,
            created=of.created or issue.created,
        )

    def _relations(
        self, issue: Issue, audience: Audience, decisions: Decisions
    ) -> Iterator[Wanted]:
        """What the issue depends on becomes its subtasks. Of a merge Conduit can say nothing."""
        edges = fields.depends_on(issue, decisions)
        if not edges:
            return
        yield Wanted(
            key=relations_key(issue.key),
            kind="relations",
            issue=issue.key,
            fields={
                "task": Pointer(to=issue.key),
                "subtasks": tuple(Pointer(to=to, required=False) for to in edges),
            },
            audience=audience.name,
        )


def relations_key(issue: Key) -> Key:
    """The key of the object that stands for an issue's edges."""
    return key("maniphest", "relations", issue)


def _stand(
    issue: Issue,
    moving: tuple[Task, ...],
    chosen: projects.Chosen,
    audience: Audience,
    decisions: Decisions,
    split: bool,
) -> dict[str, Value]:
    """How the issue's own task stands. One that was moved away at the source is closed where it
    is: in the projects, and with the owner and the priority, that it had."""
    if not moving:
        return {"status": decisions.state("status", "Invalid")}
    opened = fields.opened(decisions)
    states = [fields.status(issue, task, decisions) for task in moving]
    urgency = [fields.priority(task, decisions) for task in moving]
    lead = None if split else fields.lead(moving, states, opened).assignee
    return {
        "status": fields.joint_status(states, opened),
        "priority": fields.joint_priority(urgency),
        "owner": fields.owner(lead, audience, decisions),
        "projects": chosen.pointers,
    }


def _stands_away(issue: Issue, decisions: Decisions) -> bool:
    """Whether an issue that was moved away at the source stands here."""
    return is_away(issue) and issue.key in decisions.standing(issue.key)


def _single(decisions: Decisions) -> bool:
    return bool(decisions.options.get("task_mode") == "one")
