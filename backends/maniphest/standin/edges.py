"""What joins objects: parents, subtasks, projects, subscribers, members, mentions."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from enum import IntEnum

from tracker_migrate.backends.maniphest.standin.errors import ConduitError
from tracker_migrate.backends.maniphest.standin.store import Store, kind_of


class Edge(IntEnum):
    """Kinds of edge, by the numbers that error texts name."""

    COMMIT = 1
    COMMIT_OF = 2
    SUBTASK = 3
    PARENT = 4
    MEMBER = 13
    MEMBER_OF = 14
    SUBSCRIBER = 21
    SUBSCRIBED = 22
    UNSUBSCRIBER = 23
    UNSUBSCRIBED = 24
    PROJECT = 41
    PROJECT_OF = 42
    MENTIONED_IN = 51
    MENTION = 52
    DUPLICATE = 62
    MERGED_IN = 63


_PAIRS = (
    (Edge.COMMIT, Edge.COMMIT_OF),
    (Edge.SUBTASK, Edge.PARENT),
    (Edge.MEMBER, Edge.MEMBER_OF),
    (Edge.SUBSCRIBER, Edge.SUBSCRIBED),
    (Edge.UNSUBSCRIBER, Edge.UNSUBSCRIBED),
    (Edge.PROJECT, Edge.PROJECT_OF),
    (Edge.MENTION, Edge.MENTIONED_IN),
    (Edge.DUPLICATE, Edge.MERGED_IN),
)
INVERSE = {**dict(_PAIRS), **{back: there for there, back in _PAIRS}}
#: those whose other end gets a transaction too
MIRRORED = frozenset({Edge.SUBTASK, Edge.PARENT, Edge.MENTION, Edge.COMMIT})
#: what edge.search calls them
PUBLIC = {
    "commit.revision": None,
    "commit.task": None,
    "mention": Edge.MENTION,
    "mentioned-in": Edge.MENTIONED_IN,
    "revision.child": None,
    "revision.commit": None,
    "revision.parent": None,
    "revision.task": None,
    "task.commit": Edge.COMMIT,
    "task.duplicate": Edge.DUPLICATE,
    "task.merged-in": Edge.MERGED_IN,
    "task.parent": Edge.PARENT,
    "task.revision": None,
    "task.subtask": Edge.SUBTASK,
}
#: one source and one kind: the database walks its key backwards
NEWEST = "ORDER BY created DESC, seq DESC, dst DESC"


class Edges:
    """The edges of all objects."""

    def __init__(self, store: Store) -> None:
        self.store = store

    def of(self, src: str, kind: Edge) -> list[str]:
        """Where an object's edges of one kind lead, the newest first."""
        sql = f"SELECT dst FROM edge WHERE src = ? AND type = ? {NEWEST}"
        return self.store.column(sql, [src, kind])

    def has(self, src: str, kind: Edge, dst: str) -> bool:
        """Whether this edge is there."""
        sql = "SELECT 1 FROM edge WHERE src = ? AND type = ? AND dst = ?"
        return self.store.value(sql, [src, kind, dst]) is not None

    def save(
        self,
        src: str,
        removes: Sequence[tuple[Edge, str]] = (),
        adds: Sequence[tuple[Edge, str]] = (),
    ) -> None:
        """Take edges away, then add edges, both ends of each; ConduitError if that makes a loop."""
        for kind, dst in removes:
            self._remove(src, kind, dst)
        self._add(list(_both_ends(src, adds)))
        if any(kind in (Edge.SUBTASK, Edge.PARENT) for kind, _ in adds):
            self._refuse_loops([src, *(dst for _, dst in adds)])

    def _remove(self, src: str, kind: Edge, dst: str) -> None:
        sql = "DELETE FROM edge WHERE src = ? AND type = ? AND dst = ?"
        self.store.run(sql, [src, kind, dst])
        self.store.run(sql, [dst, INVERSE[kind], src])

    def _add(self, ends: list[tuple[str, Edge, str]]) -> None:
        # each object counts its own new edges from zero: the order of a list rests on it
        counters: dict[str, int] = {}
        now = self.store.now()
        rows = []
        for src, kind, dst in ends:
            if kind_of(src) == "????":
                # rolled-back-create, exchange 15: this late, the number of the task is burnt
                raise ConduitError("Edges are not available for objects of type '????'!")
            seq = counters.get(src, 0)
            counters[src] = seq + 1
            rows.append((src, int(kind), dst, now, seq))
        self.store.db.executemany("INSERT OR IGNORE INTO edge VALUES (?, ?, ?, ?, ?)", rows)

    def _refuse_loops(self, seeds: Iterable[str]) -> None:
        for seed in dict.fromkeys(seeds):
            loop = self._loop(seed)
            if loop:
                path = ", ".join(loop)
                raise ConduitError(f"Graph cycle detected (type=3, cycle={path}).")

    def _loop(self, seed: str) -> list[str]:
        """The way from an object over subtasks back to itself, or nothing."""
        seen: set[str] = set()
        stack = [[seed]]
        while stack:
            path = stack.pop()
            for child in self.of(path[-1], Edge.SUBTASK):
                if child == seed:
                    return [*path, child]
                if child not in seen:
                    seen.add(child)
                    stack.append([*path, child])
        return []


def _both_ends(src: str, adds: Sequence[tuple[Edge, str]]) -> Iterable[tuple[str, Edge, str]]:
    for kind, dst in adds:
        yield src, kind, dst
        yield dst, INVERSE[kind], src
