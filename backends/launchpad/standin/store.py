"""The stand-in's data in SQLite: reading and writing of entries, one connection, no rules.

The rules of Launchpad (what bumps a date, who may read) live in the files beside this one. The
caller holds the stand-in's lock.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from tracker_migrate.backends.launchpad.standin.entry import Entry
from tracker_migrate.backends.launchpad.standin.fields import compact
from tracker_migrate.backends.launchpad.standin.schema import SCHEMA

_BUG_COLUMNS = (
    "id, nickname, title, owner, created, updated, info, duplicate_of, heat, messages, duplicates, "
    "affected, patch, data"
)
_PUT_BUG = (
    f"INSERT INTO bug({_BUG_COLUMNS}) VALUES(?,?,?,?,?,?,?,?,?,?,?,?,?,?) ON CONFLICT(id) "
    "DO UPDATE SET " + ", ".join(f"{name}=excluded.{name}" for name in _BUG_COLUMNS.split(", ")[1:])
)
_TASK_COLUMNS = (
    "bug, target, pillar, sort, status, importance, assignee, milestone, owner, created, assigned, "
    "closed, name, data"
)
_PUT_TASK = (
    f"INSERT INTO task({_TASK_COLUMNS}) VALUES(?,?,?,?,?,?,?,?,?,?,?,?,?,?) "
    "ON CONFLICT(bug, target) DO UPDATE SET "
    + ", ".join(f"{name}=excluded.{name}" for name in _TASK_COLUMNS.split(", ")[3:])
)
_dumps = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


class Store:
    """All that a stand-in knows, in a file or in memory."""

    def __init__(self, data: str = ":memory:") -> None:
        self.db = sqlite3.connect(data, check_same_thread=False, isolation_level=None)
        self.db.execute("PRAGMA journal_mode=WAL")
        self.db.execute("PRAGMA synchronous=OFF")
        self.db.executescript(SCHEMA)

    def close(self) -> None:
        """Close the database."""
        self.db.close()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All or nothing; may be nested, the outermost one commits."""
        if self.db.in_transaction:
            yield
            return
        self.db.execute("BEGIN")
        try:
            yield
        except BaseException:
            self.db.execute("ROLLBACK")
            raise
        self.db.execute("COMMIT")

    def rows(self, sql: str, *values: Any) -> list[tuple[Any, ...]]:
        """The rows of a query."""
        return self.db.execute(sql, values).fetchall()

    def scalar(self, sql: str, *values: Any) -> Any:
        """The first value of the first row of a query, or None."""
        row = self.db.execute(sql, values).fetchone()
        return None if row is None else row[0]

    # -- bugs -----------------------------------------------------------------------------------

    def bug(self, number: int) -> Entry | None:
        """A bug by its number."""
        row = self.db.execute("SELECT data FROM bug WHERE id=?", (number,)).fetchone()
        return None if row is None else Entry("bug", f"bugs/{number}", json.loads(row[0]), number)

    def bugs(self, where: str, *values: Any) -> list[Entry]:
        """Bugs that satisfy a condition on the table `bug`."""
        rows = self.db.execute(f"SELECT id, data FROM bug WHERE {where}", values)
        return [Entry("bug", f"bugs/{n}", json.loads(data), n) for n, data in rows]

    def put_bug(self, number: int, values: Mapping[str, Any]) -> None:
        """Write a bug, new or not."""
        data = compact("bug", dict(values))
        duplicate = data.get("duplicate_of_link")
        row = (
            number, data.get("name"), data.get("title", ""), data.get("owner_link"),
            data.get("date_created", ""), data.get("date_last_updated", ""),
            data.get("information_type", "Public"),
            int(duplicate.rpartition("/")[2]) if duplicate else None, data.get("heat", 6),
            data.get("message_count", 1), data.get("number_of_duplicates", 0),
            data.get("users_affected_count", 1), data.get("latest_patch_uploaded"), _dumps(data),
        )  # fmt: skip
        self.db.execute(_PUT_BUG, row)
        self.put_tags(number, data.get("tags", ()))

    def put_tags(self, number: int, tags: Iterable[str]) -> None:
        """Make these the tags that a search finds the bug by."""
        self.db.execute("DELETE FROM tag WHERE bug=?", (number,))
        self.db.executemany("INSERT OR IGNORE INTO tag VALUES(?,?)", [(number, t) for t in tags])

    def next_bug(self) -> int:
        """The number of the next new bug."""
        return self.sequence("bug", int(self.scalar("SELECT coalesce(max(id), 0) + 1 FROM bug")))

    # -- tasks ----------------------------------------------------------------------------------

    def task(self, bug: int, target: str) -> Entry | None:
        """The task of a bug on a target (`firefox`, `ubuntu/+source/evolution`)."""
        return next(iter(self._tasks("t.bug=? AND t.target=?", bug, target)), None)

    def tasks(self, bug: int) -> list[Entry]:
        """All tasks of a bug in Launchpad's order."""
        return self._tasks("t.bug=? ORDER BY t.sort", bug)

    def _tasks(self, where: str, *values: Any) -> list[Entry]:
        sql = "SELECT t.bug, t.target, t.data, b.title FROM task t JOIN bug b ON b.id=t.bug WHERE "
        return [self.task_entry(row) for row in self.db.execute(sql + where, values)]

    @staticmethod
    def task_entry(row: tuple[Any, ...]) -> Entry:
        """A task from a row of bug, target, data, the bug's title."""
        bug, target, data, title = row
        return Entry("bug_task", f"{target}/+bug/{bug}", json.loads(data), bug, title)

    def put_task(self, bug: int, target: str, values: Mapping[str, Any], sort: str) -> None:
        """Write a task, new or not; `sort` is its place among the bug's tasks."""
        data = compact("bug_task", dict(values))
        row = (
            bug, target, target.split("/", maxsplit=1)[0], sort, data.get("status", "New"),
            data.get("importance", "Undecided"), data.get("assignee_link"),
            data.get("milestone_link"), data.get("owner_link"), data.get("date_created"),
            data.get("date_assigned"), data.get("date_closed"), data.get("bug_target_name"),
            _dumps(data),
        )  # fmt: skip
        self.db.execute(_PUT_TASK, row)

    def drop_task(self, bug: int, target: str) -> None:
        """Remove a task."""
        self.db.execute("DELETE FROM task WHERE bug=? AND target=?", (bug, target))

    def default_target(self, bug: int) -> str:
        """The target of the task that a bug's messages are addressed by: its oldest one.

        Fact: bug 9's are addressed by Ubuntu's task, which bug_tasks lists second.
        """
        sql = (
            "SELECT coalesce(b.home, (SELECT target FROM task t WHERE t.bug=b.id "
            "ORDER BY created, id LIMIT 1), 'bugs') FROM bug b WHERE b.id=?"
        )
        return str(self.scalar(sql, bug) or "bugs")

    def set_home(self, bug: int, target: str | None) -> None:
        """Address a bug's messages by this task; None leaves it to the oldest one."""
        self.db.execute("UPDATE bug SET home=? WHERE id=?", (target, bug))

    # -- messages and activity --------------------------------------------------------------------

    def message(self, bug: int, index: int) -> Entry | None:
        """One message of a bug; 0 is the description as filed."""
        return next(iter(self.messages(bug, 1, 0, index)), None)

    def messages(
        self, bug: int, limit: int = -1, offset: int = 0, index: int | None = None
    ) -> list[Entry]:
        """Messages of a bug in order."""
        base = f"{self.default_target(bug)}/+bug/{bug}/comments/"
        only = "" if index is None else "AND idx=:index"
        rows = self.db.execute(
            f"SELECT idx, data FROM message WHERE bug=:bug {only} ORDER BY idx "
            "LIMIT :limit OFFSET :offset",
            {"bug": bug, "index": index, "limit": limit, "offset": offset},
        )
        return [Entry("message", f"{base}{i}", json.loads(data), bug) for i, data in rows]

    def put_message(self, bug: int, index: int, values: Mapping[str, Any]) -> None:
        """Write a message, new or not."""
        data = compact("message", dict(values))
        self.db.execute(
            "INSERT OR REPLACE INTO message VALUES(?,?,?,?)",
            (bug, index, data.get("owner_link"), _dumps(data)),
        )

    def next_message(self, bug: int) -> int:
        """The index of the next message of a bug."""
        return int(self.scalar("SELECT coalesce(max(idx), -1) + 1 FROM message WHERE bug=?", bug))

    def add_activity(self, bug: int, values: Mapping[str, Any]) -> None:
        """Add a row to a bug's history."""
        data = compact("bug_activity", dict(values))
        self.db.execute(
            "INSERT INTO activity VALUES(NULL,?,?,?)", (bug, data.get("datechanged"), _dumps(data))
        )

    def activity(self, bug: int, limit: int = -1, offset: int = 0) -> list[Entry]:
        """A bug's history by date."""
        rows = self.db.execute(
            "SELECT data FROM activity WHERE bug=? ORDER BY changed, id LIMIT ? OFFSET ?",
            (bug, limit, offset),
        )
        path = f"bugs/{bug}/activity"
        return [Entry("bug_activity", path, json.loads(data), bug) for (data,) in rows]

    # -- all other entries ----------------------------------------------------------------------

    def item(self, path: str) -> Entry | None:
        """The entry at a path."""
        return next(iter(self.items("path=?", path)), None)

    def items(self, where: str, *values: Any) -> list[Entry]:
        """Entries that satisfy a condition on the table `item`."""
        rows = self.db.execute(f"SELECT kind, path, data, bug FROM item WHERE {where}", values)
        return [Entry(kind, path, json.loads(data), bug) for kind, path, data, bug in rows]

    def put_item(
        self,
        kind: str,
        path: str,
        values: Mapping[str, Any],
        bug: int | None = None,
        parent: str | None = None,
    ) -> None:
        """Write an entry, new or not."""
        self.db.execute(
            "INSERT INTO item(kind, path, bug, parent, data) VALUES(?,?,?,?,?) ON CONFLICT(path) "
            "DO UPDATE SET kind=excluded.kind, bug=coalesce(excluded.bug, bug), "
            "parent=coalesce(excluded.parent, parent), data=excluded.data",
            (kind, path, bug, parent, _dumps(compact(kind, dict(values)))),
        )

    def drop_item(self, path: str) -> None:
        """Remove an entry."""
        self.db.execute("DELETE FROM item WHERE path=?", (path,))

    # -- relations, sequences ---------------------------------------------------------------------

    def relate(self, name: str, source: str, target: str) -> None:
        """Note that `source` has `target` in its collection `name`."""
        self.db.execute(
            "INSERT OR IGNORE INTO relation(name, source, target) VALUES(?,?,?)",
            (name, source, target),
        )

    def unrelate(self, name: str, source: str, target: str) -> None:
        """Take it out again."""
        self.db.execute(
            "DELETE FROM relation WHERE name=? AND source=? AND target=?", (name, source, target)
        )

    def related(self, name: str, source: str) -> list[str]:
        """Paths of what `source` has in its collection `name`, in the order they came."""
        sql = "SELECT target FROM relation WHERE name=? AND source=? ORDER BY id"
        return [path for (path,) in self.db.execute(sql, (name, source))]

    def sources(self, name: str, target: str) -> list[str]:
        """Paths of what has `target` in its collection `name`."""
        sql = "SELECT source FROM relation WHERE name=? AND target=? ORDER BY id"
        return [path for (path,) in self.db.execute(sql, (name, target))]

    def sequence(self, name: str, at_least: int = 0) -> int:
        """The next number of a sequence (attachments, watches, nominations, files)."""
        sql = "SELECT value FROM meta WHERE key=?"
        value = max(int(self.scalar(sql, f"seq:{name}") or 0) + 1, at_least)
        self.set_meta(f"seq:{name}", str(value))
        return value

    def meta(self, key: str) -> str | None:
        """A value kept beside the data."""
        value = self.scalar("SELECT value FROM meta WHERE key=?", key)
        return None if value is None else str(value)

    def set_meta(self, key: str, value: str) -> None:
        """Keep a value beside the data."""
        self.db.execute("INSERT OR REPLACE INTO meta VALUES(?,?)", (key, value))
