"""What a world must offer to the machine, whatever tracker stands in it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Protocol

from tests.state_machine.clock import VirtualClock
from tests.state_machine.guard import Fuse
from tests.state_machine.oracle import Allowed, Standing
from tests.state_machine.truth import Bug, Truth

#: what people can do to an object of ours at a target
EDITABLE = ("title", "text", "done")


class Stage(Protocol):
    """A source, a target, a workspace between them, and all that can go wrong."""

    truth: Truth
    clock: VirtualClock
    fuse: Fuse
    allowed: Allowed
    #: the words of faults that can be armed at the source, and at the target
    source_faults: tuple[str, ...]
    target_faults: tuple[str, ...]
    #: called at every request that writes
    looking: Callable[[], None]

    # -- the source
    def put(self, bug: Bug, *, moves: bool) -> None:
        """Make a bug at the source what the model says. moves: it is listed as changed."""

    def drop(self, bug: Bug) -> None:
        """A bug is not at the source any more."""

    # -- people at the target: each says whether there was anything to do it to
    def edit(self, number: int, name: str, value: str) -> bool:
        """Somebody writes over a field of ours."""

    def remark(self, number: int, text: str) -> bool:
        """Somebody says something on an issue."""

    def remove(self, number: int) -> bool:
        """Somebody removes an issue, where the target lets people do that."""

    def remove_comment(self, number: int, index: int) -> bool:
        """Somebody removes a comment of ours, where the target lets people do that."""

    def stranger(self) -> None:
        """Somebody makes an object of his own, with the next number."""

    def forge(self, number: int) -> None:
        """Somebody makes an object that names a bug of the source as ours do."""

    # -- faults
    def arm(self, where: str, word: str, times: int, skip: int, seconds: float) -> None:
        """The next requests are struck. where: `source` or `target`."""

    def calm(self) -> None:
        """All is well again; what is still under way arrives when it is due."""

    # -- commands
    def pull(self, *, full: bool = False, accept: bool = False) -> Any:
        """Read what changed. accept: however much of it is gone."""

    def apply(self, *, retry: bool = False) -> Any:
        """Write what is missing."""

    def verify(self) -> tuple[bool, set[int], list[str]]:
        """Whether source and target agree; the bugs of which something is said, and what."""

    def reopen(self, *, room: int | None = None) -> None:
        """Open the workspace anew, as after a crash. room: pages that its disk still has."""

    def intrude(self) -> None:
        """Another process wants to write: raises Locked if it may not."""

    def at_request(self, nth: int, does: Any) -> None:
        """Call something at the nth writing request from now."""

    # -- looking
    def stands(self) -> Mapping[int, list[Standing]]:
        """What stands at the target, by bug."""

    def outside(self) -> str:
        """All texts that somebody who should not see anything private sees at the target."""

    def strangers(self) -> Iterator[str]:
        """What happened to objects of other people."""

    def left(self) -> Mapping[int, int]:
        """How many objects of a bug the product tells that it left as they are, because they stand
        there twice and people have worked on them."""

    def known(self, number: int, index: int | None = None) -> bool:
        """Whether the ledger knows of an object."""

    def in_doubt(self, number: int) -> bool:
        """Whether the ledger does not know what became of a request about a bug."""

    def as_sent(self, number: int) -> bool | None:
        """Whether the state that a bug has at the target is the one that, as the ledger says, was
        sent last; None if the ledger does not know of it."""

    def writes(self) -> int:
        """How many writing requests the target has carried out."""

    def close(self) -> None:
        """Give everything back."""
