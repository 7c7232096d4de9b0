"""What a task says that was taken back, and how it is known again."""

from __future__ import annotations

from tracker_migrate.backends.maniphest.wire import TaskRow
from tracker_migrate.interfaces import UNDONE

TITLE = "Taken back"
_HEAD = "A migration made this and has taken it back."


def told(number: str) -> str:
    """The text of a task that was taken back. number: as people name it, `T12`."""
    return (
        f"{_HEAD} Nothing belongs here; an administrator may destroy it for good:"
        f" `bin/remove destroy {number}`."
    )


def is_taken_back(row: TaskRow, field: str | None) -> bool:
    """Whether a task was taken back. field: the marker's, if the server has one."""
    if field is not None:
        return row.marker(field).startswith(UNDONE)
    return row.description.startswith(_HEAD)
