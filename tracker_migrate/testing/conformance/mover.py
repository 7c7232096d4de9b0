"""As much of an engine as one step at a time needs: numbers, references, and law 1's settling."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from tracker_migrate.abilities import KnowsSeals
from tracker_migrate.digest import short
from tracker_migrate.engine.authored import carrying
from tracker_migrate.engine.close import Closer
from tracker_migrate.errors import Doubtful, MigrateError, Retriable
from tracker_migrate.interfaces import (
    Action,
    ClosedAction,
    ClosedStep,
    Receipt,
    RemoteRef,
    Sink,
    Step,
    TakesFiles,
    Wanted,
)
from tracker_migrate.model import Issue, Key
from tracker_migrate.testing.conformance.laws import broken, must
from tracker_migrate.testing.conformance.target import SinkUnderTest
from tracker_migrate.testing.samples import FILES, PRIVATE_WORD, SERVER_WORD

_ATTEMPTS = 5


class Mover:
    """Writes issues through a sink, and remembers where everything is, as a ledger does.

    refs: kind and place of each object, by key. sent: the fields that were sent, as they should
    read back.
    """

    def __init__(self, target: SinkUnderTest, sink: Sink | None = None) -> None:
        self.target = target
        self.sink = sink or target.open()
        if isinstance(self.sink, TakesFiles):
            self.sink.lend(FILES)
        if isinstance(self.sink, KnowsSeals):
            self.sink.trust(short)
        self.decisions = target.decided(self.sink)
        self.planner = self.sink.planner
        self.refs: dict[Key, tuple[str, RemoteRef]] = {}
        self.sent: dict[Key, dict[str, Any]] = {}
        self.wanted: dict[Key, Wanted] = {}
        self._numbers: dict[Key, int] = {}
        self._closer = Closer(self, self.sink.link, self.decisions.moves, short)
        said(self.sink.check, self.decisions)

    def where(self, to: Key) -> RemoteRef | None:
        """`interfaces.Lookup`."""
        if to in self.refs:
            return self.refs[to][1]
        number = self._numbers.get(to)
        return RemoteRef(id=str(number), number=str(number)) if number is not None else None

    def close(self) -> None:
        """Give back the sink's connections."""
        self.sink.close()

    # -- steps ------------------------------------------------------------------------------------

    def steps(self, issue: Issue) -> Iterator[ClosedStep]:
        """The steps that create what is not there yet, each closed when it is asked for."""
        wanted = list(self._planned(issue))
        self.wanted |= {one.key: one for one in wanted}
        missing = [one for one in wanted if one.key not in self.refs]
        actions = [Action(op="create", wanted=one, fields=tuple(one.fields)) for one in missing]
        yield from self.closed(self.planner.compose(actions))

    def _planned(self, issue: Issue) -> Iterator[Wanted]:
        """What is wanted, in the form that it has where it shows its author."""
        return (carrying(one, one.by) for one in self.planner.wanted(issue, self.decisions))

    def closed(self, steps: Iterator[Step]) -> Iterator[ClosedStep]:
        """Steps with their references put in and their numbers chosen."""
        for step in steps:
            for action in step.actions:
                self._choose(action)
            issue = step.actions[0].wanted.issue
            yield self._closer.step(step, issue, self._numbers)

    def changes(self, issue: Issue) -> Iterator[ClosedStep]:
        """The steps that bring what is there to what the issue says now, as the engine's diff."""
        actions = []
        for one in self._planned(issue):
            before = self.wanted.get(one.key)
            fields = [n for n, v in one.fields.items() if before is None or before.fields[n] != v]
            kind = self.planner.kinds[one.kind]
            if before is None:
                actions.append(Action(op="create", wanted=one, fields=tuple(one.fields)))
            elif fields and kind.editable and kind.phase != 0:
                at = self.where(one.key)
                actions.append(Action(op="update", wanted=one, fields=tuple(fields), at=at))
            self.wanted[one.key] = one
        yield from self.closed(self.planner.compose(actions))

    def update(self, wanted: Sequence[Wanted], *fields: str) -> Iterator[ClosedStep]:
        """The steps that set some fields of what is there."""
        actions = [
            Action(op="update", wanted=one, fields=fields, at=self.where(one.key)) for one in wanted
        ]
        yield from self.closed(self.planner.compose(actions))

    def _choose(self, action: Action) -> None:
        wanted = action.wanted
        if not self.planner.kinds[wanted.kind].chosen or wanted.key in self._numbers:
            return
        if action.op == "create":
            kept = self.sink.number(wanted)
            if kept is None:
                kept = self.sink.claim(wanted.kind, 1).first
            self._numbers[wanted.key] = kept

    # -- sending ----------------------------------------------------------------------------------

    def write(self, issue: Issue) -> list[ClosedStep]:
        """Create the issue and all that it hangs on."""
        done = []
        for step in self.steps(issue):
            self.carry_out(step)
            done.append(step)
        return done

    def carry_out(self, step: ClosedStep) -> Receipt:
        """Send a step as law 1 says: what is doubtful is settled by looking, and sent again only
        where that is safe, or where it was surely not carried out."""
        for _ in range(_ATTEMPTS):
            mark = self.sink.mark(step)
            try:
                receipt: Receipt | None = said(self.sink.send, step)
            except Retriable as error:
                time.sleep(min(error.after or 0.0, 1.0))
                continue
            except Doubtful:
                receipt = self._settled(step, mark)
            if receipt is not None:
                return self.note(step, receipt)
        return broken(
            "once",
            f"{step.kind} did not go through in {_ATTEMPTS} attempts after one fault",
            expected="a fault that strikes once is over at the next attempt",
            cure="look at what `send` makes of a refused or lost request",
        )

    def _settled(self, step: ClosedStep, mark: Mapping[str, Any]) -> Receipt | None:
        found = self._seen(step, mark)
        if found is not None or self.sink.resend_safe(step):
            return found
        time.sleep(self.sink.settle_seconds)
        return self._seen(step, mark) or self._seen(step, mark)

    def _seen(self, step: ClosedStep, mark: Mapping[str, Any]) -> Receipt | None:
        before = self.target.writes()
        try:
            found: Receipt | None = said(self.sink.find, step, mark)
        except (Retriable, Doubtful):
            found = None
        must(
            self.target.writes() == before,
            "once",
            f"`find` of {step.kind} sent a writing request",
            expected="`find` looks, and no more",
            cure="ask only in `find`; what has to be sent again, the engine sends",
        )
        return found

    def note(self, step: ClosedStep, receipt: Receipt) -> Receipt:
        """Remember where everything is."""
        stored = self.sink.stored(step)
        for action in step.actions:
            must(
                action.key in receipt.refs,
                "once",
                f"the receipt of {step.kind} does not say where {action.kind} is",
                expected="a place for the object of each action",
                cure="name every action's key in `Receipt.refs`",
            )
            self._nothing_stayed(step, action, receipt.stored.get(action.key, {}))
            self.refs[action.key] = (action.kind, receipt.refs[action.key])
            kept = self.sent.setdefault(action.key, {})
            kept.update(action.fields)
            kept.update(stored.get(action.key, {}))
            kept.update(receipt.stored.get(action.key, {}))
        return receipt

    def _nothing_stayed(
        self, step: ClosedStep, action: ClosedAction, stored: Mapping[str, Any]
    ) -> None:
        """Here nobody but us puts anything into a list: what was sent is all that it may hold."""
        __tracebackhide__ = True
        for name, there in stored.items():
            sent = action.fields.get(name)
            if action.op == "update" and isinstance(sent, list) and isinstance(there, list):
                must(
                    not {*map(short, sent)} < {*map(short, there)},
                    "once",
                    f"a {step.kind} has a receipt, and {name!r} holds more than was sent",
                    expected="a receipt once what had to go is gone",
                    cure="let `find` look for what is still there as well as for what was sent",
                )

    # -- what the ledger would say ----------------------------------------------------------------

    def own(self, issue: Issue) -> dict[Key, tuple[str, RemoteRef]]:
        """What the ledger names of an issue, without the shared objects."""
        kinds = self.planner.kinds
        return {
            of: held
            for of, held in self.refs.items()
            if kinds[held[0]].phase != 0
            and of in self.wanted
            and self.wanted[of].issue == issue.key
        }


def said(call: Any, *arguments: Any) -> Any:
    """Call a backend, and look at what it says if it fails: one of `errors`, in nobody's words."""
    try:
        return call(*arguments)
    except MigrateError as error:
        for word in (PRIVATE_WORD, SERVER_WORD):
            must(
                word not in str(error),
                "told",
                f"the {type(error).__name__} that `{call.__name__}` raises holds "
                + ("an issue's text" if word == PRIVATE_WORD else "what the server said"),
                expected="a sentence of your own: errors get into logs and reports",
                cure="reduce what the server says to a class that you know first",
            )
        raise
    except (AssertionError, NotImplementedError):
        raise
    except Exception as error:  # noqa: BLE001  whatever it is, it is told as a broken law
        text = f"`{call.__name__}` raises {type(error).__name__}"
        cure = "catch what your client raises, and say what has to be done: see errors.py"
        try:
            broken("told", text, expected="one of tracker_migrate.errors", cure=cure)
        except AssertionError as told:
            raise told from error
