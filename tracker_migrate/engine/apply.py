"""Writing: what is wanted and not there yet, once, in parallel, each issue in its own order.

Where the target lets us choose numbers, every reference is known from the start and one pass does.
Elsewhere the first pass creates, and the second sends the comments and the texts whose references
are known by then; of some issues that is done while others are still created (`engine.ahead`).
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import contextmanager, nullcontext, suppress
from itertools import takewhile
from typing import Any

import msgspec

from tracker_migrate.engine.ahead import Ahead, NotYet, awaited
from tracker_migrate.engine.aside import Aside
from tracker_migrate.engine.authored import misnamed
from tracker_migrate.engine.between import Meanwhile
from tracker_migrate.engine.closing import Closed, Closing
from tracker_migrate.engine.coming import Coming
from tracker_migrate.engine.diff import Difference, diff
from tracker_migrate.engine.doubles import Doubles, waiting
from tracker_migrate.engine.edits import REMOVED, Decided, Edits, reopen
from tracker_migrate.engine.events import Listen, silent
from tracker_migrate.engine.exposures import settle
from tracker_migrate.engine.feed import begin
from tracker_migrate.engine.filters import Only
from tracker_migrate.engine.foreseen import inputs
from tracker_migrate.engine.inorder import Halted, InOrder
from tracker_migrate.engine.opening import Opening
from tracker_migrate.engine.recover import recover
from tracker_migrate.engine.retired import with_retired
from tracker_migrate.engine.send import Doubt, InDoubt, Sender
from tracker_migrate.engine.steps import Steps
from tracker_migrate.engine.survey import CLOSED_STATES, Survey, pages
from tracker_migrate.engine.target import Target
from tracker_migrate.errors import ClosingOnly, Gone, ObjectError, Postponed, Refused, UsageError
from tracker_migrate.interfaces import Action, ClosedStep, Event, Step, Wanted
from tracker_migrate.model import Issue, Key
from tracker_migrate.waiting import check as go_on_or_stop
from tracker_migrate.workspace.archive import position
from tracker_migrate.workspace.doubled import Double
from tracker_migrate.workspace.ledger import Held, Verdict

#: so many lost replies of one issue are settled and followed by another try
_DOUBTS = 3
#: so often an issue is looked at anew because of what was written of it
_LOOKS = 4
#: so many verdicts are asked for at once
_PAGE = 200
#: so many issues are made ready at a time where they are created in order
_READY = 2


class Applied(msgspec.Struct, kw_only=True):
    """What a run wrote. steps: requests carried out. found: of these, those whose reply was lost
    and that were found at the target. kept: fields left as somebody changed them. overruled: those
    that were written over, as the settings say. raced: those that somebody changed in the moment
    when they were written. closed: issues
    whose readers became fewer. exposed: those of which something can't be taken back.
    unwanted: objects that are wanted no more and stay, such as the last part of a text that became
    shorter. turned_back: fields that a change delivered late had turned back, and that are written
    again. misnamed: objects of issues that were planned, shown as another's than the tables say.
    doubles: all that stands there twice, from this run or an earlier one."""

    steps: int = 0
    found: int = 0
    created: int = 0
    updated: int = 0
    unchanged: int = 0
    refused: int = 0
    aside: int = 0
    joined: int = 0
    kept: int = 0
    overruled: int = 0
    raced: int = 0
    gone: int = 0
    stuck: int = 0
    unwanted: int = 0
    misnamed: int = 0
    closed: int = 0
    exposed: int = 0
    turned_back: int = 0
    doubles: list[Double] = msgspec.field(default_factory=list)

    @property
    def left(self) -> bool:
        """Whether anything is left that a person should look at."""
        stopped = self.refused or self.aside or self.stuck or self.exposed
        return bool(stopped or waiting(self.doubles))


class Apply:
    """Writes to one target. expected: digests of what a plan named; anything else is refused.
    is_public: one more look at the source, before an issue is opened; without it none is. retry:
    try what was set aside and rests."""

    def __init__(
        self,
        target: Target,
        listen: Listen = silent,
        expected: frozenset[str] | None = None,
        is_public: Callable[[Key], bool] | None = None,
        *,
        retry: bool = False,
    ) -> None:
        self._target = target
        self._listen = listen
        self._sink, self._ledger = target.sink, target.ledger
        self._kinds = target.planner.kinds
        self._sender = Sender(
            self._sink, self._ledger, self._hear, turn=self._turn, lanes=target.beside.lanes
        )
        self._edits = Edits(target)
        self._steps = Steps(target, self._sender, expected, self._count)
        # what both sides say of a field is no line of a plan: the change that it comes of is
        self._beside = Steps(target, self._sender, None, self._count)
        self._meanwhile = Meanwhile(target, self._edits, self._beside)
        # no plan and no brake holds a closing back
        self._closing = Closing(target, self._sender, Steps(target, self._sender, None, _uncounted))
        self._applied = Applied()
        self._guard = threading.Lock()
        self._doubts: list[tuple[Doubt, Key]] = []
        self._doubted: Counter[Key] = Counter()
        self._settled: set[int] = set()
        self._failed: set[Key] = set()
        self._opening = Opening(target, is_public)
        self._coming = Coming(self._sink, self._ledger, self._sender)
        self._aside = Aside(target, retry=retry)
        self._stopping = False
        self._skipped = 0
        self._total = 0
        self._done: Counter[str] = Counter()
        self._order: InOrder | None = None
        self._ahead: frozenset[Key] | set[Key] = frozenset()

    def run(self, only: Only | None = None, limit: int | None = None) -> Applied:
        """Write what is missing. Raises what stops a run; an issue that fails is set aside."""
        try:
            self._target.meet()
        except ClosingOnly:
            self.close()
            raise
        begin(self._target)
        reopen(self._target)
        survey = Survey(self._target, self._listen)
        try:
            known = [one.issue for one in self._ledger.in_state("exposed")]
            settle(self._target, known)
            self._total = survey.judge(only)
            self._closing.run(self._closed)
            if survey.freed(known):  # somebody was quicker
                survey.judge(only)
                self._closing.run(self._closed)
            if self._ledger.open_intents():
                self._recover(survey, only)
            self._join(survey, self._settle_doubles(), only)
            if self._target.chooses:
                survey.give_numbers(only)
            for last in (True,) if self._target.chooses else (False, True):
                news = self._pass(survey, only, limit, last)
                self._ledger.flush()  # the next pass asks the ledger what this one made
                if not news:
                    break  # the last one would find as much
            self._await_late(survey, only)
            self._open_last()
            self._await_late(survey, only)
        finally:
            self._ledger.drop_leases()
        states = self._ledger.states()
        self._applied.refused = states.get("refused", 0)
        self._applied.exposed = states.get("exposed", 0)
        self._applied.aside = len(self._ledger.in_state("aside"))
        return self._applied

    def _join(self, survey: Survey, looked: Mapping[str, Any], only: Only | None) -> None:
        """looked: how far was looked for doubles before this run."""
        found = survey.join(self._sender.late, only)
        self._applied.joined = found.joined
        self._steps.unsettled |= found.failed  # it is there: it must not be made again
        if found.taken_back:
            self._closing.run(self._closed)  # it may be open to whom it was meant for then
            self._settle_doubles(looked)  # it may have come twice: nothing was known to be it yet

    def _settle_doubles(self, mark: Mapping[str, Any] | None = None) -> Mapping[str, Any]:
        """Returns how far was looked before."""
        doubles = Doubles(self._target, self._closing, self._doubled_at)
        before = doubles.mark()
        self._applied.doubles = doubles.run(mark)
        self._applied.turned_back += doubles.turned_back
        if doubles.turned_back:
            self._closing.run(self._closed)  # what came late may have opened something
        return before

    def _await_late(self, survey: Survey, only: Only | None = None) -> None:
        """Nothing of ours is under way any more; what has come late is closed if it must be."""
        if self._coming.settle():
            survey.judge(only)
            self._closing.run(self._closed)

    def _doubled_at(self, one: Double) -> None:
        self._say("doubled", one.key, self._done["issue"], f"as {one.at.number or one.at.id}")

    def close(self) -> Applied:
        """Close what has to be closed, and no more: what no brake holds back."""
        with suppress(ClosingOnly):
            self._sink.check(self._target.decisions)
        self._target.learn()
        try:
            survey = Survey(self._target, self._listen)
            survey.judge()
            self._closing.run(self._closed)
            self._settle_doubles()
            self._await_late(survey)
        finally:
            self._ledger.drop_leases()
        self._applied.exposed = self._ledger.states().get("exposed", 0)
        return self._applied

    def _closed(self, one: Closed) -> None:
        """Tell of an issue that had to be closed. One that could not is set aside: it may be read
        by more than should."""
        self._applied.closed += not one.failed
        if not one.failed:
            self._say("closed", one.issue, self._done["issue"])
            return
        reason = f"EXPOSED: it could not be closed: {one.failed}"
        self._ledger.set_verdicts([Verdict(one.issue, "exposed", reason, "", 0)]).result()
        self._say("exposed", one.issue, self._done["issue"], reason)

    def _open_last(self) -> None:
        for issue, reason in self._opening.due():
            if reason:
                self._set_aside(issue, reason)
            else:
                self._issue(issue, last=True, opens=True)
                self._end_doubts(last=True, opens=True)
        self._ledger.flush()

    def _recover(self, survey: Survey, only: Only | None) -> None:
        """Settle what an earlier run has left open."""
        self._steps.unsettled |= recover(self._sink, self._ledger, self._sender)
        survey.judge(only)  # what is found may be something that has to be closed
        self._closing.run(self._closed)

    # -- one pass over the issues -----------------------------------------------------------------

    def _pass(self, survey: Survey, only: Only | None, limit: int | None, last: bool) -> int:
        """Write what is to be written in one pass; of how many issues."""
        connections = self._sink.connections
        ordered = self._sink.ordered and not last
        workers = min(_READY, connections) if ordered else connections
        self._order = InOrder() if ordered else None
        found = _Counted(self._to_write(only, limit, last))
        self._skipped = 0
        issues = self._own(survey, only, found, last)
        beside = (connections - workers + 1) // 2 if ordered else 0
        with (
            Ahead(beside, self._rest) as ahead,
            ThreadPoolExecutor(workers, thread_name_prefix="write") as pool,
        ):
            try:
                self._spread(pool, issues, last, workers, ahead)
            except BaseException:
                self._stop()
                pool.shutdown(wait=True, cancel_futures=True)
                raise
        self._ahead = ahead.done
        self._end_doubts(last)
        if last or not found.count:
            self._applied.unchanged += self._skipped
        return found.count

    def _own(
        self, _survey: Survey, _only: Only | None, issues: Iterable[Issue], _last: bool
    ) -> Iterable[Issue]:
        """What this process writes of the issues of a pass."""
        return issues

    def _end_doubts(self, last: bool, opens: bool = False) -> None:
        while self._doubts:
            doubt, key = self._doubts.pop(0)
            self._settle(doubt)
            issue = self._target.archive.issue(key)
            if issue is not None:
                self._issue(issue, last, opens)

    def _settle(self, doubt: Doubt) -> None:
        """End a doubt, once, though several issues may wait for the same shared object."""
        if doubt.intent in self._settled:
            return
        self._settled.add(doubt.intent)
        try:
            self._sender.settle(doubt)
        except ObjectError as error:
            self._steps.unsettled[doubt.step.issue] = str(error)
        self._steps.forget(doubt)
        self._ledger.flush()  # what was found there must not be made again

    def _spread(
        self,
        pool: ThreadPoolExecutor,
        issues: Iterable[Issue],
        last: bool,
        workers: int,
        ahead: Ahead,
    ) -> None:
        futures: set[Future[None]] = set()
        for number, issue in enumerate(issues):
            futures.add(pool.submit(self._in_turn, number, issue, last, ahead))
            while len(futures) > workers * 2:
                done, futures = wait(futures, return_when=FIRST_COMPLETED)
                for future in done:
                    future.result()
        for future in futures:
            future.result()

    def _to_write(self, only: Only | None, limit: int | None, last: bool) -> Iterator[Issue]:
        """Issues that are not known to be done from these very inputs, in order."""
        taken = 0
        for key, content, verdict in self._judged():
            if verdict is None or verdict.state in CLOSED_STATES or key in self._failed:
                continue
            if key in self._ahead:
                taken += 1
                continue
            if verdict.state == "done" and verdict.inputs == inputs(self._target, content):
                self._skipped += 1
                continue
            if self._aside.rests(verdict, content):
                continue
            issue = self._target.archive.issue(key)
            if issue is None or (only is not None and not only.takes(issue)):
                continue
            taken += 1
            if limit is not None and taken > limit:
                return
            yield issue

    def _judged(self) -> Iterator[tuple[Key, str, Verdict | None]]:
        """All issues, with the digests of their contents and where they stood a page ago."""
        for page in pages(self._target.archive.digests(), _PAGE):
            verdicts = self._ledger.verdicts([key for key, _ in page])
            yield from ((key, content, verdicts.get(key)) for key, content in page)

    def _in_turn(self, number: int, issue: Issue, last: bool, ahead: Ahead) -> None:
        """One issue, unless an earlier one met what stops the run: numbers follow the source."""
        turn = self._order.at(number) if self._order is not None else nullcontext()
        with suppress(Halted), turn, self._going_on() as goes_on:
            if goes_on and self._issue(issue, last) and not last:
                ahead.offer(issue)

    def _rest(self, issue: Issue) -> bool:
        """All of an issue that is created; whether it could be written by now."""
        with self._going_on() as goes_on, suppress(NotYet):
            self._ledger.flush()  # what was made of it just now is on its way there
            return goes_on and self._issue(issue, last=True, ahead=True)
        return False

    @contextmanager
    def _going_on(self) -> Iterator[bool]:
        """Whether nothing stops the run yet; what is raised within does."""
        try:
            if not self._stopping:
                go_on_or_stop()
            yield not self._stopping
        except BaseException:
            self._stop()
            raise

    def _stop(self) -> None:
        """Let nothing more begin."""
        self._stopping = True
        if self._order is not None:
            self._order.halt()

    def _turn(self, step: ClosedStep, seconds: float | None) -> bool:
        """Wait until an issue may be created, or so long; whether it may. Anything else may."""
        kind = self._target.planner.issue_kind
        creates = any(one.op == "create" and one.kind == kind for one in step.actions)
        return not creates or self._order is None or self._order.wait(seconds)

    # -- one issue --------------------------------------------------------------------------------

    def _issue(self, issue: Issue, last: bool, opens: bool = False, *, ahead: bool = False) -> bool:
        """Write it, in this pass; whether that was done. Raises NotYet if it is written ahead of
        its turn, and that can't be."""
        try:
            held = self._ledger.of_issue(issue.key)
            if not opens and self._opening.must_wait(issue, held.get(issue.key)):
                return False
            whole = self._write(issue, held, last, ahead)
        except InDoubt as waiting:
            self._wait_for(waiting.doubt, issue)
            return False
        except Gone as error:  # a part of it may be, or all of it
            self._set_aside(issue, REMOVED if self._edits.removed(issue.key) else str(error))
            return False
        except (ObjectError, UsageError) as error:
            self._set_aside(issue, str(error), failed=not isinstance(error, Postponed))
            return False
        if last:
            self._finish(issue, whole)
        name = "issue" if last else "created"
        with self._guard:
            self._done[name] += 1
            done = self._done[name]
        self._say(name, issue.key, done)
        return True

    def _wait_for(self, doubt: Doubt, issue: Issue) -> None:
        with self._guard:
            self._doubted[issue.key] += not doubt.down  # an outage is no fault of the issue's
            self._doubts.append((doubt, issue.key))

    def _write(self, issue: Issue, held: dict[Key, Held], last: bool, ahead: bool) -> bool:
        """Send what is missing; whether nothing is left open afterwards."""
        self._steps.must_be_known(issue.key)
        if issue.key in held and held[issue.key].state == "gone":
            raise Refused(REMOVED)
        if self._doubted[issue.key] > _DOUBTS:
            raise Refused(f"the replies to {_DOUBTS + 1} requests were lost: look at the server")
        planned = self._target.planner.wanted(issue, self._target.decisions)
        if not last:  # comments come last, and are not rendered before they are needed
            planned = takewhile(lambda one: self._kinds[one.kind].phase < 2, planned)
        wanted = list(planned)
        if last:
            decisions = self._target.decisions
            wanted = with_retired(self._target.planner, issue, wanted, held, decisions)
        self._wait_for_named(issue, wanted, ahead)
        held |= self._ledger.held([one.key for one in wanted if one.issue != issue.key])
        found = diff(wanted, held, self._kinds, self._target.places)
        if last:
            others = misnamed(wanted, held, self._target.decisions.account)
            self._note(found, sum(1 for _ in others))
        actions = [
            action
            for action in found.actions
            if last or (action.op == "create" and self._kinds[action.wanted.kind].phase < 2)
        ]
        self._carry_out(issue, actions, held)
        return not found.stuck

    def _wait_for_named(self, issue: Issue, wanted: Sequence[Wanted], ahead: bool) -> None:
        """Of what it names, an earlier issue may be on its way just now. Raises NotYet if it is
        written ahead of its turn, and names what has no place yet."""
        if not ahead and self._order is None:
            return
        for key in awaited(self._target, wanted):
            if ahead:
                raise NotYet
            if self._order is not None and position(key) < position(issue.key):
                self._order.wait()

    def _carry_out(self, issue: Issue, actions: Sequence[Action], held: Mapping[Key, Held]) -> None:
        """Send what is left of these actions, once what they would write over can be read."""
        for _ in range(_LOOKS):
            moment = self._meanwhile.begin(actions)
            recalled = self._meanwhile.recalled(moment)
            decided = self._edits.decide(issue, actions, held, recalled)
            if not decided.notes:
                break
            self._steps.must_be_planned(actions)
            self._beside.carry_out(decided.notes)
            self._ledger.flush()
            held = {**held, **self._ledger.held([one.wanted.key for one in decided.notes])}
        else:
            raise Postponed("somebody is changing it just now: the next run looks again")
        self._steps.carry_out(decided.actions)
        self._edits.settle(decided)
        self._keep(decided, self._meanwhile.end(issue, moment, decided, held))

    def _keep(self, decided: Decided, raced: Sequence[tuple[Key, str]]) -> None:
        with self._guard:
            self._applied.kept += len(decided.kept)
            self._applied.overruled += len(decided.overruled)
            self._applied.raced += len(raced)
        told = {"kept": decided.kept, "overruled": decided.overruled, "raced": raced}
        for name, fields in told.items():
            for key, field in fields:
                self._say(name, key, self._done["issue"], field)

    def _note(self, found: Difference, others: int) -> None:
        with self._guard:
            self._applied.misnamed += others
            self._applied.unchanged += found.unchanged
            self._applied.stuck += len(found.stuck)
            self._applied.unwanted += len(found.left)
            self._applied.gone += len(found.gone)
        for key, mark, audience in found.again:
            self._ledger.accept(key, mark, audience)

    def _finish(self, issue: Issue, whole: bool) -> None:
        reason = "" if whole else "some changes can't be made at this target"
        content = self._target.archive.digest(issue.key)
        self._ledger.finish(issue.key, inputs(self._target, content), reason)

    def _set_aside(self, issue: Issue, reason: str, *, failed: bool = True) -> None:
        with self._guard:
            self._failed.add(issue.key)
        self._aside.add(issue.key, reason, failed=failed)
        self._say("aside", issue.key, self._done["issue"], reason)

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


class _Counted:
    """Issues, and how many were asked for."""

    def __init__(self, issues: Iterator[Issue]) -> None:
        self._issues = issues
        self.count = 0

    def __iter__(self) -> Iterator[Issue]:
        for issue in self._issues:
            self.count += 1
            yield issue


def _uncounted(_step: Step) -> None:
    """Closing is told issue by issue, not object by object."""
