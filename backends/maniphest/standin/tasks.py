"""Tasks: how they are kept and how maniphest.search shows one."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from tracker_migrate.backends.maniphest.standin.config import (
    NUMBER_INDEXED,
    PRIORITY_BY_VALUE,
    STATUSES,
    STRING_INDEXED,
    Config,
)
from tracker_migrate.backends.maniphest.standin.store import Store, fold, insertion

COLUMNS = (
    *("id", "phid", "title", "description", "author", "owner", "status", "priority", "points"),
    *("subtype", "closer", "closed", "space", "created", "modified", "view", "edit", "custom"),
)
SELECT = f"SELECT {', '.join(COLUMNS)} FROM task"
_UPDATE = f"UPDATE task SET {', '.join(f'{name} = ?' for name in COLUMNS[1:])} WHERE id = ?"
_INSERT = insertion("task", COLUMNS)


@dataclass(slots=True)
class Task:
    """One task; `id` 0 is one that is not stored yet."""

    id: int
    phid: str
    title: str
    description: str
    author: str
    owner: str | None
    status: str
    priority: int
    points: float | None
    subtype: str
    closer: str | None
    closed: int | None
    space: str | None
    created: int
    modified: int
    view: str
    edit: str
    custom: dict[str, Any] = field(default_factory=dict)

    @property
    def keeper(self) -> str | None:
        """Its owner sees it always."""
        return self.owner

    @property
    def maker(self) -> str | None:
        """Its author."""
        return self.author

    @property
    def label(self) -> str:
        """T and its number."""
        return f"T{self.id}"

    @property
    def noun(self) -> str:
        """What it is."""
        return "Maniphest Task"


class Tasks:
    """All tasks."""

    def __init__(self, store: Store, config: Config) -> None:
        self.store = store
        self.config = config

    def blank(self, author: str) -> Task:
        """A task to be made."""
        return Task(
            id=0,
            phid="",
            title="",
            description="",
            author=author,
            owner=None,
            status="open",
            priority=90,
            points=None,
            subtype="default",
            closer=None,
            closed=None,
            space=None,
            created=0,
            modified=0,
            view="users",
            edit="users",
        )

    def load(self, where: str, args: Sequence[Any] = ()) -> list[Task]:
        """Tasks, the newest first."""
        sql = f"{SELECT} WHERE {where} ORDER BY id DESC"
        return [revive(row) for row in self.store.rows(sql, args)]

    def by_id(self, number: int) -> Task | None:
        """The task of this number."""
        return next(iter(self.load("id = ?", [number])), None)

    def by_phid(self, phid: str) -> Task | None:
        """The task of this name."""
        return next(iter(self.load("phid = ?", [phid])), None)

    def save(self, task: Task) -> None:
        """Store it; a new one gets its number, which is burnt if the call fails later."""
        now = self.store.now()
        task.modified = now
        if task.id:
            self.store.run(_UPDATE, [*_values(task)[1:], task.id])
            return
        task.id, task.phid, task.created = self.store.take("task"), self.store.phid("TASK"), now
        self.store.run(_INSERT, _values(task))

    def touch(self, phid: str) -> None:
        """Something about this task changed elsewhere."""
        self.store.run("UPDATE task SET modified = ? WHERE phid = ?", [self.store.now(), phid])

    def reindex(self, task: Task) -> None:
        """Write the rows that look-ups by custom field rest on.

        A table is only cleared if the task has a value for it: an emptied marker is still found
        (stale-marker-row, exchange 4).
        """
        strings, numbers = self._indexed(task)
        for table, rows in (("string_index", strings), ("number_index", numbers)):
            if rows:
                self.store.run(f"DELETE FROM {table} WHERE object = ?", [task.phid])
                named = [(key, value, task.phid) for key, value in rows]
                self.store.db.executemany(f"INSERT INTO {table} VALUES (?, ?, ?)", named)

    def _indexed(self, task: Task) -> tuple[list[tuple[str, Any]], list[tuple[str, Any]]]:
        strings: list[tuple[str, Any]] = []
        numbers: list[tuple[str, Any]] = []
        for key, value in task.custom.items():
            entry = self.config.by_key.get(key)
            if entry is None or not entry.search or value in (None, "", []):
                continue
            if entry.type in STRING_INDEXED:
                items = value if isinstance(value, list) else [value]
                strings += [(key, fold(item)) for item in items]
            elif entry.type in NUMBER_INDEXED:
                numbers.append((key, int(value)))
        return strings, numbers

    def fields(self, task: Task) -> dict[str, Any]:
        """The `fields` of a task, in the server's order."""
        return {
            "name": task.title,
            "description": {"raw": task.description},
            "authorPHID": task.author,
            "ownerPHID": task.owner,
            "status": _status(task.status),
            "priority": _priority(task.priority),
            "points": _points(task.points),
            "subtype": task.subtype,
            "closerPHID": task.closer,
            "dateClosed": task.closed,
            "groupByProjectPHID": None,
            "spacePHID": task.space,
            "dateCreated": task.created,
            "dateModified": task.modified,
            "policy": {"view": task.view, "interact": task.view, "edit": task.edit},
            **{f"custom.{entry.key}": task.custom.get(entry.key) for entry in self.config.fields},
        }


def revive(row: Sequence[Any]) -> Task:
    """A task from its row."""
    task = Task(*row)
    task.custom = json.loads(row[-1]) if row[-1] else {}
    return task


def _values(task: Task) -> list[Any]:
    custom = json.dumps(task.custom, ensure_ascii=False) if task.custom else ""
    return [*(getattr(task, name) for name in COLUMNS[:-1]), custom]


def _status(status: str) -> dict[str, Any]:
    return {"value": status, "name": STATUSES.get(status, "Unknown Status"), "color": None}


def _priority(value: int) -> dict[str, Any]:
    known = PRIORITY_BY_VALUE.get(value)
    name, color = (known.name, known.color) if known else ("Unknown Priority", "grey")
    return {"value": value, "name": name, "color": color}


def _points(points: float | None) -> str | None:
    """As the database spells a number: 3, 3.5, 1e20."""
    return None if points is None else f"{points:.15g}".replace("e+", "e")
