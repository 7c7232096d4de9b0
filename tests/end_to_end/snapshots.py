"""A world as it was: a target and the workspace are put back, and what stands there is compared."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

from tests.end_to_end.marked_world import MarkedWorld


class Snapshot:
    """One target's data and the workspace, as they are now; `restore` brings them back."""

    def __init__(self, marked: MarkedWorld, target: str, folder: Path) -> None:
        self._standin: Any = getattr(marked.here, target)
        self._workspace, self._copy = marked.here.folder, folder
        with self._standin.lock:
            self._data: bytes = self._standin.store.db.serialize()
            self._next = dict(self._standin.store._next)
        shutil.rmtree(folder, ignore_errors=True)
        shutil.copytree(self._workspace, folder)

    def restore(self) -> None:
        """All is as it was."""
        with self._standin.lock:
            self._standin.store.db.deserialize(self._data)
            self._standin.store._next = dict(self._next)
        shutil.rmtree(self._workspace)
        shutil.copytree(self._copy, self._workspace)


def standing(marked: MarkedWorld, target: str) -> list[Any]:
    """What stands at a target, and who may read it; no number of the server's own in it."""
    with getattr(marked.here, target).lock:
        return _stories(marked) if target == "storyboard" else _tasks(marked)


def _stories(marked: MarkedWorld) -> list[Any]:
    rows = marked.here.storyboard.store.all
    found: list[Any] = []
    for story in rows("SELECT id, title, description, private FROM story ORDER BY id"):
        readers = rows(
            "SELECT user_id FROM story_permission JOIN permission_user USING (permission_id) "
            f"WHERE story_id = {story[0]} ORDER BY user_id"
        )
        parts = [
            rows(f"SELECT title, status, link, assignee_id FROM task WHERE story_id = {story[0]}"),
            rows(f"SELECT content FROM comment WHERE story_id = {story[0]} ORDER BY id"),
            rows(
                "SELECT name FROM story_tag JOIN tag ON tag.id = tag_id "
                f"WHERE story_id = {story[0]} ORDER BY name"
            ),
        ]
        # the list of a story that was opened stays, and lets nobody in
        named = [row[0] for row in readers] if story[3] else []
        found.append((*tuple(story)[1:], named, [[*map(tuple, part)] for part in parts]))
    return found


def _tasks(marked: MarkedWorld) -> list[Any]:
    store = marked.here.maniphest.store
    found: list[Any] = []
    # bug by bug, as the first line says: subtasks of several get their numbers in any order
    sql = (
        "SELECT phid, title, description, status, owner, view, edit, space FROM task"
        " ORDER BY substr(description, 1, 60), id"
    )
    for task in store.rows(sql):
        said = store.column(
            "SELECT comment FROM xaction_task WHERE object = ? AND comment IS NOT NULL ORDER BY id",
            [task[0]],
        )
        joined = store.rows(
            "SELECT type, coalesce(task.title, project.name, dst) FROM edge LEFT JOIN task ON "
            "task.phid = dst LEFT JOIN project ON project.phid = dst WHERE src = ? ORDER BY 1, 2",
            [task[0]],
        )
        found.append((*tuple(task)[1:], said, [tuple(row) for row in joined]))
    return found
