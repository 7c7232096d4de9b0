"""The deadlocks of parallel tasks: their two texts, and who overlaps with whom (facts 4).

At the real server InnoDB lets one of two tasks on one project, or on one story, win and rolls the
other back. Here the one that comes while another is under way loses, every time.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from tracker_migrate.backends.storyboard.standin import sqltext
from tracker_migrate.backends.storyboard.standin.errors import Fault
from tracker_migrate.testing.loopback import Request

MYSQL = (
    "OperationalError) (1213, 'Deadlock found when trying to get lock; try restarting transaction')"
)
DEAD_LOCK = "Database in dead lock"

Row = tuple[str, int]  # ("projects", 1) or ("stories", 1): what is fought over


def at_update(row: Row, now: datetime) -> Fault:
    """The 500: the project's or the story's row could not be touched."""
    table, number = row
    sql = f"UPDATE {table} SET updated_at=%(updated_at)s WHERE {table}.id = %(id)s"
    given = {"updated_at": now, f"{table}_id": number}
    sql = sql.replace("%(id)s", f"%({table}_id)s")
    return sqltext.failed(MYSQL, sql, given, sqltext.OPERATIONAL)


def at_insert() -> Fault:
    """The 400: the task itself could not be inserted."""
    return Fault(400, DEAD_LOCK)


def _number(value: Any) -> int:
    try:
        return int(value or 0)
    except (TypeError, ValueError):
        return 0


def fought_over(request: Request) -> list[Row]:
    """The rows that a new task locks; none if the request makes no task."""
    parts = [part for part in request.path.split("/") if part]
    if request.method != "POST" or parts[-1:] != ["tasks"]:
        return []
    try:
        body = request.json()
    except ValueError:
        return []
    body = body if isinstance(body, dict) else {}
    story = parts[-2] if "stories" in parts else body.get("story_id")
    return [("projects", _number(body.get("project_id"))), ("stories", _number(story))]


class Watch:
    """Which rows are being fought over at this moment."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._held: set[Row] = set()
        self.told = 0

    @contextmanager
    def over(self, rows: list[Row], now: datetime) -> Iterator[Fault | None]:
        """Hold rows for the time of the block; the fault if one of them is held already."""
        with self._lock:
            lost = next((row for row in rows if row in self._held), None)
            mine = set() if lost else set(rows)
            self._held |= mine
            self.told += lost is not None
            told = self.told
        try:
            yield None if lost is None else self._fault(lost, told, now)
        finally:
            with self._lock:
                self._held -= mine

    def _fault(self, row: Row, told: int, now: datetime) -> Fault:
        """On a project always the 500; on a story the 400 two times of three (deadlocks)."""
        return at_insert() if row[0] == "stories" and told % 3 else at_update(row, now)
