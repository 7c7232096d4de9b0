"""Writing: what is wanted and not there yet, once, in parallel, each issue in its own order.

Where the target lets us choose numbers, every reference is known from the start and one pass does.
Elsewhere the first pass creates, and the second sends the comments and the texts whose references
are known by then; of some issues that is done while others are still created (`engine.ahead`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from functools import partial
from typing import Any

from tracker_migrate.engine.applied import Applied
from tracker_migrate.engine.closing import Closed, Closing
from tracker_migrate.engine.coming import Coming
from tracker_migrate.engine.doubles import Doubles
from tracker_migrate.engine.edits import reopen
from tracker_migrate.engine.events import Listen, silent
from tracker_migrate.engine.exposures import settle
from tracker_migrate.engine.feed import begin
from tracker_migrate.engine.filters import Only
from tracker_migrate.engine.passes import Passes
from tracker_migrate.engine.recover import recover
from tracker_migrate.engine.steps import Steps
from tracker_migrate.engine.survey import Survey
from tracker_migrate.engine.target import Target
from tracker_migrate.engine.writing import Writing
from tracker_migrate.errors import ClosingOnly, UsageError
from tracker_migrate.interfaces import Step
from tracker_migrate.model import Issue, Key
from tracker_migrate.workspace.doubled import Double
from tracker_migrate.workspace.ledger import Verdict


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
        self._writing = Writing(target, listen, expected, is_public, retry=retry)
        self._passes = Passes(self._writing)
        self._sender, self._applied = self._writing.sender, self._writing.applied
        # no plan and no brake holds a closing back
        self._closing = Closing(target, self._sender, Steps(target, self._sender, None, _uncounted))
        self._coming = Coming(self._sink, self._ledger, self._sender)

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
            self._judge(survey, only)
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
                own = partial(self._own, survey, only, last)
                news = self._passes.run(only, limit, last, own)
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
        self._writing.steps.unsettled |= found.failed  # it is there: it must not be made again
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

    def _judge(self, survey: Survey, only: Only | None) -> None:
        """What becomes of each issue. Where a mistake ends that, what has to be closed is closed
        nonetheless."""
        try:
            self._writing.total = survey.judge(only)
        except UsageError:
            self._closing.run(self._closed)
            raise

    def _await_late(self, survey: Survey, only: Only | None = None) -> None:
        """Nothing of ours is under way any more; what has come late is closed if it must be."""
        if self._coming.settle():
            survey.judge(only)
            self._closing.run(self._closed)

    def _doubled_at(self, one: Double) -> None:
        self._writing.say("doubled", one.key, f"as {one.at.number or one.at.id}")

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
            self._writing.say("closed", one.issue)
            return
        reason = f"EXPOSED: it could not be closed: {one.failed}"
        self._ledger.set_verdicts([Verdict(one.issue, "exposed", reason, "", 0)]).result()
        self._writing.say("exposed", one.issue, reason)

    def _open_last(self) -> None:
        for issue, reason in self._writing.opening.due():
            if reason:
                self._writing.set_aside(issue, reason)
            else:
                self._writing.issue(issue, last=True, opens=True)
                self._writing.end_doubts(last=True, opens=True)
        self._ledger.flush()

    def _recover(self, survey: Survey, only: Only | None) -> None:
        """Settle what an earlier run has left open."""
        self._writing.steps.unsettled |= recover(self._sink, self._ledger, self._sender)
        survey.judge(only)  # what is found may be something that has to be closed
        self._closing.run(self._closed)

    def _own(
        self, _survey: Survey, _only: Only | None, _last: bool, issues: Iterable[Issue]
    ) -> Iterable[Issue]:
        """What this process writes of the issues of a pass."""
        return issues


def _uncounted(_step: Step) -> None:
    """Closing is told issue by issue, not object by object."""
