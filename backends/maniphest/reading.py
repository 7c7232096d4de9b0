"""Reading an issue back: what is there of what the ledger names, and what else is there."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence

from tracker_migrate.backends.maniphest.filefinder import FileFinder
from tracker_migrate.backends.maniphest.filereading import FilesOf, Texts
from tracker_migrate.backends.maniphest.guard import Guard
from tracker_migrate.backends.maniphest.lookups import Finder
from tracker_migrate.backends.maniphest.sending import comment_ref
from tracker_migrate.backends.maniphest.server import Server
from tracker_migrate.backends.maniphest.wire import TaskRow, TransactionRow, task_ref
from tracker_migrate.errors import Gone
from tracker_migrate.interfaces import Observed, RemoteRef, Snapshot
from tracker_migrate.model import Key, key, parts
from tracker_migrate.text import folded, origin
from tracker_migrate.text.continued import part_key, whole_label
from tracker_migrate.text.notes import noted

Refs = Mapping[Key, tuple[str, RemoteRef]]
_COMMENT = re.compile(r" comment (\d+)$")
_TASK = re.compile(r" task (\S+)$")
_ITEM = re.compile(r" work item ([0-9a-f]{12})$")
_EDGES = ("task.subtask", "task.parent")


class Reader:
    """Reads what is there of one issue."""

    def __init__(self, server: Server, finder: Finder, guard: Guard, files: FileFinder) -> None:
        self._server = server
        self._finder = finder
        self._guard = guard
        self._files = files

    def read(self, refs: Refs) -> Snapshot:
        """See `interfaces.Sink.read`. Raises Gone if the issue's own task is not to be seen."""
        seen = _Issue(self._server, self._finder, self._guard, refs)
        files = FilesOf(self._server, self._files, refs)
        snapshot = seen.snapshot()
        return files.added(snapshot, seen.texts)


class _Issue:
    """One reading of one issue."""

    def __init__(self, server: Server, finder: Finder, guard: Guard, refs: Refs) -> None:
        self._server = server
        self._finder = finder
        self._guard = guard
        self._refs = refs
        self._main = next(((k, at) for k, (kind, at) in refs.items() if kind == "task"), None)
        self._rows = {row.phid: row for row in self._tasks()}
        self._below, self._above = self._edges()
        self._ours: dict[Key, RemoteRef] = {}
        self._within: dict[Key, Key] = {}
        self._doubled: set[Key] = set()
        self._foreign = 0
        self.texts = Texts()

    def snapshot(self) -> Snapshot:
        if self._main is not None and self._main[1].id not in self._rows:
            raise Gone("the task is gone, or closed to the importer")
        objects = dict(self._observed_tasks())
        objects.update(self._observed_comments())
        objects.update(self._observed_followers())
        self._strange_subtasks()
        self._same_markers()
        return Snapshot(
            objects=objects,
            ours=self._ours,
            doubled=tuple(sorted(self._doubled)),
            foreign=self._foreign,
            within=self._within,
        )

    # -- tasks --------------------------------------------------------------------------------

    def _tasks(self) -> Iterator[TaskRow]:
        wanted = [at.id for kind, at in self._refs.values() if kind in ("task", "subtask")]
        followed = any(kind == "follower" for kind, _ in self._refs.values())
        yield from self._finder.tasks_by_phid(wanted, projects=True, subscribers=followed)

    def _edges(self) -> tuple[dict[str, set[str]], dict[str, set[str]]]:
        """The subtasks and the parents of each task that is there."""
        below: dict[str, set[str]] = {}
        above: dict[str, set[str]] = {}
        if self._rows:
            for source, kind, to in self._finder.edges(self._rows, _EDGES):
                (below if kind == "task.subtask" else above).setdefault(source, set()).add(to)
        return below, above

    def _observed_tasks(self) -> Iterator[tuple[Key, Observed]]:
        known = {at.id for kind, at in self._refs.values() if kind == "subtask"}
        for one, (kind, at) in self._refs.items():
            if kind == "relations" and at.id in self._rows:
                edges = sorted(self._below.get(at.id, set()) - known)
                yield one, Observed(at=at, fields={"task": at.id, "subtasks": edges})
            elif kind in ("task", "subtask") and at.id in self._rows:
                row = self._rows[at.id]
                yield one, Observed(at=at, fields=self._fields(kind, row), by=self._by(row.author))

    @property
    def _me(self) -> str:
        return self._server.facts.me

    def _by(self, author: str) -> str:
        """The account that is shown as an author; "" for the importer."""
        return "" if author == self._me else author

    def _fields(self, kind: str, row: TaskRow) -> dict[str, object]:
        fields: dict[str, object] = {
            "title": row.fields["name"],
            "description": row.description,
            "status": row.fields["status"]["value"],
            "priority": self._server.facts.keyword(int(row.fields["priority"]["value"])),
            "owner": row.fields.get("ownerPHID"),
            "projects": row.projects,
            **self._guard.told(row),
        }
        if kind == "subtask":
            parents = self._above.get(row.phid, set())
            ours = self._main[1].id if self._main is not None else ""
            fields["parent"] = ours if ours in parents else min(parents, default=None)
        return fields

    def _observed_followers(self) -> Iterator[tuple[Key, Observed]]:
        """Who left the task since is told as nobody: that is theirs to say."""
        if self._main is None:
            return
        main = self._main[1].id
        there = set(self._rows[main].subscribers)
        for one, (kind, at) in self._refs.items():
            if kind == "follower":
                who = at.id if at.id in there else None
                yield one, Observed(at=at, fields={"task": main, "subscriber": who})

    def _strange_subtasks(self) -> None:
        """Subtasks of the issue's task that the ledger does not name."""
        if self._main is None:
            return
        named = {at.id for _, at in self._refs.values()} | self._related()
        strange = self._below.get(self._main[1].id, set()) - named
        for row in self._finder.tasks_by_phid(strange) if strange else ():
            one = self._key_of(origin.parse(row.description))
            if not self._finder.is_ours(row):
                self._foreign += 1
            elif one is not None:
                self._found(one, task_ref(self._server.client.address, row.id, row.phid))

    def _related(self) -> set[str]:
        """Other issues that this one depends on: known, if there is an object for its edges."""
        held = any(kind == "relations" for kind, _ in self._refs.values())
        return self._below.get(self._main[1].id, set()) if held and self._main else set()

    def _same_markers(self) -> None:
        """A marker that two tasks of ours carry: one was sent twice."""
        markers = {
            self._finder.marker(self._rows[at.id]): one
            for one, (kind, at) in self._refs.items()
            if kind in ("task", "subtask") and at.id in self._rows
        }
        if self._server.facts.marker is None:
            return  # to look would mean to walk all our tasks, for each issue
        for marker, rows in self._finder.carrying(markers).items():
            if len(rows) > 1 and sum(map(self._finder.is_ours, rows)) > 1:
                self._doubled.add(markers[marker])

    # -- comments -----------------------------------------------------------------------------

    def _observed_comments(self) -> Iterator[tuple[Key, Observed]]:
        if self._main is None:
            return
        main = self._main[1]
        self.texts.description(self._rows[main.id].description)
        known: dict[str, list[Key]] = defaultdict(list)
        for one, (kind, at) in self._refs.items():
            if kind == "comment":
                known[at.id].append(one)
        seen: Counter[Key] = Counter()
        sealed: list[tuple[TransactionRow, str]] = []
        for row in self._finder.transactions(main.id):
            text = row.text
            if text is None:
                continue
            if row.phid in known or row.author == self._me:
                self.texts.comment(text)
            if row.phid not in known and self._finder.ours.sealed(row):
                sealed.append((row, text))
            elif row.phid not in known:
                self._other_comment(row, text, seen)
            for one in known.get(row.phid, ()):
                seen[one] += 1
                fields = {"task": main.id, "text": text}
                yield one, Observed(at=self._refs[one][1], fields=fields, by=self._by(row.author))
        self._sealed_comments(sealed, seen)
        self._doubled.update(one for one, times in seen.items() if times > 1)

    def _sealed_comments(
        self, sealed: Sequence[tuple[TransactionRow, str]], seen: Counter[Key]
    ) -> None:
        """Comments of ours that have somebody else as their author, the newest first. Anybody can
        copy one with its seal: only the oldest that names something is ours."""
        taken = {*seen, *self._refs, *self._ours}
        for row, text in reversed(sealed):
            of = self._key_of(origin.parse(text))
            if of is None or of in taken:
                self._foreign += 1
                continue
            taken.add(of)
            self.texts.comment(text)
            self._add(row, text, seen)

    def _other_comment(self, row: TransactionRow, text: str, seen: Counter[Key]) -> None:
        if row.author == self._me:
            self._add(row, text, seen)
        else:
            self._foreign += 1

    def _add(self, row: TransactionRow, text: str, seen: Counter[Key]) -> None:
        """A comment of ours that the ledger does not know."""
        named = [one for one in map(self._key_of, folded.origins(text)) if one is not None]
        seen.update(named)
        if self._main is None:
            return
        for one in (one for one in named if one not in self._refs):
            self._found(one, comment_ref(self._main[1], row.phid))
            self._within.pop(one, None)
            if one != named[0]:
                self._within[one] = named[0]

    def _found(self, one: Key, at: RemoteRef) -> None:
        if one in self._ours:
            self._doubled.add(one)
        self._ours[one] = at

    def _key_of(self, told: origin.Origin | None) -> Key | None:
        """The source's key for what an origin line names, as a part of this issue."""
        if told is None or self._main is None:
            return None
        return key_named(told.label, self._main[0])


def key_named(label: str, issue: Key) -> Key | None:
    """The key of the part of an issue, or of the part of a text of it, that a label names."""
    label, part = whole_label(label)
    if (note := noted(label, issue)) is not None:
        return note
    whole = _named(label, issue)
    return part_key(whole or issue, part) if part else whole


def _named(label: str, issue: Key) -> Key | None:
    tracker, _, name = parts(issue)
    if found := _COMMENT.search(label):
        return key(tracker, "comment", f"{name}/{found[1]}")
    if found := _ITEM.search(label):
        return key(tracker, "workitem", f"{name}@{found[1]}")
    if found := _TASK.search(label):
        return key(tracker, "task", f"{name}@{found[1]}")
    return None
