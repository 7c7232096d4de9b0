"""A blueprint's work items at StoryBoard: each a task of the blueprint's story.

An item has a title, a status, and perhaps an assignee and a milestone, as a task has; it stands
where the blueprint's own task stands, and is as urgent (so Launchpad itself shows it). A task has
no text: what it can't hold is in the story's.
"""

from __future__ import annotations

from collections.abc import Iterator

from tracker_migrate.backends.storyboard import fields, shape
from tracker_migrate.interfaces import Decisions, Place
from tracker_migrate.model import Issue, Task, as_task, present_fields

ENTITY = "work_item"
#: what every task that is written of one holds by itself
NATIVE = frozenset({"key", "home", "title", "status", "complete"})
#: native, but coarser than at the source, or there for some of them alone
IN_WORDS = frozenset((ENTITY, field) for field in ("status", "assignee", "milestone"))


def written(issue: Issue, decisions: Decisions) -> Iterator[tuple[Task, Place]]:
    """All that becomes a task of an issue's story: its own tasks that are moved, then its work
    items, where the first of those stands."""
    moved = list(shape.moved(issue, decisions))
    yield from moved
    if moved:
        of, place = moved[0]
        yield from ((as_task(item, of), place) for item in issue.work_items)


def native(issue: Issue, decisions: Decisions) -> Iterator[tuple[str, bool]]:
    """Every filled field of every work item, and whether its task holds it."""
    tasks = {task.key: task for task, _place in written(issue, decisions)}
    for item in issue.work_items:
        held = _held(issue, tasks[item.key], decisions) if item.key in tasks else frozenset()
        alone = Issue(
            key=issue.key, kind=issue.kind, name="", title="", home="", work_items=(item,)
        )
        for entity, field in present_fields(alone):
            if entity == ENTITY:
                yield field, field in held


def _held(issue: Issue, task: Task, decisions: Decisions) -> frozenset[str]:
    held = set(NATIVE)
    if fields.is_cut(task.title):
        held.remove("title")
    if shape.assignee(task, decisions) is not None:
        held.add("assignee")
    if shape.milestone(issue, task, decisions) is not None:
        held.add("milestone")
    return frozenset(held)
