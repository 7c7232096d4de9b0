"""Writing one issue: what is wanted of it and not there yet, once, in its own order."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import takewhile

import msgspec

from tracker_migrate.engine.ahead import NotYet, awaited
from tracker_migrate.engine.applied import Applied
from tracker_migrate.engine.aside import Aside
from tracker_migrate.engine.authored import misnamed
from tracker_migrate.engine.between import Meanwhile
from tracker_migrate.engine.diff import Difference, diff
from tracker_migrate.engine.edits import REMOVED, Decided, Edits
from tracker_migrate.engine.events import Listen, silent
from tracker_migrate.engine.foreseen import inputs
from tracker_migrate.engine.inorder import InOrder
from tracker_migrate.engine.opening import Opening
from tracker_migrate.engine.retired import with_retired
from tracker_migrate.engine.send import Doubt, InDoubt, Sender
from tracker_migrate.engine.steps import Steps
from tracker_migrate.engine.target import Target
from tracker_migrate.errors import Gone, ObjectError, Postponed, Refused, UsageError
from tracker_migrate.interfaces import IMPORTER, Action, ClosedStep, Event, Step, Wanted
from tracker_migrate.model import Issue, Key
from tracker_migrate.workspace.archive import mentioned, position
from tracker_migrate.workspace.ledger import Held

#: so many lost replies of one issue are settled and followed by another try
_DOUBTS = 3
#: so often an issue is looked at anew because of what was written of it
_LOOKS = 4
_UNKNOWN = "somebody whom it names could not be read yet: the next pull tries again"


class Writing:
    """Writes issues of one target, each in one call, from several threads. expected, is_public,
    retry: see `engine.apply.Apply`.

    applied: what was written so far. failed: issues that were set aside. order: where issues are
    created in order, the order of this pass.
    """

    def __init__(
        self,
        target: Target,
        listen: Listen = silent,
        expected: frozenset[str] | None = None,
        is_public: Callable[[Key], bool] | None = None,
        *,
        retry: bool = False,
    ) -> None:
        self.target = target
        self.expected = expected
        self._listen = listen
        self._ledger = target.ledger
        self._kinds = target.planner.kinds
        self.sender = Sender(
            target.sink,
            self._ledger,
            self._hear,
            turn=self._turn,
            check=self._must_not_be_hidden,
            lanes=target.beside.lanes,
        )
        self.steps = Steps(target, self.sender, expected, self._count)
        # what both sides say of a field is no line of a plan: the change that it comes of is
        self._beside = Steps(target, self.sender, None, self._count)
        self._edits = Edits(target)
        self._meanwhile = Meanwhile(target, self._edits, self._beside)
        self.opening = Opening(target, is_public)
        self.aside = Aside(target, retry=retry)
        self.applied = Applied()
        self.failed: set[Key] = set()
        self.order: InOrder | None = None
        self._unknown = target.archive.unknown_people()
        self.total = 0
        self._done: Counter[str] = Counter()
        self._guard = threading.Lock()
        self._doubts: list[tuple[Doubt, Key]] = []
        self._doubted: Counter[Key] = Counter()
        self._settled: set[int] = set()

    def issue(self, issue: Issue, last: bool, opens: bool = False, *, ahead: bool = False) -> bool:
        """Write it, in this pass; whether that was done. Raises NotYet if it is written ahead of
        its turn, and that can't be."""
        try:
            self._must_know_its_people(issue)
            held = self._ledger.of_issue(issue.key)
            if not opens and self.opening.must_wait(issue, held.get(issue.key)):
                return False
            whole = self._write(issue, held, last, ahead)
        except InDoubt as waiting:
            self._wait_for(waiting.doubt, issue)
            return False
        except Gone as error:  # a part of it may be, or all of it
            self.set_aside(issue, REMOVED if self._edits.removed(issue.key) else str(error))
            return False
        except (ObjectError, UsageError) as error:
            self.set_aside(issue, str(error), failed=not isinstance(error, Postponed))
            return False
        if last:
            self._finish(issue, whole)
        self.did("issue" if last else "created", issue.key)
        return True

    def _wait_for(self, doubt: Doubt, issue: Issue) -> None:
        with self._guard:
            self._doubted[issue.key] += not doubt.down  # an outage is no fault of the issue's
            self._doubts.append((doubt, issue.key))

    def _write(self, issue: Issue, held: dict[Key, Held], last: bool, ahead: bool) -> bool:
        """Send what is missing; whether nothing is left open afterwards."""
        self.steps.must_be_known(issue.key)
        if issue.key in held and held[issue.key].state == "gone":
            raise Refused(REMOVED)
        if self._doubted[issue.key] > _DOUBTS:
            raise Refused(f"the replies to {_DOUBTS + 1} requests were lost: look at the server")
        planned = self.target.planner.wanted(issue, self.target.decisions)
        if not last:  # comments come last, and are not rendered before they are needed
            planned = takewhile(lambda one: self._kinds[one.kind].phase < 2, planned)
        wanted = list(planned)
        if last:
            decisions = self.target.decisions
            wanted = with_retired(self.target.planner, issue, wanted, held, decisions)
        self._wait_for_named(issue, wanted, ahead)
        held |= self._ledger.held([one.key for one in wanted if one.issue != issue.key])
        found = diff(wanted, held, self._kinds, self.target.places)
        if last:
            others = misnamed(wanted, held, self.target.decisions.account)
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
        if not ahead and self.order is None:
            return
        for key in awaited(self.target, wanted):
            if ahead:
                raise NotYet
            if self.order is not None and position(key) < position(issue.key):
                self.order.wait()

    def _carry_out(self, issue: Issue, actions: Sequence[Action], held: Mapping[Key, Held]) -> None:
        """Send what is left of these actions, once what they would write over can be read."""
        for _ in range(_LOOKS):
            moment = self._meanwhile.begin(actions)
            recalled = self._meanwhile.recalled(moment)
            decided = self._edits.decide(issue, actions, held, recalled)
            if not decided.notes:
                break
            self.steps.must_be_planned(actions)
            self._beside.carry_out(decided.notes)
            self._ledger.flush()
            held = {**held, **self._ledger.held([one.wanted.key for one in decided.notes])}
        else:
            raise Postponed("somebody is changing it just now: the next run looks again")
        self.steps.carry_out(decided.actions)
        self._edits.settle(decided)
        self._keep(decided, self._meanwhile.end(issue, moment, decided, held))

    def _keep(self, decided: Decided, raced: Sequence[tuple[Key, str]]) -> None:
        with self._guard:
            self.applied.kept += len(decided.kept)
            self.applied.overruled += len(decided.overruled)
            self.applied.raced += len(raced)
        told = {"kept": decided.kept, "overruled": decided.overruled, "raced": raced}
        for name, fields in told.items():
            for key, field in fields:
                self.say(name, key, field)

    def _note(self, found: Difference, others: int) -> None:
        with self._guard:
            self.applied.misnamed += others
            self.applied.unchanged += found.unchanged
            self.applied.stuck += len(found.stuck)
            self.applied.unwanted += len(found.left)
            self.applied.gone += len(found.gone)
        for key, mark, audience in found.again:
            self._ledger.accept(key, mark, audience)

    def _finish(self, issue: Issue, whole: bool) -> None:
        reason = "" if whole else "some changes can't be made at this target"
        content = self.target.archive.digest(issue.key)
        self._ledger.finish(issue.key, inputs(self.target, content), reason)

    def _turn(self, step: ClosedStep, seconds: float | None) -> bool:
        """Wait until an issue may be created, or so long; whether it may. Anything else may."""
        creates = self._creates(one.kind for one in step.actions if one.op == "create")
        return not creates or self.order is None or self.order.wait(seconds)

    def _creates(self, kinds: Iterable[str]) -> bool:
        """Whether what is created is an issue, and no part of one."""
        return self.target.planner.issue_kind in kinds

    def _must_not_be_hidden(self, step: ClosedStep) -> None:
        """It may have waited since it was planned; who hides an issue waits for what was meant by
        then, and for no more."""
        closed = all(one.audience == IMPORTER for one in step.actions)
        if not closed and (why := self.target.closed(step.issue)) is not None:
            raise Postponed(why)

    def _must_know_its_people(self, issue: Issue) -> None:
        """Somebody of whom the name alone is known may be a team that not everybody may see: what
        is written of it stays in a history."""
        if not self._unknown.isdisjoint(mentioned(issue) if self._unknown else ()):
            raise Postponed(_UNKNOWN)

    def set_aside(self, issue: Issue, reason: str, *, failed: bool = True) -> None:
        """Put an issue to the side, and tell why. failed: see `Aside.add`."""
        with self._guard:
            self.failed.add(issue.key)
        self.aside.add(issue.key, reason, failed=failed)
        self.say("aside", issue.key, reason)

    def _count(self, step: Step) -> None:
        if self.order is not None and self._creates(action.wanted.kind for action in step.actions):
            self.order.leave()
        with self._guard:
            for action in step.actions:
                if action.op == "create":
                    self.applied.created += 1
                else:
                    self.applied.updated += 1

    # -- what is in doubt --------------------------------------------------------------------------

    def end_doubts(self, last: bool, opens: bool = False) -> None:
        """Settle what is in doubt, and go on with the issues that wait for it."""
        while self._doubts:
            doubt, key = self._doubts.pop(0)
            self._settle(doubt)
            issue = self.target.archive.issue(key)
            if issue is not None:
                self.issue(issue, last, opens)

    def _settle(self, doubt: Doubt) -> None:
        """End a doubt, once, though several issues may wait for the same shared object."""
        if doubt.intent in self._settled:
            return
        self._settled.add(doubt.intent)
        try:
            self.sender.settle(doubt)
        except ObjectError as error:
            self.steps.unsettled[doubt.step.issue] = str(error)
        self.steps.forget(doubt)
        self._ledger.flush()  # what was found there must not be made again

    # -- telling ----------------------------------------------------------------------------------

    def _hear(self, event: Event) -> None:
        if event.name in ("sent", "found"):
            with self._guard:
                self.applied.steps += 1
                self.applied.found += event.name == "found"
        self._listen(msgspec.structs.replace(event, target=self.target.name))

    def did(self, name: str, key: Key) -> None:
        """Count and tell an issue that is `created`, or of which all is written (`issue`)."""
        with self._guard:
            self._done[name] += 1
            done = self._done[name]
        self._tell(name, key, done)

    def say(self, name: str, key: Key, detail: str = "") -> None:
        """Tell of an object."""
        self._tell(name, key, self._done["issue"], detail)

    def _tell(self, name: str, key: Key, done: int, detail: str = "") -> None:
        target = self.target.name
        event = Event(name=name, target=target, key=key, detail=detail, done=done, total=self.total)
        self._listen(event)
