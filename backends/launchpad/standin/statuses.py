"""What a change of status or assignee does to a task's dates.

Facts: a task that moves back loses the dates of what it no longer passed; recorded in changes
7 to 9 (Confirmed, Fix Released, In Progress).
"""

from __future__ import annotations

from typing import Any

from tracker_migrate.backends.launchpad.standin.derived import CLOSED

#: statuses by weight; a status of a weight has passed all lighter ones below
_WEIGHTS = {
    "New": 10, "Incomplete": 15, "Opinion": 16, "Invalid": 17, "Won't Fix": 18, "Expired": 19,
    "Confirmed": 20, "Triaged": 21, "In Progress": 22, "Deferred": 23, "Fix Committed": 25,
    "Fix Released": 30, "Does Not Exist": 33, "Unknown": 999,
}  # fmt: skip
#: all that a task may be given
STATUSES = frozenset(_WEIGHTS)
_MARKS = (("Confirmed", "date_confirmed"), ("Triaged", "date_triaged"),
          ("In Progress", "date_in_progress"), ("Fix Committed", "date_fix_committed"),
          ("Fix Released", "date_fix_released"))  # fmt: skip


def set_status(task: dict[str, Any], status: str, now: str) -> None:
    """Move a task to a status."""
    old, new = _WEIGHTS[task.get("status", "New")], _WEIGHTS[status]
    was_closed, is_closed = task.get("status", "New") in CLOSED, status in CLOSED
    task["status"] = status
    if old == _WEIGHTS["New"] < new:
        task["date_left_new"] = now
    for name, date in _MARKS:
        if new < _WEIGHTS[name]:
            task[date] = None
        elif old < _WEIGHTS[name]:
            task[date] = now
    task["date_incomplete"] = now if status == "Incomplete" else task.get("date_incomplete")
    task["date_deferred"] = now if status == "Deferred" else None
    if new <= _WEIGHTS["New"]:
        task["date_left_new"] = None
    if is_closed and not was_closed:
        task["date_closed"] = now
    if was_closed and not is_closed:
        task.update(date_closed=None, date_left_closed=now)


def set_assignee(task: dict[str, Any], person: str | None, now: str) -> None:
    """Give a task to somebody, or to nobody."""
    if person is None:
        task["date_assigned"] = None
    elif task.get("assignee_link") is None:
        task["date_assigned"] = now
    task["assignee_link"] = person
