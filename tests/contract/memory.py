"""A memory server, as the suites see it."""

from __future__ import annotations

import re
from collections.abc import Callable

from tracker_migrate.interfaces import Audience, ClosedStep, RemoteRef, Sink
from tracker_migrate.testing.conformance.target import NotShown, SinkUnderTest
from tracker_migrate.testing.memory import MemoryPlanner, MemoryServer, MemorySink, Numbers
from tracker_migrate.testing.memory_server import Fault, struck

SinkOf = Callable[..., MemorySink]
_SETTLES = 0.1


class MemoryUnderTest(SinkUnderTest):
    """In one of its two modes. sink: makes the sinks, so that a test may break them."""

    policy = Audience(name="few", users=("7",))
    speaks_http = False
    late = _SETTLES * 0.6

    def __init__(self, numbers: Numbers, sink: SinkOf = MemorySink, **options: bool) -> None:
        self.server = MemoryServer()
        self.server.barred.add("nobody")
        self._numbers = numbers
        self._sink = sink
        self._given = options

    def open(self, *, token: str | None = None, address: str | None = None) -> Sink:
        account = "importer" if token is None else "nobody"
        return self._sink(
            self.server, self._numbers, account=account, settle_seconds=_SETTLES, **self._given
        )

    def strike(self, word: str) -> None:
        if word == "slow":
            raise NotShown("a memory server takes no time")
        self.server.faults.append(struck(word, seconds=_SETTLES / 2))

    def calm(self) -> None:
        self.server.faults.clear()

    def writes(self) -> int:
        steps = {*MemoryPlanner(self._numbers).steps, "card.delete"}
        return sum(self.server.requests[name] for name in steps)

    def standing(self, step: ClosedStep) -> int:
        counts = []
        for action in step.actions:
            rows = self.server.all(action.kind)
            if action.marker:
                counts.append(sum(row.marker == action.marker for row in rows))
            else:
                name = action.fields["name"]
                counts.append(sum(row.fields.get("name") == name for row in rows))
        return max(counts)

    def reads(self, text: str) -> tuple[str, list[str]]:
        return re.sub(r" <[^>]*>", "", text), re.findall(r"<([^>]*)>", text)

    def refuse(self, words: str) -> None:
        self.server.faults.append(Fault(do="refuse"))

    def stranger(self, step: ClosedStep) -> None:
        (action,) = step.actions
        if action.number is not None:
            self.server.faults.append(Fault(do="stranger", request="stranger"))
        self.server.add(action.kind, marker=action.marker, **action.fields)

    def edit(self, kind: str, at: RemoteRef) -> str:
        self.server.edit(kind, int(at.id), title="A person's title")
        return "title"

    def remove(self, kind: str, at: RemoteRef) -> None:
        self.server.remove(kind, int(at.id))

    def expose(self, kind: str, at: RemoteRef) -> None:
        self.server.edit(kind, int(at.id), audience="public")

    def open_to_all(self, kind: str, at: RemoteRef) -> bool:
        record = self.server.get(kind, int(at.id))
        if record is not None and kind == "note":
            record = self.server.get("card", int(record.fields["card"]))
        return record is not None and record.fields["audience"] == "public"
