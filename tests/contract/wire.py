"""What the far ends that speak HTTP have in common: faults are the loopback server's."""

from __future__ import annotations

from typing import Any

from tracker_migrate.model import Key, kind_of, name_of
from tracker_migrate.testing.conformance.target import SinkUnderTest
from tracker_migrate.testing.loopback import Fault, StandIn, struck
from tracker_migrate.testing.samples import SERVER_WORD, Names

#: the sink's, so that what is late comes before it is up
SETTLES = 0.3


class LaunchpadNames(Names, frozen=True):
    """With the addresses that Launchpad's pages have, which the sinks know."""

    def home(self, of: Key) -> str:
        kind, name = kind_of(of), name_of(of)
        bug, _, rest = name.partition("/")
        match kind:
            case "bug":
                return f"{self.web}/bugs/{name}"
            case "task":
                number, _, target = name.partition("@")
                return f"{self.web}/{target}/+bug/{number}"
            case "comment":
                return f"{self.web}/{self.project}/+bug/{bug}/comments/{rest}"
            case "attachment":
                return f"{self.web}/bugs/{bug}/+attachment/{rest}"
        return f"https://launchpad.net/{'~' if kind == 'person' else ''}{name}"


LAUNCHPAD = LaunchpadNames("launchpad", "https://bugs.launchpad.net")


class WireUnderTest(SinkUnderTest):
    """A sink on a stand-in."""

    names = LAUNCHPAD

    def __init__(self, standin: StandIn) -> None:
        self.standin: Any = standin

    def strike(self, word: str) -> None:
        late = {"seconds": SETTLES / 2} if word == "late" else {}
        self._add(struck(word, writes=True, text=SERVER_WORD, **late))

    def _add(self, fault: Fault) -> None:
        with self.standin.lock:
            self.standin.faults.append(fault)

    def calm(self) -> None:
        with self.standin.lock:
            self.standin.faults.clear()

    def writes(self) -> int:
        return int(self.standin.writes)

    def sql(self, text: str, *given: Any) -> list[Any]:
        """Look into the stand-in's own data."""
        with self.standin.lock:
            return list(self.rows(text, given))

    def rows(self, text: str, given: tuple[Any, ...]) -> Any:
        """As the stand-in's store has it."""
        raise NotImplementedError

    def count(self, text: str, *given: Any) -> int:
        """The one number that a query gives."""
        return int(self.sql(text, *given)[0][0])
