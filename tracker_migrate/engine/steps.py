"""Carrying out the actions of one issue: shared objects first, then its own steps, in order.

What many issues want (a project, a tag) is made by the first that comes, while the others wait.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from tracker_migrate.engine.close import Closer
from tracker_migrate.engine.diff import open_digest, step_digest
from tracker_migrate.engine.send import Doubt, InDoubt, Sender
from tracker_migrate.engine.survey import give
from tracker_migrate.engine.target import Target
from tracker_migrate.errors import Brake, ObjectError, Postponed, Refused, Taken
from tracker_migrate.interfaces import Action, ClosedStep, Receipt, RemoteRef, Step
from tracker_migrate.model import Key

_TAKEN_TRIES = 5


class Steps:
    """Sends the steps of one target's issues, from several threads.

    expected: digests of what a plan named; anything else is a Brake. count: is told of each step
    that was carried out. unsettled: objects that an earlier run may have written, unseen, and why.
    """

    def __init__(
        self,
        target: Target,
        sender: Sender,
        expected: frozenset[str] | None,
        count: Callable[[Step], None],
    ) -> None:
        self._target = target
        self._sink, self._ledger = target.sink, target.ledger
        self._kinds = target.planner.kinds
        self._sender = sender
        self._expected = expected
        self._count = count
        self._closer = Closer(target.places, target.sink.link, target.moves, target.seals.of)
        self._beside = target.beside
        self._shared_doubts: dict[Key, Doubt] = {}
        self._broken: set[Key] = set()
        self.unsettled: dict[Key, str] = {}

    def carry_out(self, actions: Sequence[Action]) -> None:
        """Send what these actions of one issue need, in order.

        Raises Refused, InDoubt, Brake, and what stops a run.
        """
        own: list[Step] = []
        for step in self._target.planner.compose(actions):
            if self._kinds[step.actions[0].wanted.kind].phase == 0:
                self._send_shared(step)
            else:
                own.append(step)
        self._give_numbers(own)
        self._send(own)

    def must_be_planned(self, actions: Sequence[Action]) -> None:
        """Raise Brake if one of these actions is not in the plan: nothing that follows from it is
        to be written either."""
        for action in actions:
            mark = open_digest(action.wanted)
            self._must_be_planned(action.op, action.wanted.key, mark)

    def must_be_known(self, key: Key) -> None:
        """Refuse to send more of what an earlier step may have written, unseen."""
        if key in self.unsettled:
            raise Refused(f"an earlier step is not settled yet: {self.unsettled[key]}")

    def forget(self, doubt: Doubt) -> None:
        """A doubt has ended: nobody has to wait for its shared objects any more."""
        for action in doubt.step.actions:
            self._shared_doubts.pop(action.key, None)

    def _send_shared(self, step: Step) -> None:
        """Make what is missing of it; whoever else wants it waits here."""
        for _ in self._beside.looks():
            with self._beside.making(tuple(action.wanted.key for action in step.actions)):
                missing = [a for a in step.actions if self._ledger.where(a.wanted.key) is None]
                if not self._beside.makes([action.wanted.key for action in missing]):
                    self._make(missing)
                    return
        raise Postponed("another worker was making what it needs, and nobody knows how that ended")

    def _make(self, missing: Sequence[Action]) -> None:
        for action in missing:
            self.must_be_known(action.wanted.key)
            if action.wanted.key in self._broken:
                raise Postponed("the run was ending while what it needs was being made")
            if action.wanted.key in self._shared_doubts:
                raise InDoubt(self._shared_doubts[action.wanted.key])
        steps = list(self._target.planner.compose(missing))
        self._give_numbers(steps)
        try:
            self._send(steps)
        except InDoubt as waiting:
            for one in waiting.doubt.step.actions:
                self._shared_doubts[one.key] = waiting.doubt
            raise
        except ObjectError:
            raise
        except BaseException:  # it may stand there, and this thread, which ends, alone knows of it
            self._broken |= {action.wanted.key for action in missing}
            raise
        if steps:
            self._ledger.flush()  # whoever waits here asks the ledger next

    def _give_numbers(self, steps: Sequence[Step]) -> None:
        """Choose the numbers of all new objects of an issue in one go."""
        created = [a.wanted for step in steps for a in step.actions if a.op == "create"]
        created = [one for one in created if self._kinds[one.kind].chosen]
        has = self._ledger.numbers([one.key for one in created]) if created else {}
        wanted: dict[str, list[tuple[Key, int | None]]] = {}
        for one in created:
            if one.key not in has:
                wanted.setdefault(one.kind, []).append((one.key, self._sink.number(one)))
        give(self._target, wanted)

    def _send(self, steps: list[Step]) -> None:
        """Send steps in order. As many as can be closed are meant in one commit."""
        strangers = 0
        while steps:
            closed = self._closable(steps)
            done = 0
            try:
                for receipt in self._sender.send(closed):
                    self._target.places.put(_places(closed[done], receipt))
                    self._count(steps[done])
                    done += 1
            except Taken as error:
                strangers += 1
                if strangers > _TAKEN_TRIES:
                    raise Refused("every number that was tried belongs to somebody else") from None
                self._other_number(closed[done], error)
                self._give_numbers(steps[done:])
            steps = steps[done:]

    def _closable(self, steps: Sequence[Step]) -> list[ClosedStep]:
        """The steps from the first on whose required references are known by now, and that come
        after none of the others, for what they refer to gets its place when it is sent.

        Raises Refused if not even the first one's are.
        """
        closed: list[ClosedStep] = []
        keys = [action.wanted.key for step in steps for action in step.actions]
        numbers = self._ledger.numbers(keys) if self._target.chooses else {}
        sent: set[Key] = set()
        for step in steps:
            if any(sent.intersection(action.wanted.after) for action in step.actions):
                break
            sent.update(action.wanted.key for action in step.actions)
            try:
                one = self._closer.step(step, step.actions[0].wanted.issue, numbers)
            except Refused:
                if not closed:
                    raise
                break
            self._as_planned(one)
            closed.append(one)
        return closed

    def _other_number(self, step: ClosedStep, error: Taken) -> None:
        """A stranger holds our number. A kept number can't be changed: the issue is refused."""
        for action in step.actions:
            if action.number is None:
                raise Refused(str(error)) from None
            self._ledger.drop_number(action.key)
            self._target.places.forget(action.key)

    def _as_planned(self, step: ClosedStep) -> None:
        for action in step.actions:
            self._must_be_planned(action.op, action.key, action.digest)

    def _must_be_planned(self, op: str, key: Key, mark: str) -> None:
        if self._expected is None or step_digest(op, key, mark) in self._expected:
            return
        if not self._only_references(op, key, mark):
            raise Brake(
                f"{op} {key} is not in the plan: what it was made from has "
                "changed since; make a new plan and look at it"
            )

    def _only_references(self, op: str, key: Key, mark: str) -> bool:
        """Whether an object is wanted as it was when it was sent last, and only the places of what
        it refers to are known by now."""
        if op != "update":
            return False
        held = self._ledger.held([key]).get(key)
        return held is not None and held.digest == mark


def _places(step: ClosedStep, receipt: Receipt) -> dict[Key, RemoteRef]:
    """Where everything of a step is, and what stands in it."""
    held = {of: action.key for action in step.actions for of in action.holds}
    return dict(receipt.refs) | {of: receipt.refs[at] for of, at in held.items()}
