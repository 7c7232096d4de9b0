"""Closing a task when all its subtasks are closed, which Maniphest does not do by itself.

A server tells whether anything below a task is open: `hasSubtasks` means open ones (facts 14),
whoever made them, so that a subtask of somebody's keeps its parent open, as does another bug's task
that it depends on.
"""

from __future__ import annotations

from collections.abc import Sequence

from tracker_migrate.abilities import Parents
from tracker_migrate.backends.maniphest import fields
from tracker_migrate.backends.maniphest.lookups import Finder
from tracker_migrate.backends.maniphest.options import Options
from tracker_migrate.interfaces import RemoteRef

JOINT, OFF = "joint", "off"


def parents(options: Options) -> Parents | None:
    """See `abilities.ClosesParents.parents`."""
    if options.close_parents == OFF or options.task_mode != "subtasks":
        return None
    words = frozenset(options.open_statuses)
    return Parents(parent="task", below="subtask", field="status", open=words)


def becomes(finder: Finder, options: Options, at: RemoteRef, below: Sequence[str]) -> str | None:
    """See `abilities.ClosesParents.becomes`."""
    open_ = finder.tasks({"phids": [at.id], "hasSubtasks": True})
    if next(open_, None) is not None:
        return None
    if options.close_parents == JOINT:
        return fields.joint_status(below, options.open_statuses)
    return options.close_parents
