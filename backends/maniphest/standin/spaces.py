"""Spaces: what lies in one is seen by those only who see the Space."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from tracker_migrate.backends.maniphest.standin.store import Store


@dataclass(frozen=True, slots=True)
class Space:
    """One Space. No method of Conduit makes or lists them; `S1` and its PHID name it."""

    id: int
    phid: str
    name: str
    view: str
    is_default: int
    archived: int


class Spaces:
    """All Spaces."""

    def __init__(self, store: Store) -> None:
        self.store = store

    def by_id(self, number: int) -> Space | None:
        """The Space of this number."""
        return self._one("id = ?", number)

    def by_phid(self, phid: str) -> Space | None:
        """The Space of this PHID."""
        return self._one("phid = ?", phid)

    def open(self) -> list[Space]:
        """Those that take new objects, the default one first, then the oldest."""
        rows = self._load("archived = 0 ORDER BY is_default DESC, id")
        return [Space(*row) for row in rows]

    def _one(self, where: str, value: Any) -> Space | None:
        return next((Space(*row) for row in self._load(where, [value])), None)

    def _load(self, where: str, args: Sequence[Any] = ()) -> list[Any]:
        columns = "id, phid, name, view, is_default, archived"
        return list(self.store.rows(f"SELECT {columns} FROM space WHERE {where}", args))
