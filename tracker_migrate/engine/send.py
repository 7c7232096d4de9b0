"""Sending steps, each once: intent, request, result; and what follows if the result is unknown."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack
from typing import Any

import msgspec

from tracker_migrate import waiting
from tracker_migrate.engine.beside import Lanes
from tracker_migrate.engine.events import Listen, silent
from tracker_migrate.engine.late import Late
from tracker_migrate.errors import Doubtful, Gone, NotSent, Refused, Retriable, Taken, Unreachable
from tracker_migrate.interfaces import CLOSED, ClosedStep, Event, Receipt, Sink
from tracker_migrate.model import Key
from tracker_migrate.workspace.ledger import Ledger

_ATTEMPTS = 8
#: so long an intent stands open while its step waits its turn
_MOMENT = 1.0
_LONGEST_WAIT = 30.0


class Doubt(msgspec.Struct, frozen=True):
    """A step that may have been carried out, and that was not to be seen yet.

    due: the time.monotonic() after which not seeing it proves that it was not. down: the whole
    server was down when it was sent, or an earlier request may have come first: neither says
    anything about the step.
    """

    intent: int
    step: ClosedStep
    mark: dict[str, Any]
    due: float
    down: bool = False


class InDoubt(Exception):
    """The step has to wait for its doubt to be settled; its issue goes on afterwards."""

    def __init__(self, doubt: Doubt) -> None:
        super().__init__("in doubt")
        self.doubt = doubt


class Again(Exception):
    """The reply was lost, nothing is to be seen, and a second send is harmless. down: see
    `errors.ObjectError`."""

    def __init__(self, down: bool) -> None:
        super().__init__("send it again")
        self.down = down


class Sender:
    """Sends the steps of one target. leases: whether an issue that another worker holds is left
    alone; not for what can be sent beside anything else. turn: waits until a step may be sent, or
    so many seconds; whether it may. check: raises Postponed if a step, which may have waited since
    it was planned, is not to be meant any more. lanes: shared with whoever else sends. `sleep` is a
    seam for tests."""

    def __init__(
        self,
        sink: Sink,
        ledger: Ledger,
        listen: Listen = silent,
        sleep: Callable[[float], None] = waiting.sleep,
        *,
        leases: bool = True,
        turn: Callable[[ClosedStep, float | None], bool] = lambda _step, _seconds: True,
        check: Callable[[ClosedStep], None] = lambda _step: None,
        lanes: Callable[[tuple[str, ...]], AbstractContextManager[None]] | None = None,
    ) -> None:
        self._leases = leases
        self._turn = turn
        self._check = check
        self._sink = sink
        self._ledger = ledger
        self._listen = listen
        self._sleep = sleep
        self._lanes = lanes or Lanes()
        # threads that wait their turn, or for a lane, are more than may send at once
        self._slots = threading.BoundedSemaphore(sink.connections)
        self.late = Late(sink, ledger)
        self.sent = 0

    def send(self, steps: Sequence[ClosedStep]) -> Iterator[Receipt]:
        """Carry out steps one after another; their intents are on disk together before the first.

        Yields for each where its objects are; its result is on its way to the disk. Raises Refused
        (set aside), Taken (another number is needed), InDoubt (wait), Unreachable; what was not
        sent by then is void.
        """
        marks = [self._sink.mark(step) for step in steps]
        known = time.monotonic()
        intents = self._mean(steps, marks)
        for number, (intent, step, mark) in enumerate(zip(intents, steps, marks, strict=True)):
            try:
                if number:
                    self._must_go_on(intent)
                receipt = self._carry_out(intent, step, mark, known)
            except Exception:
                self._ledger.void(intents[number + 1 :])
                raise
            yield receipt

    def _must_go_on(self, intent: int) -> None:
        """Raise Stopped, between two steps, if somebody asked us to stop: this one is not sent."""
        try:
            waiting.check()
        except waiting.Stopped:
            self._ledger.void([intent])
            raise

    def _carry_out(
        self, intent: int, step: ClosedStep, mark: dict[str, Any], known: float
    ) -> Receipt:
        """Send it, again and again if it surely was not carried out. While the server is down, the
        step has no open intent: that may last for longer than a lease."""
        intent, mark, known = self._wait_for_turn(intent, step, mark, known)
        tried = 0
        with ExitStack() as lanes:
            self._enter(lanes, intent, step)
            while True:
                try:
                    return self._attempt(intent, step, mark, known)
                except Again as again:
                    tried += not again.down
                    if tried >= _ATTEMPTS:
                        what = f"{step.kind} did not go through in {_ATTEMPTS} attempts"
                        raise Refused(what) from None
                except Retriable as error:
                    self._ledger.void([intent])
                    tried += not error.down
                    self._wait(tried, error, step.issue)
                mark, known = self._sink.mark(step), time.monotonic()
                intent = self._mean([step], [mark])[0]

    def _wait_for_turn(
        self, intent: int, step: ClosedStep, mark: dict[str, Any], known: float
    ) -> tuple[int, dict[str, Any], float]:
        """Its intent, mark and time, when its turn has come; others if that took long."""
        try:
            if self._turn(step, _MOMENT):
                return intent, mark, known
        except Exception:
            self._ledger.void([intent])
            raise
        self._ledger.void([intent])
        self._turn(step, None)
        mark, known = self._sink.mark(step), time.monotonic()
        return self._mean([step], [mark])[0], mark, known

    def _mean(self, steps: Sequence[ClosedStep], marks: Sequence[dict[str, Any]]) -> list[int]:
        for step in steps:
            self._check(step)
        return self._ledger.intend(steps, marks, self._lease_seconds(steps))

    def _enter(self, lanes: ExitStack, intent: int, step: ClosedStep) -> None:
        """Wait until nothing is sent that must not be sent beside it. Raises Postponed."""
        try:
            lanes.enter_context(self._lanes(self._sink.lanes(step)))
        except Exception:
            self._ledger.void([intent])
            raise

    def _attempt(
        self, intent: int, step: ClosedStep, mark: dict[str, Any], known: float
    ) -> Receipt:
        try:
            with (
                self._slots,
                waiting.one_send(lambda: self._ledger.must_be_open(intent), known) as under_way,
            ):
                under_way.must_be_ours()
                receipt = self._sink.send(step)
        except (Refused, Taken, Gone):
            self._ledger.void([intent], "refused")
            raise
        except Doubtful as doubtful:
            return self._look(intent, step, mark, doubtful.down)
        self._must_be_first(intent, step, mark)
        self.done(intent, step, receipt)
        return receipt

    def _must_be_first(self, intent: int, step: ClosedStep, mark: dict[str, Any]) -> None:
        """Let the issue wait, and be planned anew, if what stands there now may hold what an
        earlier request of ours has sent: it may be open to more than what comes next is."""
        if self.late.may_be_first(step):
            raise InDoubt(Doubt(intent, step, mark, time.monotonic(), down=True))

    def done(self, intent: int, step: ClosedStep, receipt: Receipt, how: str = "sent") -> None:
        """Note a step's result. Raises ObjectError, Unreachable if what an earlier request may have
        made can't be read."""
        self._ledger.settle(intent, step, receipt, how, self.late.stands(step, receipt))
        self.sent += how == "sent"
        self._listen(Event(name=how, key=step.issue, detail=step.kind))

    def _look(self, intent: int, step: ClosedStep, mark: dict[str, Any], down: bool) -> Receipt:
        """The reply was lost. Look; where an explicit id makes a second send harmless, that is
        allowed; else wait until not seeing it proves something."""
        try:
            found = self.find(step, mark)
        except Taken:
            self._ledger.void([intent], "refused")
            raise
        except (Retriable, Doubtful):
            found = None
        if found is not None:
            self._must_be_first(intent, step, mark)
            self.done(intent, step, found, "found")
            return found
        if self.may_go_again(step):
            self.late.give_up(intent, step, waited=False)
            raise Again(down)
        due = time.monotonic() + self._sink.settle_seconds
        raise InDoubt(Doubt(intent, step, mark, due, down))

    def find(self, step: ClosedStep, mark: Mapping[str, Any]) -> Receipt | None:
        """Look whether a step was carried out. What is known as something else is not what it made:
        a file says nothing of what it is, and two may be alike. Raises what `Sink.find` raises."""
        found = self._sink.find(step, mark)
        return None if found is None or self._is_anothers(step, found) else found

    def _is_anothers(self, step: ClosedStep, found: Receipt) -> bool:
        own = {key for action in step.actions for key in (action.key, *action.holds)}
        kinds = sorted({action.kind for action in step.actions if action.op == "create"})
        placed = (self._sink.planner.kinds[kind] for kind in kinds)
        if not kinds or any(kind.within or kind.phase == 0 for kind in placed):
            return False
        self._ledger.flush()
        known = self._ledger.at(kinds, [at.id for at in found.refs.values()])
        return any(held.key not in own and held.state != "gone" for held in known.values())

    def may_go_again(self, step: ClosedStep) -> bool:
        """Whether a step whose reply was lost may be sent again at once: the first one may still
        come, after something newer. What creates is refused then, for its number is taken; what
        updates would undo the newer, unless all that it does is to close."""
        planner = self._sink.planner
        return self._sink.resend_safe(step) and all(
            action.op == "create"
            or (
                action.audience != "public"
                and action.fields.keys() <= planner.access(action.kind, CLOSED).keys()
            )
            for action in step.actions
        )

    def settle(self, doubt: Doubt) -> Receipt | None:
        """End a doubt: look, twice if need be, after its time has passed.

        Returns where the objects are, or None: it was not carried out, as far as can be seen.
        """
        self.late.looked(doubt.step)
        self.wait(doubt.due, doubt.step.issue)
        for look in range(2):
            found = self.find(doubt.step, doubt.mark)
            if found is not None:
                self.done(doubt.intent, doubt.step, found, "found")
                return found
            if look == 0:
                self._sleep(min(1.0, self._sink.settle_seconds / 4))
        self.late.give_up(doubt.intent, doubt.step, waited=True)
        return None

    def wait(self, due: float, issue: Key) -> None:
        """Let the time pass until time.monotonic() is `due`."""
        left = due - time.monotonic()
        if left > 0:
            self._listen(Event(name="waiting", key=issue, detail=f"{left:.0f} s"))
            self._sleep(left)

    def _wait(self, tried: int, error: Retriable, issue: Key) -> None:
        """Wait before another attempt. Raises Unreachable if there is to be none."""
        if isinstance(error, NotSent) and error.after is None:
            raise Unreachable(str(error)) from None
        if tried >= _ATTEMPTS:
            raise Unreachable(f"{error}: gave up after {_ATTEMPTS} attempts; run again later")
        # a short first wait: the commonest cause is a deadlock, which ends with its winner
        backoff = random.uniform(0.5, 1.0) * min(_LONGEST_WAIT, 0.05 * 4 ** max(0, tried - 1))
        seconds = backoff if error.after is None else error.after
        if seconds > 1 and not error.down:  # of a server that is down tells who asks it
            self._listen(Event(name="waiting", key=issue, detail=f"{seconds:.0f} s: {error}"))
        self._sleep(min(seconds, _LONGEST_WAIT) if error.down else seconds)

    def _lease_seconds(self, steps: Sequence[ClosedStep]) -> float:
        """What many issues share is nobody's for long: whoever wants it next may make it."""
        kinds = self._sink.planner.kinds
        shared = any(kinds[one.kind].phase == 0 for step in steps for one in step.actions)
        return 120.0 + 2 * self._sink.settle_seconds if self._leases and not shared else 0.0
