"""What our account did at Maniphest since a mark: to find what was delivered twice.

`transaction.search` with an objectType and authorPHIDs alone lists all that one account did to all
tasks that it may see, newest first: creates, comments, and each change with its new value (seen on
a server). A no-effect edit leaves nothing there, so that a change which is delivered twice at once
is not seen, and need not be.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Literal

import msgspec

from tracker_migrate.backends.maniphest.filefinder import FileFinder
from tracker_migrate.backends.maniphest.files import SINGLE
from tracker_migrate.backends.maniphest.lookups import Finder
from tracker_migrate.backends.maniphest.projects import milestone_key
from tracker_migrate.backends.maniphest.server import Server
from tracker_migrate.backends.maniphest.settling import permalink
from tracker_migrate.backends.maniphest.taken_back import is_taken_back
from tracker_migrate.backends.maniphest.wire import (
    TaskRow,
    TransactionRow,
    file_ref,
    project_ref,
    task_ref,
)
from tracker_migrate.errors import Gone
from tracker_migrate.interfaces import IMPORTER, Mine, RemoteRef, Since

#: rows asked for at once: each may hold a text, and its task's description twice
_PAGE = 500
#: rows below the mark that are looked at again: a write that was under way at the last look may
#: have got its number before one that was seen
_OVERLAP = 50
_TASKS = ("task", "subtask")
_COMMENT = ("comment",)
_FILE = ("file",)
_PROJECTS = ("project", "milestone")
_PROJECT = "PHID-PROJ-"
_STORED = "PHID-FILE-"
#: the planner's name of a field, by the type of a transaction that sets it
FIELDS = {
    "title": "title",
    "description": "description",
    "status": "status",
    "priority": "priority",
    "owner": "owner",
    "core:view-policy": "view",
    "core:edit-policy": "edit",
}


class ManiphestWatch:
    """`interfaces.Watch` of one server."""

    def __init__(self, server: Server, finder: Finder, files: FileFinder) -> None:
        self._server = server
        self._finder = finder
        self._file_finder = files

    # -- what we did ------------------------------------------------------------------------------

    def since(self, mark: Mapping[str, Any]) -> Iterator[Since]:
        """A page for each request: first what we did to tasks, then to projects; then the files
        that we made, of which there are no transactions."""
        yield from self._since("TASK", "transaction", mark)
        yield from self._since("PROJ", "project", mark)
        yield from self._files_since(mark)

    def _since(self, kind: str, name: str, mark: Mapping[str, Any]) -> Iterator[Since]:
        last = int(mark.get(name, 0))
        newest = 0
        for rows in self._finder.done_to_all(kind, self._server.facts.me, _PAGE):
            newest = newest or max((row.id for row in rows), default=0)
            fresh = [row for row in rows if row.id > last - _OVERLAP]
            mine = tuple(one for row in fresh if (one := self._mine(row)) is not None)
            yield Since(mine=mine, mark={name: max(newest, last)})
            if len(fresh) < len(rows):
                return

    def _files_since(self, mark: Mapping[str, Any]) -> Iterator[Since]:
        """Nothing tells of a file which migration made it: what was there before the first look is
        not looked at again, however short ago that was."""
        last, first = int(mark.get("file", 0)), int(mark.get("files_from", 0))
        newest = 0
        for rows in self._file_finder.our_pages():
            newest = newest or max((row.id for row in rows), default=0)
            fresh = [row for row in rows if row.id > max(last - _OVERLAP, first)]
            mine = (Mine(kinds=_FILE, at=RemoteRef(id=row.phid), made=True) for row in fresh)
            now = {"file": max(newest, last), "files_from": first if "file" in mark else newest}
            yield Since(mine=tuple(mine), mark=now)
            if len(fresh) < len(rows):
                return

    def _mine(self, row: TransactionRow) -> Mine | None:
        if row.object.startswith(_PROJECT):
            made = row.type == "create"
            return Mine(kinds=_PROJECTS, at=RemoteRef(id=row.object), made=True) if made else None
        if row.type == "create":
            return Mine(kinds=_TASKS, at=RemoteRef(id=row.object), made=True)
        if row.type == "comment":
            at, marker = RemoteRef(id=row.phid), permalink(row)
            made = bool(marker)  # what somebody says through our account names nothing
            return Mine(kinds=_COMMENT, at=at, within=row.object, marker=marker, made=made)
        name = FIELDS.get(row.type or "")
        if name is None or not isinstance(row.fields, dict):
            return None
        fields = {name: told(self._server, name, row.fields.get("new"))}
        return Mine(kinds=_TASKS, at=RemoteRef(id=row.object), fields=fields)

    # -- as it stands -----------------------------------------------------------------------------

    def look(self, mine: Sequence[Mine]) -> Sequence[Mine]:
        """Tasks and projects a hundred at a time, comments task by task."""
        files = [one for one in mine if one.at.id.startswith(_STORED)]
        projects = [one for one in mine if one.at.id.startswith(_PROJECT)]
        apart = [*files, *projects]
        tasks = [one for one in mine if one.kinds != _COMMENT and one not in apart]
        found = list(self._tasks(tasks)) if tasks else []
        found += self._projects(projects) if projects else []
        found += self._files(files) if files else []
        by_task: dict[str, dict[str, Mine]] = defaultdict(dict)
        for one in mine:
            if one.kinds == _COMMENT:
                by_task[one.within][one.at.id] = one
        for task, comments in by_task.items():
            found += self._comments(task, comments)
        return found

    def _tasks(self, mine: Iterable[Mine]) -> Iterator[Mine]:
        asked = {one.at.id: one for one in mine}
        for row in self._finder.tasks_by_phid(asked):
            if self._finder.is_ours(row):
                at, marker = self._place(row), self._finder.marker(row)
                yield msgspec.structs.replace(asked[row.phid], at=at, marker=marker)

    def _projects(self, mine: Iterable[Mine]) -> Iterator[Mine]:
        """Milestones: two of one name are taken without a word (facts 5). One that is archived is
        out of everybody's way."""
        asked = {one.at.id: one for one in mine}
        for row in self._finder.projects_by_phid(asked):
            if row.fields.get("milestone") is None or row.fields.get("status") == "archived":
                continue
            at = project_ref(self._server.client.address, row.id, row.phid)
            names = milestone_key(str((row.fields.get("parent") or {}).get("name")), row.name)
            yield msgspec.structs.replace(asked[row.phid], at=at, names=names)

    def _files(self, mine: Iterable[Mine]) -> Iterator[Mine]:
        """With what a file is known by, for it names nothing: its name and its size."""
        asked = {one.at.id: one for one in mine}
        for row in self._file_finder.by_phid(asked):
            at = file_ref(self._server.client.address, row.id, row.phid)
            fields = {"name": row.name, "size": row.size}
            yield msgspec.structs.replace(asked[row.phid], at=at, fields=fields)

    def closer(self, mine: Mine) -> Mapping[str, Any]:
        """See `abilities.LooksCloser`: a small file's bytes."""
        small = mine.kinds == _FILE and mine.fields.get("size", SINGLE + 1) <= SINGLE
        told = self._file_finder.sha256(mine.at.id) if small else ""
        return {"sha256": told} if told else {}

    def _comments(self, task: str, mine: dict[str, Mine]) -> Iterator[Mine]:
        """Those of one task that nobody has removed; their place is on its page."""
        try:
            rows = list(self._finder.transactions(task, only=sorted(mine)))
            on = self._on(rows)
        except Gone:
            return
        for row in rows:
            ours = row.author == self._server.facts.me or self._finder.ours.sealed(row)
            if on is not None and row.text is not None and ours:
                at = RemoteRef(id=row.phid, number=on.number, url=f"{on.url}#{row.id}")
                yield msgspec.structs.replace(mine[row.phid], at=at, marker=permalink(row))

    def _on(self, rows: list[TransactionRow]) -> RemoteRef | None:
        task = next(self._finder.tasks_by_phid(row.object for row in rows[:1]), None)
        if task is None or is_taken_back(task, self._server.facts.marker):
            return None  # what stands on it went with it
        return self._place(task)

    def _place(self, row: TaskRow) -> RemoteRef:
        return task_ref(self._server.client.address, row.id, row.phid)

    # -- whose it is ------------------------------------------------------------------------------

    def whose(self, mine: Mine) -> Literal["ours", "touched", "theirs"]:
        """Ours, if our account gave it its marker; touched, if anybody else did something to it
        that has a type. What others do elsewhere and name it by leaves rows without one."""
        if mine.kinds in (_COMMENT, _FILE) or mine.at.id.startswith(_PROJECT):
            return "ours"  # it is listed as made by us, and is not touched
        rows = list(self._finder.transactions(mine.at.id))
        if not self._finder.signed_in(rows, mine.marker):
            return "theirs"
        groups = self._finder.ours.groups(rows)
        others = (row for row in rows if not self._finder.ours.wrote(row, groups))
        return "touched" if any(row.type is not None for row in others) else "ours"


def told(server: Server, name: str, value: Any) -> Any:
    """A value of a transaction in the planner's words, as a task that is read back has it."""
    if name == "priority" and isinstance(value, dict):
        return server.facts.keyword(int(value.get("value", -1)))
    if name in ("view", "edit") and value == server.facts.me:
        return IMPORTER
    return value
