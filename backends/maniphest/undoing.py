"""Taking back: no method of Conduit removes anything, so that a task is closed for all but the
importer, and says that it was taken back; an administrator may destroy it on the server.

It hangs on nothing any more, neither on another task nor on a project, and its marker names nothing
of the source. Comments stay on it, and so do files, whose readers can't be changed (facts 2, 13).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from tracker_migrate.abilities import Back, Part
from tracker_migrate.backends.maniphest import access
from tracker_migrate.backends.maniphest.lookups import Finder
from tracker_migrate.backends.maniphest.options import Options
from tracker_migrate.backends.maniphest.server import Server
from tracker_migrate.backends.maniphest.taken_back import TITLE, told
from tracker_migrate.backends.maniphest.wire import TaskRow
from tracker_migrate.errors import Gone
from tracker_migrate.interfaces import CLOSED, UNDONE, Decisions
from tracker_migrate.model import Key

STEPS = ("task.update",)
#: whoever leaves a task has not worked on it; and what a task depends on goes with that
UNMINDED = frozenset({"follower", "relations"})
ANOTHERS = "one of its tasks was made by somebody else"
WORKED = "its history names other people: {many} entries"
LINKED = "a task of somebody else's is a subtask or a parent of it"

_TASKS = ("task", "subtask")
_EDGES = ("task.subtask", "task.parent")
#: rows of a history that are nobody's work: who follows the task, and who likes it
_LIGHT = frozenset({"subscribers", "token:give"})
#: names in one command
_BATCH = 50


class Undoing:
    """Takes back what was written to one server."""

    def __init__(self, server: Server, finder: Finder, options: Options) -> None:
        self._server = server
        self._finder = finder
        self._options = options

    def worked_on(self, issue: Key, parts: Mapping[Key, Part]) -> str:
        """See `abilities.TakesBack`."""
        tasks = {one.at.id: one for one in parts.values() if one.kind in _TASKS}
        rows = {row.phid: row for row in self._finder.tasks_by_phid(tasks)}
        if issue in parts and parts[issue].at.id not in rows:
            raise Gone("the task is gone, or closed to the importer")
        if any(row.author not in (self._me, tasks[phid].by) for phid, row in rows.items()):
            return ANOTHERS
        known = {one.at.id: one.by for one in parts.values() if one.by}
        light = _LIGHT | ({"status"} if known else frozenset())
        if others := sum(self._others(phid, known, light) for phid in rows):
            return WORKED.format(many=others)
        return LINKED if self._is_linked(rows) else ""

    @property
    def _me(self) -> str:
        return self._server.facts.me

    def _others(self, task: str, known: Mapping[str, str], light: frozenset[str]) -> int:
        """How many rows of a task's history are another's work. What others do elsewhere, and name
        the task by, has no type. known: what we wrote, and whose it is shown to be. light: types
        of rows that are nobody's work; `backdate` gives whoever closed a bug the row that tells of
        its status, which is compared with what was sent."""
        rows = list(self._finder.transactions(task))
        ours = self._finder.ours
        groups = ours.groups(rows)
        work = (row for row in rows if row.type is not None and row.type not in light)
        return sum(
            not ours.wrote(row, groups) and known.get(row.phid) != row.author for row in work
        )

    def _is_linked(self, rows: Mapping[str, TaskRow]) -> bool:
        """Whether a task hangs on these that is not ours."""
        ends = {to for _from, _kind, to in self._finder.edges(rows, _EDGES)} if rows else set()
        strange = ends - rows.keys()
        if not strange:
            return False
        seen = {row.phid: row for row in self._finder.tasks_by_phid(strange)}
        return len(seen) < len(strange) or not all(map(self._finder.is_ours, seen.values()))

    def backs(self, parts: Mapping[Key, Part], decisions: Decisions) -> Sequence[Back]:
        """The subtasks, then the issue's own task, with what stands on it."""
        ordered = sorted(parts.items(), key=lambda one: one[1].kind == "task")
        on_it = tuple(of for of, one in parts.items() if one.kind not in (*_TASKS, "file"))
        return [
            Back(
                key=of,
                op="update",
                takes=on_it if one.kind == "task" else (),
                fields=self._fields(one, decisions),
                marker=f"{UNDONE}{one.at.number}",
            )
            for of, one in ordered
            if one.kind in _TASKS
        ]

    def _fields(self, part: Part, decisions: Decisions) -> dict[str, object]:
        return {
            "title": TITLE,
            "description": told(part.at.number),
            "status": decisions.state("status", "Invalid"),
            "projects": [],
            **({"parent": None} if part.kind == "subtask" else {}),
            **access.access(CLOSED, self._options),
        }

    def advice(self, left: Sequence[Part]) -> Sequence[str]:
        """The commands that remove what is left, for who may run them on the server."""
        names = [one.at.number for one in left if one.at.number]
        if not names:
            return []
        head = (
            f"{len(names)} tasks and files stay at Maniphest, the tasks closed for all but the"
            " importer: whoever may log in to the server can destroy them, for good:"
        )
        return [head, *_commands(names)]


def _commands(names: Iterable[str]) -> Iterator[str]:
    ordered = sorted(names, key=lambda name: (name[:1] != "T", len(name), name))
    for start in range(0, len(ordered), _BATCH):
        yield f"./bin/remove destroy {' '.join(ordered[start : start + _BATCH])}"
