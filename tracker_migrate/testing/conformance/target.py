"""What an author says about a far end, so that the suites can try a sink on it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any

from tracker_migrate.interfaces import Account, Audience, ClosedStep, RemoteRef, Sink
from tracker_migrate.testing.conformance.decided import Decided, States, shipped_states
from tracker_migrate.testing.samples import Names


class NotShown(Exception):
    """The far end under test can't show this; the check is skipped with this reason."""


class SinkUnderTest(ABC):
    """A far end that nobody else uses, and sinks on it. Make one in the fixture `target`.

    Five methods have to be written. Those below them are worth writing: each that isn't is a check
    that is skipped, with a word.
    """

    #: whose keys the issues have that are written; some planners know one source alone
    names: Names = Names()
    #: who reads what is private: accounts or groups that the far end has. None: all is refused
    policy: Audience | None = None
    #: the account of the one person that the issues name, if they have one there
    account: Account | None = None
    #: the sink's own options, as `[targets.NAME]` of migration.toml has them
    options: Mapping[str, Any] = {}
    #: what words of the source become, by table; None: what ships for this tracker
    states: States | None = None
    #: whether there is a wire, so that an address may lead to nobody or to another server
    speaks_http: bool = True
    #: sizes, in bytes, of files that take the sink every kind of step that it has for them; none,
    #: if it takes no files
    files: tuple[int, ...] = ()
    #: seconds after which what met the fault `late` is surely done; less than `settle_seconds`
    late: float = 0.2

    @abstractmethod
    def open(self, *, token: str | None = None, address: str | None = None) -> Sink:
        """A sink, as a process that starts now would open it. token: another than the right one.
        address: another than the far end's."""

    @abstractmethod
    def strike(self, word: str) -> None:
        """Let the next writing request meet a fault of `testing.faults.FAULTS`, once. `late` has
        to be late by less than the sink's `settle_seconds`. Raise NotShown for one that can't
        happen there."""

    @abstractmethod
    def calm(self) -> None:
        """Forget all faults that have not struck yet."""

    @abstractmethod
    def writes(self) -> int:
        """How many writing requests the far end has had."""

    @abstractmethod
    def standing(self, step: ClosedStep) -> int:
        """How many objects of anybody's at the far end are the one that this step creates or
        changes: counted there by its marker or name, not through the sink. For a step with more
        than one action, the most that any of them has."""

    # -- worth writing ----------------------------------------------------------------------------

    def refuse(self, words: str) -> None:
        """Let the next writing request be refused for good, with these words in the reply."""
        raise NotShown("the far end can't be told to refuse")

    def stranger(self, step: ClosedStep) -> None:
        """Have somebody else make what this step creates, with its marker and its number."""
        raise NotShown("there is nobody else at the far end")

    def edit(self, kind: str, at: RemoteRef) -> str:
        """Have a person change an object; says which of the planner's fields it was."""
        raise NotShown("there is nobody else at the far end")

    def remove(self, kind: str, at: RemoteRef) -> None:
        """Have a person remove an object."""
        raise NotShown("nobody can remove anything at the far end")

    def expose(self, kind: str, at: RemoteRef) -> None:
        """Have a person open an object to everybody."""
        raise NotShown("the far end can't be opened by others")

    def open_to_all(self, kind: str, at: RemoteRef) -> bool:
        """Whether everybody may read an object: looked at there, not through the sink."""
        raise NotShown("the far end does not say who may read")

    def reads(self, text: str) -> tuple[str, list[str]]:
        """What a reader sees of a text in the far end's markup: its words, and where its links
        lead, a mention or a number that became a link included."""
        raise NotShown("how the far end shows a text is not told")

    # -- what the suites make of it ---------------------------------------------------------------

    def decided(self, sink: Sink) -> Decided:
        """What people decided."""
        tables = shipped_states(sink.tracker) if self.states is None else self.states
        return Decided(self.names, tables, self.policy, self.account, self.options)
