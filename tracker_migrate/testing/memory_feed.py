"""What anybody did at a memory server: from the server's history, newest first, in pages."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any

from tracker_migrate.abilities import Told, Touch
from tracker_migrate.testing.memory_server import MemoryServer, Write

PAGE = 100


class MemoryFeed:
    """`abilities.TellsEdits`; each page counts as a request `edits`. What is removed leaves no
    trace in the history, but cards can be counted."""

    def __init__(self, server: MemoryServer, account: str) -> None:
        self._server = server
        self._account = account

    def since(self, mark: Mapping[str, Any]) -> Iterator[Told]:
        """The updates since then; as where the feed stands, how long the history is."""
        history = list(self._server.history)
        cards = len(self._server.all("card"))
        stands = {"history": len(history), "cards": cards}
        fresh = history[int(mark.get("history", len(history))) :]
        made = sum(one.kind == "card" and one.op == "create" for _, one in fresh)
        missing = bool(mark) and cards < int(mark["cards"]) + made
        rows = list(reversed(fresh))
        starts = range(0, max(1, len(rows)), PAGE)
        for start in starts:
            self._server.hello(self._account)
            self._server.requests["edits"] += 1
            page = (self._touch(*one) for one in rows[start : start + PAGE])
            touches = tuple(one for one in page if one is not None)
            yield Told(touches=touches, mark=stands, missing=missing and start == starts[-1])

    def _touch(self, author: str, write: Write) -> Touch | None:
        by, number = "" if author == self._account else author, str(write.number)
        if write.op == "create":
            return None
        if write.op == "delete":
            return Touch(kinds=(write.kind,), at=number, by=by, gone=True)
        return Touch(kinds=(write.kind,), at=number, by=by, fields=dict(write.fields))

    def visible(self, ids: Collection[str]) -> frozenset[str]:
        """Cards that are there."""
        self._server.requests["visible"] += 1
        return frozenset(one for one in ids if self._server.get("card", int(one)) is not None)
