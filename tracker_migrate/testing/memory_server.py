"""A server that lives in memory and can misbehave: what a target's far end does, without a wire.

One request is a list of writes, carried out whole or not at all. It knows no tracker: an object has
a kind, a number, an author, a marker and fields. A fault strikes requests by their name, so that a
test can lose the reply of just the step that it is about.
"""

from __future__ import annotations

import json
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, Literal

import msgspec


class Lost(Exception):
    """The reply never came: the request may have been carried out."""


class Busy(Exception):
    """The server carried nothing out, and may be asked again."""


class Denied(Exception):
    """The server will not do this."""


class Barred(Exception):
    """The account's login is not taken, or not any more."""


class Down(Exception):
    """Nobody answers."""


class Exists(Exception):
    """The number that was asked for is an object's already."""


class Absent(Exception):
    """There is no such object."""


class Write(msgspec.Struct, frozen=True, kw_only=True):
    """One change. number: the chosen one of a create (None: the server's next), or of an update
    or delete the object's."""

    op: Literal["create", "update", "delete"]
    kind: str
    fields: dict[str, Any]
    number: int | None = None
    marker: str = ""


class Record(msgspec.Struct, kw_only=True):
    """An object as the server holds it."""

    kind: str
    number: int
    author: str
    marker: str
    fields: dict[str, Any]


class Fault(msgspec.Struct, kw_only=True):
    """One way to misbehave, for the next `times` requests of that name, after `skip` of them.

    do: `lose` (done, the reply is lost) · `late` (the reply is lost at once, the work is done
    `seconds` later) · `drop` (the reply is lost, nothing is done) · `double` (done twice) ·
    `refuse` · `retry` (nothing is done, ask again) · `stranger` (somebody takes the numbers
    first) · `expired` (the login is not taken any more) · `down`.
    """

    do: Literal["lose", "late", "drop", "double", "refuse", "retry", "stranger", "expired", "down"]
    request: str = ""  # "" strikes any
    times: int = 1
    skip: int = 0
    seconds: float = 0.0
    after: int = 0

    def strikes(self, request: str) -> bool:
        """Whether this fault strikes now; counts down `skip` and `times`."""
        if self.times <= 0 or self.request not in ("", request):
            return False
        if self.skip > 0:
            self.skip -= 1
            return False
        self.times -= 1
        return True


#: what of a `Fault` each word of `faults.FAULTS` is, where it isn't a word of `Fault.do` itself:
#: without a wire, a reply that arrives in part is a lost one
_STRUCK: dict[str, str] = {
    "truncate": "lose",
    "mangle": "lose",
    "reset": "drop",
    "busy": "retry",
    "unavailable": "retry",
    "gateway": "drop",
    "html": "drop",
}


def struck(word: str, **where: Any) -> Fault:
    """The fault that a word of `faults.FAULTS` names; ValueError for `slow`, which a server without
    a wire can't be. where: other fields of `Fault`, such as `request`, `times`, `seconds`."""
    if word == "slow":
        raise ValueError("a memory server takes no time")
    return msgspec.convert({"do": _STRUCK.get(word, word), **where}, Fault)


class Clock:
    """Time that passes only when somebody sleeps."""

    def __init__(self) -> None:
        self.seconds = 1_000.0
        self.slept: list[float] = []

    def monotonic(self) -> float:
        """The seconds now."""
        return self.seconds

    def sleep(self, seconds: float) -> None:
        """Let time pass."""
        self.slept.append(seconds)
        self.seconds += seconds


class MemoryServer:
    """The far end. clock: the seconds now, for what is late. journal: a file that outlives the
    process, so that a test may kill it; a server opened on it again knows all that was done.

    requests, writes: how often each request came, and was carried out.
    """

    def __init__(
        self, clock: Callable[[], float] = time.monotonic, journal: Path | None = None
    ) -> None:
        self.faults: list[Fault] = []
        self.requests: Counter[str] = Counter()
        self.writes: Counter[str] = Counter()
        #: who wrote what, in order; the number is always told
        self.history: list[tuple[str, Write]] = []
        #: accounts whose login is not taken
        self.barred: set[str] = set()
        #: accounts by the name of a group
        self.groups: dict[str, frozenset[str]] = {}
        #: called before and after each request (its name, `before` or `after`); may raise
        self.on_request: Callable[[str, str], None] = lambda _name, _moment: None
        self._clock = clock
        self._guard = threading.RLock()
        self._records: dict[tuple[str, int], Record] = {}
        self._next: Counter[str] = Counter()
        self._late: list[tuple[float, str, str, Sequence[Write]]] = []
        #: what is delivered a second time, and after how many more requests
        self._again: list[tuple[int, str, str, Sequence[Write]]] = []
        self._journal: Path | None = None
        if journal is not None and journal.exists():
            self._replay(journal)
        self._journal = journal

    # -- what a client may ask --------------------------------------------------------------------

    def request(self, account: str, name: str, writes: Sequence[Write]) -> list[int]:
        """Carry out all writes or none; returns their objects' numbers. Raises what this file
        defines."""
        self.on_request(name, "before")
        with self._guard:
            self.hello(account)
            self._arrive()
            self.requests[name] += 1
            fault = next((one for one in self.faults if one.strikes(name)), None)
            if fault is not None:
                self._misbehave(fault, account, name, writes)
            numbers = self._carry_out(account, name, writes)
            self._deliver_again()
        self.on_request(name, "after")
        if fault is not None and fault.do == "lose":
            raise Lost(name)
        return numbers

    def hello(self, account: str) -> None:
        """Raise Barred if the server does not take this account's login."""
        if account in self.barred:
            raise Barred(account)

    def claim(self, kind: str, count: int) -> int:
        """Give nobody else the next `count` numbers of a kind; returns the first."""
        with self._guard:
            first = self._next[kind] + 1
            self._next[kind] += count
            self._note({"claim": kind, "count": count})
            return first

    def get(self, kind: str, number: int) -> Record | None:
        """An object, or None."""
        with self._guard:
            self._arrive()
            return self._records.get((kind, number))

    def all(self, kind: str, above: int = 0) -> list[Record]:
        """The objects of a kind whose number is above one, by number."""
        with self._guard:
            self._arrive()
            found = [r for r in self._records.values() if r.kind == kind and r.number > above]
            return sorted(found, key=lambda record: record.number)

    def highest(self, kind: str) -> int:
        """The last number that was given to anything of a kind."""
        with self._guard:
            self._arrive()
            return self._next[kind]

    def let_go(self) -> None:
        """Deliver now all that is still to be delivered a second time."""
        with self._guard:
            self._deliver_again(max((left for left, *_ in self._again), default=0))

    # -- what other people do there ---------------------------------------------------------------

    def add(self, kind: str, author: str = "somebody", marker: str = "", **fields: Any) -> int:
        """Somebody makes an object; returns its number."""
        with self._guard:
            write = Write(op="create", kind=kind, fields=fields, marker=marker)
            return self._write(author, write)

    def edit(self, kind: str, number: int, **fields: Any) -> None:
        """Somebody edits an object."""
        with self._guard:
            self._write("somebody", Write(op="update", kind=kind, fields=fields, number=number))

    def remove(self, kind: str, number: int) -> None:
        """Somebody removes an object."""
        with self._guard:
            del self._records[kind, number]

    # -- inside -----------------------------------------------------------------------------------

    def _misbehave(self, fault: Fault, account: str, name: str, writes: Sequence[Write]) -> None:
        match fault.do:
            case "refuse":
                raise Denied(name)
            case "retry":
                raise Busy(name)
            case "down":
                raise Down(name)
            case "expired":
                raise Barred(name)
            case "double" if fault.after:
                self._again.append((fault.after + 1, account, name, writes))
            case "double":
                with suppress(Exists, Absent):
                    self._carry_out(account, name, writes)
            case "drop":
                raise Lost(name)
            case "late":
                due = self._clock() + fault.seconds
                self._late.append((due, account, name, writes))
                raise Lost(name)
            case "stranger":
                for write in writes:
                    if write.number is not None and write.op == "create":
                        taken = Write(op="create", kind=write.kind, fields={}, number=write.number)
                        self._write("somebody", taken)

    def _deliver_again(self, passed: int = 1) -> None:
        """Count down by the requests that have passed, and deliver what is due; what comes of it,
        nobody hears."""
        waiting, self._again = self._again, []
        for left, account, name, writes in waiting:
            if left > passed:
                self._again.append((left - passed, account, name, writes))
                continue
            with suppress(Exists, Absent):
                self._carry_out(account, name, writes)

    def _arrive(self) -> None:
        """Carry out what was late, now that it is due; what fails then, nobody hears of."""
        due = [late for late in self._late if late[0] <= self._clock()]
        self._late = [late for late in self._late if late not in due]
        for _due, account, name, writes in due:
            try:
                self._carry_out(account, name, writes)
            except (Exists, Absent):
                continue

    def _carry_out(self, account: str, name: str, writes: Sequence[Write]) -> list[int]:
        for write in writes:
            there = write.number is not None and (write.kind, write.number) in self._records
            if write.op == "create" and there:
                raise Exists(f"{write.kind} {write.number}")
            if write.op != "create" and not there:
                raise Absent(f"{write.kind} {write.number}")
        numbers = [self._write(account, write) for write in writes]
        self.writes[name] += 1
        self._note({"account": account, "name": name, "writes": msgspec.to_builtins(writes)})
        return numbers

    def _write(self, author: str, write: Write) -> int:
        number = write.number if write.number is not None else self._next[write.kind] + 1
        self.history.append((author, msgspec.structs.replace(write, number=number)))
        if write.op == "delete":
            self._delete(write.kind, number)
            return number
        if write.op == "update":
            held = self._records[write.kind, number]
            held.fields.update(write.fields)
            held.marker = write.marker or held.marker
            return number
        self._next[write.kind] = max(self._next[write.kind], number)
        self._records[write.kind, number] = Record(
            kind=write.kind,
            number=number,
            author=author,
            marker=write.marker,
            fields=dict(write.fields),
        )
        return number

    def _delete(self, kind: str, number: int) -> None:
        """What hangs on a card goes with it. No number is given a second time by the server."""
        del self._records[kind, number]
        for at, record in list(self._records.items()):
            if kind == "card" and str(record.fields.get("card")) == str(number):
                del self._records[at]

    def _note(self, row: dict[str, Any]) -> None:
        if self._journal is not None:
            with self._journal.open("a", encoding="utf-8") as out:
                out.write(json.dumps(row) + "\n")

    def _replay(self, journal: Path) -> None:
        for line in journal.read_text(encoding="utf-8").splitlines():
            row = json.loads(line)
            if "claim" in row:
                self.claim(row["claim"], row["count"])
            else:
                writes = msgspec.convert(row["writes"], list[Write])
                self._carry_out(row["account"], row["name"], writes)
