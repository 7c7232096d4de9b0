"""Writing: what is wanted and not there yet, once, in parallel, each issue in its own order.

Where the target lets us choose numbers, every reference is known from the start and one pass does.
Elsewhere the first pass creates, and the second sends the comments and the texts whose references
are known by then.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from itertools import takewhile

import msgspec

from tracker_migrate.digest import digest
from tracker_migrate.engine.close import Closer
from tracker_migrate.engine.diff import Difference, diff
from tracker_migrate.engine.edits import Edits
from tracker_migrate.engine.events import Listen, silent
from tracker_migrate.engine.filters import Only
from tracker_migrate.engine.recover import recover
from tracker_migrate.engine.send import Doubt, InDoubt, Sender
from tracker_migrate.engine.survey import Survey, give, inputs
from tracker_migrate.engine.target import Target
from tracker_migrate.errors import Brake, ObjectError, Refused, Taken, UsageError
from tracker_migrate.interfaces import ClosedStep, Event, Step
from tracker_migrate.model import Issue, Key
from tracker_migrate.workspace.ledger import Verdict

_TAKEN_TRIES = 5
#: so many lost replies of one issue are settled and followed by another try
_DOUBTS = 3


class Applied(msgspec.Struct, kw_only=True):
    """What a run wrote. steps: requests carried out. found: of these, those whose reply was lost
    and that were found at the target. kept: fields left as somebody changed them."""

    steps: int = 0
    found: int = 0
    created: int = 0
    updated: int = 0
    unchanged: int = 0
    refused: int = 0
    aside: int = 0
    joined: int = 0
    kept: int = 0
    gone: int = 0
    stuck: int = 0


class Apply:
    """Writes to one target. expected: digests of what a plan named; anything else is refused."""

    def __init__(
        self,
        target: Target,
        listen: Listen = silent,
        expected: frozenset[str] | None = None,
    ) -> None:
        self._target = target
        self._listen = listen
        self._expected = expected
        self._sink, self._ledger = target.sink, target.ledger
        self._kinds = target.planner.kinds
        self._sender = Sender(self._sink, self._ledger, self._hear)
        self._edits = Edits(self._sink, self._ledger, self._kinds)
        self._closer = Closer(target.places, self._sink.link, target.moves)
        self._applied = Applied()
        self._guard = threading.Lock()
        self._shared = threading.Lock()
        self._doubts: list[tuple[Doubt, Key]] = []
        self._doubted: Counter[Key] = Counter()
        self._settled: set[int] = set()
        self._shared_doubts: dict[Key, Doubt] = {}
        self._unsettled: dict[Key, str] = {}
        self._failed: set[Key] = set()
        self._stopping = False
        self._total = 0
        self._done = 0

    def run(self, only: Only | None = None, limit: int | None = None) -> Applied:
        """Write what is missing. Raises what stops a run; an issue that fails is set aside."""
        self._sink.check(self._target.decisions)
        self._unsettled = recover(self._sink, self._ledger, self._sender)
        survey = Survey(self._target, self._listen)
        self._total = survey.judge(only)
        self._applied.joined = survey.join(only)
        if self._target.chooses:
            survey.give_numbers(only)
        try:
            for last in (False, True):
                if last or not self._target.chooses:
                    self._pass(only, limit, last)
                    self._ledger.flush()  # the next pass asks the ledger what this one made
        finally:
            self._ledger.drop_leases()
        self._applied.refused = self._ledger.states().get("refused", 0)
        self._applied.aside = len(self._ledger.in_state("aside"))
        return self._applied

    # -- one pass over the issues -----------------------------------------------------------------

    def _pass(self, only: Only | None, limit: int | None, last: bool) -> None:
        workers = 1 if self._sink.ordered and not last else self._sink.connections
        self._done = 0
        with ThreadPoolExecutor(workers, thread_name_prefix="write") as pool:
            try:
                self._spread(pool, self._to_write(only, limit, last), last, workers)
            except BaseException:
                pool.shutdown(wait=True, cancel_futures=True)
                raise
        while self._doubts:
            doubt, key = self._doubts.pop(0)
            self._settle(doubt)
            issue = self._target.archive.issue(key)
            if issue is not None:
                self._issue(issue, last)

    def _settle(self, doubt: Doubt) -> None:
        """End a doubt, once, though several issues may wait for the same shared object."""
        if doubt.intent in self._settled:
            return
        self._settled.add(doubt.intent)
        try:
            self._sender.settle(doubt)
        except ObjectError as error:
            self._unsettled[doubt.step.issue] = str(error)
        for action in doubt.step.actions:
            self._shared_doubts.pop(action.key, None)
        self._ledger.flush()  # what was found there must not be made again

    def _spread(
        self, pool: ThreadPoolExecutor, issues: Iterator[Issue], last: bool, workers: int
    ) -> None:
        futures: set[Future[None]] = set()
        for issue in issues:
            futures.add(pool.submit(self._in_turn, issue, last))
            while len(futures) > workers * 2:
                done, futures = wait(futures, return_when=FIRST_COMPLETED)
                for future in done:
                    future.result()
        for future in futures:
            future.result()

    def _to_write(self, only: Only | None, limit: int | None, last: bool) -> Iterator[Issue]:
        """Issues that are not known to be done from these very inputs, in order."""
        taken = 0
        for key, content in self._target.archive.digests():
            verdict = self._ledger.verdict(key)
            if verdict is None or verdict.state == "refused" or key in self._failed:
                continue
            if verdict.state == "done" and verdict.inputs == inputs(self._target, content):
                self._skip(last)
                continue
            issue = self._target.archive.issue(key)
            if issue is None or (only is not None and not only.takes(issue)):
                continue
            taken += 1
            if limit is not None and taken > limit:
                return
            yield issue

    def _skip(self, last: bool) -> None:
        with self._guard:
            self._applied.unchanged += last

    def _in_turn(self, issue: Issue, last: bool) -> None:
        """One issue, unless an earlier one met what stops the run: numbers follow the source."""
        if self._stopping:
            return
        try:
            self._issue(issue, last)
        except BaseException:
            self._stopping = True
            raise

    # -- one issue --------------------------------------------------------------------------------

    def _issue(self, issue: Issue, last: bool) -> None:
        try:
            whole = self._write(issue, last)
        except InDoubt as waiting:
            self._wait_for(waiting.doubt, issue)
            return
        except ObjectError as error:
            self._set_aside(issue, str(error))
            return
        except UsageError as error:
            self._set_aside(issue, str(error))
            return
        if last:
            self._finish(issue, whole)
        with self._guard:
            self._done += 1
            done = self._done
        name = "issue" if last else "created"
        self._say(name, issue.key, done)

    def _wait_for(self, doubt: Doubt, issue: Issue) -> None:
        with self._guard:
            self._doubted[issue.key] += 1
            self._doubts.append((doubt, issue.key))

    def _must_be_known(self, key: Key) -> None:
        """Refuse to send more of what an earlier step may have written, unseen."""
        if key in self._unsettled:
            raise Refused(f"an earlier step is not settled yet: {self._unsettled[key]}")

    def _write(self, issue: Issue, last: bool) -> bool:
        """Send what is missing; whether nothing is left open afterwards."""
        self._must_be_known(issue.key)
        if self._doubted[issue.key] > _DOUBTS:
            raise Refused(f"the replies to {_DOUBTS + 1} requests were lost: look at the server")
        planned = self._target.planner.wanted(issue, self._target.decisions)
        if not last:  # comments come last, and are not rendered before they are needed
            planned = takewhile(lambda one: self._kinds[one.kind].phase < 2, planned)
        wanted = list(planned)
        held = self._ledger.of_issue(issue.key)
        held |= self._ledger.held([one.key for one in wanted if one.issue != issue.key])
        found = diff(wanted, held, self._kinds, self._target.places)
        if last:
            self._note(found)
        actions = [
            action
            for action in found.actions
            if last or (action.op == "create" and self._kinds[action.wanted.kind].phase < 2)
        ]
        actions, kept = self._edits.spared(actions, held)
        self._keep(kept)
        own: list[Step] = []
        for step in self._target.planner.compose(actions):
            if self._kinds[step.actions[0].wanted.kind].phase == 0:
                self._send_shared(step)
            else:
                own.append(step)
        self._give_numbers(own)
        self._send(own)
        return not found.stuck

    def _keep(self, kept: Sequence[tuple[Key, str]]) -> None:
        with self._guard:
            self._applied.kept += len(kept)
        for key, field in kept:
            self._say("kept", key, self._done, field)

    def _note(self, found: Difference) -> None:
        with self._guard:
            self._applied.unchanged += found.unchanged
            self._applied.stuck += len(found.stuck)
            self._applied.gone += len(found.gone)

    def _finish(self, issue: Issue, whole: bool) -> None:
        reason = "" if whole else "some changes can't be made at this target"
        self._ledger.finish(issue.key, inputs(self._target, digest(issue)), reason)

    def _set_aside(self, issue: Issue, reason: str) -> None:
        with self._guard:
            self._failed.add(issue.key)
        held = self._ledger.verdict(issue.key)
        attempts = (held.attempts if held else 0) + 1
        self._ledger.set_verdicts([Verdict(issue.key, "aside", reason, "", attempts)]).result()
        self._say("aside", issue.key, self._done, reason)

    # -- its steps --------------------------------------------------------------------------------

    def _send_shared(self, step: Step) -> None:
        """What many issues want is made by the first that comes, while the others wait."""
        with self._shared:
            missing = [a for a in step.actions if self._ledger.where(a.wanted.key) is None]
            for action in missing:
                self._must_be_known(action.wanted.key)
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
            if steps:
                self._ledger.flush()  # whoever waits here asks the ledger next

    def _give_numbers(self, steps: Sequence[Step]) -> None:
        """Choose the numbers of all new objects of an issue in one go."""
        created = [a.wanted for step in steps for a in step.actions if a.op == "create"]
        for kind in sorted({one.kind for one in created if self._kinds[one.kind].chosen}):
            wanted = [one for one in created if one.kind == kind]
            missing = len(self._ledger.numbers([one.key for one in wanted])) < len(wanted)
            if missing:
                give(self._target, kind, [(one.key, self._sink.number(one)) for one in wanted])

    def _send(self, steps: list[Step]) -> None:
        """Send steps in order. As many as can be closed are meant in one commit."""
        strangers = 0
        while steps:
            closed = self._closable(steps)
            done = 0
            try:
                for receipt in self._sender.send(closed):
                    self._target.places.put(receipt.refs)
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
        """The steps from the first on whose required references are known by now.

        Raises Refused if not even the first one's are.
        """
        closed: list[ClosedStep] = []
        keys = [action.wanted.key for step in steps for action in step.actions]
        numbers = self._ledger.numbers(keys) if self._target.chooses else {}
        for step in steps:
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
        if self._expected is None:
            return
        for action in step.actions:
            if step_digest(action.op, action.key, action.digest) not in self._expected:
                raise Brake(
                    f"{action.op} {action.key} is not in the plan: what it was made from has "
                    "changed since; make a new plan and look at it"
                )

    def _count(self, step: Step) -> None:
        with self._guard:
            for action in step.actions:
                if action.op == "create":
                    self._applied.created += 1
                else:
                    self._applied.updated += 1

    # -- telling ----------------------------------------------------------------------------------

    def _hear(self, event: Event) -> None:
        if event.name in ("sent", "found"):
            with self._guard:
                self._applied.steps += 1
                self._applied.found += event.name == "found"
        self._listen(msgspec.structs.replace(event, target=self._target.name))

    def _say(self, name: str, key: Key, done: int, detail: str = "") -> None:
        self._listen(
            Event(
                name=name,
                target=self._target.name,
                key=key,
                detail=detail,
                done=done,
                total=self._total,
            )
        )


def step_digest(op: str, key: Key, mark: str) -> str:
    """What a plan remembers of an action, and an apply of that plan compares."""
    return digest((op, key, mark))
