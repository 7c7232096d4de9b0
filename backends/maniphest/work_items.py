"""A blueprint's work items at Maniphest: each a subtask, or all a checklist in the task's text.

A subtask has an owner, a status and a milestone, and people close it without touching a text. A
checklist is one text: it makes no tasks, but a box that somebody ticks is an edit of it, which
nothing overwrites afterwards.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import groupby
from typing import Any

from tracker_migrate.backends.maniphest import fields, projects
from tracker_migrate.interfaces import Decisions
from tracker_migrate.model import Issue, Key, Task, WorkItem, as_task, name_of, says
from tracker_migrate.text import blocks as b
from tracker_migrate.text.fields import label_of

#: somebody's name to show, and page
Person = Callable[[Key, Decisions], tuple[str, str | None]]


def as_checklist(decisions: Decisions) -> bool:
    """Whether the settings want a checklist."""
    return bool(decisions.options.get("work_items") == "checklist")


def subtasks(issue: Issue, decisions: Decisions) -> tuple[Task, ...]:
    """The work items that become subtasks, in the place of the blueprint's own task, and as urgent
    as that (so Launchpad itself shows them). Empty where a checklist is wanted."""
    moving = projects.moving(issue, decisions)
    if not moving or as_checklist(decisions):
        return ()
    return tuple(as_task(item, moving[0]) for item in issue.work_items)


def title(issue: Issue, task: Task) -> str:
    """`[foo] write it`: a list of tasks shows it without its blueprint."""
    return f"[{issue.name.rpartition('/')[2]}] {task.title}"


def native(issue: Issue, decisions: Decisions) -> Iterator[str]:
    """The fields that subtasks hold by themselves, once for each that does."""
    audience = decisions.audience(issue)
    for task in subtasks(issue, decisions):
        yield "status"
        yield "complete"
        if not fields.title(title(issue, task))[1]:
            yield "title"
        if task.assignee and fields.owner(task.assignee, audience, decisions):
            yield "assignee"
        chosen = projects.exact((task,), (), decisions)
        if task.milestone is not None and task.milestone in chosen.milestones:
            yield "milestone"


def checklist(issue: Issue, decisions: Decisions, person: Person) -> Iterator[b.Block]:
    """The list for the task's text, a heading for each milestone as at the source. person: how
    somebody is named."""
    if not as_checklist(decisions):
        return
    for milestone, items in groupby(issue.work_items, key=lambda one: one.milestone):
        held = list(items)
        yield b.Heading(_heading(milestone, decisions))
        yield b.Items(
            tuple((_line(one, decisions, person),) for one in held),
            ticks=tuple(one.complete for one in held),
        )


def _heading(milestone: Key | None, decisions: Decisions) -> str:
    if milestone is None:
        return "Work items"
    known = decisions.milestone(milestone)
    return f"Work items for {known.name if known else name_of(milestone).rpartition('/')[2]}"


def _line(item: WorkItem, decisions: Decisions, person: Person) -> b.Line:
    more = "".join(f", {name} {value}" for name, value in told(item.extra))
    return (f"{item.title} ({item.status}{more}", *_assigned(item, decisions, person), ")")


def told(extra: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """What else the source says of a work item, in words: no field of a task's holds it."""
    for name, value in sorted(extra.items()):
        if says(value):
            yield label_of(name), str(value)


def _assigned(item: WorkItem, decisions: Decisions, person: Person) -> Sequence[b.Inline]:
    if item.assignee is None:
        return ()
    name, home = person(item.assignee, decisions)
    return (", assigned to ", b.Url(home, name) if home else name)
