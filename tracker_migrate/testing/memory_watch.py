"""What an account did at a memory server: from the server's history, newest first, in pages."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Literal

import msgspec

from tracker_migrate.interfaces import Mine, RemoteRef, Since
from tracker_migrate.testing.memory_server import MemoryServer, Write

PAGE = 100


class MemoryWatch:
    """`interfaces.Watch`; each page counts as a request `since`."""

    def __init__(self, server: MemoryServer, account: str) -> None:
        self._server = server
        self._account = account

    def since(self, mark: Mapping[str, Any]) -> Iterator[Since]:
        """The writes of our account since then."""
        first = int(mark.get("history", 0))
        history = list(self._server.history[first:])
        there = {"history": first + len(history)}
        ours = [write for author, write in reversed(history) if author == self._account]
        for start in range(0, max(1, len(ours)), PAGE):
            self._server.requests["since"] += 1
            page = ours[start : start + PAGE]
            yield Since(mine=tuple(_mine(write) for write in page), mark=there)

    def look(self, mine: Sequence[Mine]) -> Sequence[Mine]:
        """Those that are there and that our account made, with their markers."""
        self._server.requests["look"] += bool(mine)
        found = []
        for one in mine:
            record = self._server.get(one.kinds[0], int(one.at.id))
            if record is not None and record.author == self._account:
                found.append(msgspec.structs.replace(one, marker=record.marker))
        return found

    def whose(self, mine: Mine) -> Literal["ours", "touched", "theirs"]:
        """Touched, if somebody else wrote to it or to a note of it."""
        kind, number = mine.kinds[0], int(mine.at.id)
        for author, write in self._server.history:
            of = (write.kind, write.number) == (kind, number)
            hangs = kind == "card" and str(write.fields.get("card")) == mine.at.id
            if author != self._account and (of or hangs):
                return "touched"
        return "ours"


def _mine(write: Write) -> Mine:
    return Mine(
        kinds=(write.kind,),
        at=memory_ref(write.kind, write.number or 0),
        made=write.op == "create",
        marker=write.marker,
        fields=write.fields,
    )


def memory_ref(kind: str, number: int) -> RemoteRef:
    """Where an object of a memory server is."""
    return RemoteRef(id=str(number), number=str(number), url=f"memory://target/{kind}/{number}")
