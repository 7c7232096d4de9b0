"""The losses of one issue, added up: each filled field of each object has one outcome."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from tracker_migrate.backends.maniphest import fields, files, projects, texts, work_items
from tracker_migrate.backends.maniphest.losses import LOSSES, Outcome
from tracker_migrate.interfaces import Decisions, Loss
from tracker_migrate.model import Comment, Issue, Task, own_fields, present_fields

Told = tuple[str, str, Outcome, str]
#: where a comment that repeats the description is told all the same
_SAME_AS_DESCRIPTION = ("text", "author", "created", "subject")


def losses(issue: Issue, decisions: Decisions, single: bool) -> Iterator[Loss]:
    """What becomes of every field that the issue fills; `single`: all tasks in one."""
    sums: Counter[Told] = Counter()
    special = Counter[tuple[str, str]]()
    for entity, field, outcome, reason in _special(issue, decisions, single):
        sums[entity, field, outcome, reason] += 1
        special[entity, field] += 1
    for at, count in Counter(present_fields(issue)).items():
        outcome, reason = LOSSES.get(".".join(at), ("text", ""))
        sums[(*at, outcome, reason)] += count - special[at]
    for (entity, field, outcome, reason), count in sums.items():
        if count:
            yield Loss(entity=entity, field=field, outcome=outcome, reason=reason, count=count)


def _special(issue: Issue, decisions: Decisions, single: bool) -> Iterator[Told]:
    within = {of for group in texts.groups(issue, decisions) for of in group.holds}
    for comment in issue.comments:
        yield from _comment(issue, comment)
        if comment.key in within and comment.text:
            yield "comment", "text", "text", ""
    yield from _tasks(issue, decisions, single)
    yield from (("work_item", name, "native", "") for name in work_items.native(issue, decisions))
    for one in issue.attachments:
        if reason := files.why_lost(one, issue, decisions):
            yield "attachment", "file", "lost", reason
    edges = fields.depends_on(issue, decisions)
    for relation in issue.relations:
        if relation.kind == "depends_on" and relation.to in edges:
            yield "relation", "to", "native", ""
    if fields.title(issue.title)[1]:
        yield issue.kind, "title", "text", ""


def _comment(issue: Issue, comment: Comment) -> Iterator[Told]:
    reason = texts.unwritten(issue, comment)
    if not reason:
        return
    for field in own_fields(comment):
        if reason is texts.SAME and field in _SAME_AS_DESCRIPTION:
            yield "comment", field, "native" if field == "text" else "text", ""
        else:
            yield "comment", field, "lost", reason


def _tasks(issue: Issue, decisions: Decisions, single: bool) -> Iterator[Told]:
    moving = projects.moving(issue, decisions)
    audience = decisions.audience(issue)
    many = len(moving) > 1
    states = [fields.status(issue, task, decisions) for task in moving]
    lead = fields.lead(moving, states, fields.opened(decisions)) if moving else None
    joint = projects.exact(moving, issue.tags, decisions)
    if issue.tags and joint.tags == frozenset(issue.tags):
        yield issue.kind, "tags", "native", ""
    for task in moving:
        chosen = joint if single or not many else projects.exact((task,), (), decisions)
        yield from _task(task, chosen, decisions)
        owns = task is lead or not (many and single)
        if task.assignee and owns and fields.owner(task.assignee, audience, decisions):
            yield "task", "assignee", "native", ""
    for task in issue.tasks:
        if task not in moving:
            yield from ((("task", name, "text", "")) for name in ("status", "importance"))
            yield "task", "complete", "text", ""


def _task(task: Task, chosen: projects.Chosen, decisions: Decisions) -> Iterator[Told]:
    if projects.possible(decisions.place(task.target).name):
        yield "task", "project", "native", ""
        if task.series is None or task.target in chosen.branches:
            yield "task", "target", "native", ""
    if task.series is not None and task.target in chosen.branches:
        yield "task", "series", "native", ""
    if task.milestone in chosen.milestones and task.milestone is not None:
        yield "task", "milestone", "native", ""
