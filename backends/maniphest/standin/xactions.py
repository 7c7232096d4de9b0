"""Transactions: what an edit does, step by step; how they are kept and how they are shown."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from tracker_migrate.backends.maniphest.standin.config import PRIORITY_BY_VALUE
from tracker_migrate.backends.maniphest.standin.edges import Edge
from tracker_migrate.backends.maniphest.standin.store import Store, scramble

#: transactions that transaction.search names; the others have the type null
_SHOWN_EDGES = {Edge.PROJECT: "projects", Edge.SUBTASK: "dependsOn", Edge.PARENT: "dependedOnBy"}
_SAME_NAME = frozenset({"title", "description", "status", "owner", "points", "unblock"})


@dataclass(slots=True)
class Xaction:
    """One step. `new` of a list is first a map of operations ('+', '-', '='), later the list."""

    type: str
    new: Any = None
    old: Any = None
    edge: Edge = Edge.PROJECT
    field: str = ""
    comment: str | None = None
    quiet: bool = False  # dropped without a word if it changes nothing
    phid: str = ""

    def changes(self) -> tuple[list[str], list[str]]:
        """What a list gains and loses."""
        return (
            [item for item in self.new if item not in self.old],
            [item for item in self.old if item not in self.new],
        )


class Log:
    """The transactions of one kind of object."""

    def __init__(self, store: Store, kind: str) -> None:
        self.store = store
        self.kind = kind
        self.table = f"xaction_{kind.lower()}"

    def write(self, xactions: Sequence[Xaction], target: str, author: str, group: str) -> None:
        """Keep them, in this order; gives each its PHID."""
        store, now = self.store, self.store.now()
        number = store.take(self.table, len(xactions))
        rows = []
        for offset, xaction in enumerate(xactions):
            xaction.phid = store.phid(f"XACT-{self.kind}")
            kind, fields = shown(xaction)
            head = (number + offset, xaction.phid, target, author, now, kind, fields, group)
            rows.append(head + self._comment(xaction))
        marks = ",".join("?" * 11)
        store.db.executemany(f"INSERT INTO {self.table} VALUES ({marks})", rows)

    def _comment(self, xaction: Xaction) -> tuple[int | None, str | None, str | None]:
        if xaction.comment is None:
            return None, None, None
        return self.store.take("comment"), self.store.phid("XCMT"), xaction.comment


def new_group() -> str:
    """The name that the transactions of one edit share."""
    return scramble(32)


def shown(xaction: Xaction) -> tuple[str | None, str]:
    """The type and the fields (as JSON) that transaction.search tells."""
    kind, fields = _shown(xaction)
    return kind, json.dumps(fields) if fields else "{}"


def _shown(xaction: Xaction) -> tuple[str | None, dict[str, Any]]:
    match xaction.type:
        case "create" | "comment":
            return xaction.type, {}
        case "priority":
            return "priority", {"old": _priority(xaction.old), "new": _priority(xaction.new)}
        case "view" | "edit":
            return f"core:{xaction.type}-policy", {"old": xaction.old, "new": xaction.new}
        case "subscribers":
            return "subscribers", _operations(xaction)
        case "edge":
            name = _SHOWN_EDGES.get(xaction.edge)
            return name, _operations(xaction) if name else {}
        case "customfield":
            values = {"old": kept(xaction.old), "new": kept(xaction.new)}
            return "core:customfield", {xaction.field: values}
    if xaction.type in _SAME_NAME:
        return xaction.type, {"old": _plain(xaction.old), "new": _plain(xaction.new)}
    return None, {}


def _operations(xaction: Xaction) -> dict[str, Any]:
    added, removed = xaction.changes()
    named: Iterable[tuple[str, list[str]]] = (("add", added), ("remove", removed))
    return {
        "operations": [{"operation": name, "phid": phid} for name, phids in named for phid in phids]
    }


def _priority(value: int) -> dict[str, Any]:
    known = PRIORITY_BY_VALUE.get(value)
    return {"value": value, "name": known.name if known else "Unknown Priority"}


def _plain(value: Any) -> Any:
    return int(value) if isinstance(value, float) and value.is_integer() else value


def kept(value: Any) -> Any:
    """A custom field's value as its table keeps it: lists as JSON text, truth as a number."""
    if isinstance(value, list):
        return json.dumps(value, separators=(",", ":"))
    return int(value) if isinstance(value, bool) else value
