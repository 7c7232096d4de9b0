"""Whether a target's ledger is that of the server which the settings name: at another one its
numbers are a stranger's, and under another name nothing there is known as ours."""

from __future__ import annotations

from collections.abc import Container, Iterator, Mapping
from typing import Any

import msgspec

from tracker_migrate import registry
from tracker_migrate.digest import short
from tracker_migrate.errors import ObjectError, UsageError
from tracker_migrate.interfaces import Sink
from tracker_migrate.workspace import Workspace
from tracker_migrate.workspace.homes import Home
from tracker_migrate.workspace.ledger import Held, Ledger
from tracker_migrate.workspace.settings import FILE

#: so many objects are looked up at a server that is said to have moved
_SAMPLE = 6
#: a text that is shorter may well be the same by chance
_TELLING = 12
#: parts of an address up to the host's: `https:`, nothing, `h.example`
_HOST = 3


class Whereabouts:
    """Of one target. moved_from: where its server was before, by the settings; "" for nowhere else.

    Raises UsageError if the ledger is another server's, or another target's ledger is this one's.
    """

    def __init__(
        self, workspace: Workspace, name: str, tracker: str, address: str, moved_from: str
    ) -> None:
        self._homes, self._name = workspace.homes, name
        self._here = Home(tracker=tracker, address=address, sealed=moved_from or address)
        known = self._homes.all()
        before = known.pop(name, None)
        self._bound = self._homes.is_bound(name)
        if not self._bound:
            self._must_be_alone(known, workspace.settings.targets)
        if self._bound and before is None and moved_from:  # an older version kept no address
            before = Home(tracker=tracker, address=moved_from, sealed=moved_from)
        self._known = before if self._bound or (before and same(before, self._here)) else None
        #: whether the settings say that the server is elsewhere by now, and nothing has shown it
        self.moves = self._known is not None and not same(self._known, self._here)
        if self.moves:
            self._must_be_said(moved_from)

    @property
    def sealed(self) -> str:
        """The address that this target's seals name."""
        return (self._known or self._here).sealed

    def _must_be_alone(self, others: Mapping[str, Home], named: Container[str]) -> None:
        for other, home in sorted(others.items()):
            if same(home, self._here) and self._homes.stands(other):
                again = f"call it {other} again, here, in mappings/ and where its token is"
                cure = f"leave {self._name} out" if other in named else again
                raise UsageError(
                    f"{FILE}: targets.{self._name}.sink: this server is the target {other}'s, whose"
                    f" ledger knows what was written there; under the name {self._name} it would be"
                    f" written once more, or never be changed: {cure}"
                )

    def _must_be_said(self, moved_from: str) -> None:
        assert self._known is not None
        was = self._known
        said = Home(tracker=self._here.tracker, address=moved_from, sealed="")
        if not moved_from or not same(said, was):
            raise UsageError(
                f"{FILE}: targets.{self._name}.sink: what the ledger of {self._name} knows stands "
                f"at {was.tracker}:{was.address}, and this is {self._here.tracker}:"
                f"{self._here.address}: give another server a name of its own, as [targets.OTHER]; "
                "if it is the same one, and has moved, say so: "
                f'moved_from = "{was.address}"'
            )

    def settle(self, sink: Sink, ledger: Ledger, kind: str) -> None:
        """Keep where the target is, before anything is written there. kind: of issues' objects.

        Raises UsageError if its server is said to have moved, and what the ledger knows is not
        there; and what `Sink.read` does.
        """
        if not self.moves:
            if self._known is None:
                self._homes.keep(self._name, self._here)
            return
        assert self._known is not None
        if not _is_the_same(sink, ledger, kind):
            raise UsageError(
                f"{FILE}: targets.{self._name}.moved_from: what was written at "
                f"{self._known.address} is not at {self._here.address}: it is another server; give "
                "it a name of its own, as [targets.OTHER]"
            )
        now = msgspec.structs.replace(self._here, sealed=self._known.sealed)
        self._homes.move(self._name, now, *_roots(_plain(self._known), _plain(now)))
        self._known, self.moves = now, False

    def must_be_found(self) -> None:
        """Raise UsageError while its server is said to have moved, and nobody has looked: no
        address that the ledger has may be told to anybody."""
        if self.moves:
            raise UsageError(
                f"{FILE}: targets.{self._name}.moved_from: nobody has looked yet whether what was "
                f"written is there: tracker-migrate verify -T {self._name}"
            )


def same(one: Home, other: Home) -> bool:
    """Whether two homes are one server's, however their addresses are spelt."""
    if one.tracker != other.tracker:
        return False
    return one.address == other.address or _plain(one) == _plain(other)


def _plain(home: Home) -> str:
    return registry.plain_address(home.tracker, home.address)


def _roots(before: str, after: str) -> tuple[str, str]:
    """What the addresses of objects began with, and begin with now: the server's own two, less what
    they both end in, such as `/api`."""
    old, new = before.split("/"), after.split("/")
    while min(len(old), len(new)) > _HOST and old[-1] == new[-1]:
        del old[-1], new[-1]
    return "/".join((*old, "")), "/".join((*new, ""))


def _is_the_same(sink: Sink, ledger: Ledger, kind: str) -> bool:
    """Whether most of some objects that the ledger knows stand at a server as they were written;
    what people have changed since need not. True if it knows none."""
    page = next(iter(ledger.standing_ids(kind)), {})
    issues = sorted(page.values())[:: max(1, len(page) // _SAMPLE)][:_SAMPLE]
    held = [one for one in ledger.held(issues).values() if one.state == "there"]
    return 2 * sum(_stands(sink, one) for one in held) >= len(held)


def _stands(sink: Sink, held: Held) -> bool:
    try:
        seen = sink.read({held.key: (held.kind, held.at)}).objects.get(held.key)
    except ObjectError:
        return False
    now = {} if seen is None else seen.fields
    return any(short(now.get(name)) == sent for name, (_, sent) in _telling(held, now))


def _telling(held: Held, now: Mapping[str, Any]) -> Iterator[tuple[str, tuple[str, str]]]:
    """The fields of an object that no other one has by chance."""
    for name, marks in held.fields.items():
        value = now.get(name)
        if isinstance(value, str) and len(value) >= _TELLING:
            yield name, marks
