"""Law 1, tried on a sink: whatever becomes of a request or its reply, its object stands once."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor

import msgspec

from tracker_migrate.engine.beside import Lanes
from tracker_migrate.errors import (
    Doubtful,
    Gone,
    LoginNeeded,
    MigrateError,
    Refused,
    Retriable,
    Taken,
    Unreachable,
    WrongTracker,
)
from tracker_migrate.interfaces import ClosedStep, RemoteRef
from tracker_migrate.model import Issue, Key
from tracker_migrate.testing.conformance.base import SinkChecks
from tracker_migrate.testing.conformance.laws import broken, must
from tracker_migrate.testing.conformance.mover import Mover, said
from tracker_migrate.testing.conformance.target import NotShown, SinkUnderTest
from tracker_migrate.testing.faults import FAULTS

#: words by what the far end did: see `faults.FAULTS`
LOST = ("lose", "truncate", "mangle")
DROPPED = ("drop", "reset", "gateway", "html")
PATIENCE = ("busy", "unavailable")


class OnceChecks(SinkChecks):
    """What a sink must keep of "once"."""

    def test_what_was_written_is_read_back(self, target: SinkUnderTest) -> None:
        """Field by field, and nothing besides."""
        with self.mover(target) as mover:
            issue = self.issue(target)
            for step in mover.write(issue):
                self.stands_once(target, step, "was sent")
            self.alone(self.agrees(mover, issue), "after an ordinary run")

    def test_looking_writes_nothing(self, target: SinkUnderTest) -> None:
        """mark, lanes, stored, resend_safe, find, read, lookup, members, number, link."""
        with self.mover(target) as mover:
            issue = self.plain(target)
            for step in mover.steps(issue):
                before = target.writes()
                mark = mover.sink.mark(step)
                mover.sink.lanes(step), mover.sink.stored(step), mover.sink.resend_safe(step)
                found = said(mover.sink.find, step, mark)
                kinds = [mover.planner.kinds[action.kind] for action in step.actions]
                must(
                    # what is shared may be there, and a set without members always is
                    found is None or any(kind.phase == 0 or kind.within for kind in kinds),
                    "once",
                    f"`find` sees a {step.kind} that was never sent",
                    expected="None",
                    cure="compare the marker and the author, or the number and the author",
                )
                self._unchanged(target, before, f"looking at a {step.kind}")
                mover.carry_out(step)
            before = target.writes()
            mover.sink.read(mover.own(issue))
            mover.sink.lookup([w for w in mover.wanted.values() if w.issue == issue.key])
            mover.sink.members(["no such group"])
            self._unchanged(target, before, "reading")

    def test_a_mark_can_be_kept(self, target: SinkUnderTest) -> None:
        """It is written to a database with the intent, and read by another process."""
        with self.mover(target) as mover:
            for step in mover.steps(self.plain(target)):
                mark = mover.sink.mark(step)
                kept = msgspec.json.decode(msgspec.json.encode(mark))
                must(
                    kept == mark,
                    "once",
                    f"the mark of a {step.kind} is another after it was stored as JSON",
                    expected="JSON values alone, with names that are texts",
                    cure="no tuples, no numbers as names of a dict, no objects of your own",
                )
                mover.carry_out(step)
                with self.opened(target) as fresh:
                    said(fresh.check, mover.decisions)
                    found = said(fresh.find, step, kept)
                must(
                    found is not None and found.refs.keys() == {a.key for a in step.actions},
                    "once",
                    f"a new process does not find a {step.kind} that was carried out",
                    expected="a receipt that names all its objects",
                    cure="`find` may use the step, the mark and the server; nothing in memory",
                )
                self._same_place(mover, step, found.refs if found else {})

    def test_a_lost_reply_is_found_and_not_sent_twice(self, target: SinkUnderTest) -> None:
        """For every kind of step, lost whole or in part."""
        self._each_step(target, LOST, self._settles)

    def test_a_dropped_request_is_sent_again(self, target: SinkUnderTest) -> None:
        """What was never carried out is, in the end."""
        self._each_step(target, DROPPED, self._settles)

    def test_a_server_that_asks_for_patience_gets_it(self, target: SinkUnderTest) -> None:
        """429 and 503 with Retry-After."""
        self._each_step(target, PATIENCE, self._settles)

    def test_a_slow_reply_is_waited_for(self, target: SinkUnderTest) -> None:
        """Within the time-out, slow is no failure."""
        self._each_step(target, ("slow",), self._settles)

    def test_a_late_commit_is_found_within_settle_time(self, target: SinkUnderTest) -> None:
        """The client has gone, and then the server does the work."""
        self._each_step(target, ("late",), self._settles)

    def test_a_request_delivered_twice_is_seen(self, target: SinkUnderTest) -> None:
        """Nobody can prevent it; `read` has to say so."""

        def check(mover: Mover, step: ClosedStep, word: str) -> None:
            mover.carry_out(step)

        with self.mover(target) as mover:
            issue = self.plain(target, 31)
            twice = []
            for step in mover.steps(issue):
                creates = step.actions[0].op == "create"
                shared = mover.planner.kinds[step.actions[0].kind].phase == 0
                if creates and not shared and self._struck(target, "double"):
                    check(mover, step, "double")
                    target.calm()
                    if target.standing(step) > 1:
                        twice += [action.key for action in step.actions]
                else:
                    mover.carry_out(step)
            seen = said(mover.sink.read, mover.own(issue))
            missed = {mover.refs[of][0] for of in twice} - {
                mover.refs[of][0] for of in seen.doubled if of in mover.refs
            }
            must(
                not missed,
                "once",
                f"{sorted(missed)} stand there twice, and `read` does not say so",
                expected="their keys in Snapshot.doubled",
                cure="look in `read` for objects of our account that name the same permalink",
            )

    def test_what_is_safe_to_send_again_is(self, target: SinkUnderTest) -> None:
        """Where `resend_safe` says so, twice is once, and in the same place."""
        with self.mover(target) as mover:
            for step in mover.steps(self.plain(target, 41)):
                mover.carry_out(step)
                if not mover.sink.resend_safe(step):
                    continue
                again = said(mover.sink.send, step)
                self.stands_once(target, step, "was sent twice, as `resend_safe` allows")
                self._same_place(mover, step, again.refs)

    def test_many_at_once_are_each_once(self, target: SinkUnderTest) -> None:
        """As many threads as the sink allows, one at a time in each lane."""
        with self.mover(target) as mover:
            lanes, issues = Lanes(), [self.plain(target, 50 + n, 1) for n in range(6)]
            mover.write(self.plain(target, 59, 0))  # the project: an engine makes it once
            movers = [Mover(target, mover.sink) for _ in issues]
            for one in movers:
                one.refs |= mover.refs
            steps: list[ClosedStep] = []

            def write(one: int) -> None:
                for step in movers[one].steps(issues[one]):
                    with lanes(mover.sink.lanes(step)):
                        movers[one].carry_out(step)
                    steps.append(step)

            with ThreadPoolExecutor(max(2, mover.sink.connections)) as pool:
                list(pool.map(write, range(len(issues))))
            for step in steps:
                self.stands_once(target, step, "was sent from several threads")
            for one, issue in zip(movers, issues, strict=True):
                self.alone(self.agrees(one, issue, "from several threads"), "from several threads")

    def test_lanes_are_sorted_and_stay_the_same(self, target: SinkUnderTest) -> None:
        """They are locks: another order is a deadlock."""
        with self.mover(target) as mover:
            for step in mover.steps(self.issue(target, 61)):
                lanes = mover.sink.lanes(step)
                must(
                    isinstance(lanes, tuple)
                    and list(lanes) == sorted(set(lanes))
                    and lanes == mover.sink.lanes(step),
                    "once",
                    f"the lanes of a {step.kind} are {lanes!r}",
                    expected="a sorted tuple of names, the same each time",
                    cure="return tuple(sorted(names))",
                )
                mover.carry_out(step)

    # -- what stops a run -------------------------------------------------------------------------

    def test_a_login_that_ran_out_stops_the_run(self, target: SinkUnderTest) -> None:
        """With nothing written, and so that the next run goes on."""
        with self.mover(target) as mover:
            for step in mover.steps(self.plain(target, 71, 1)):
                if self._struck(target, "expired"):
                    before = target.standing(step)
                    self._raises(mover, step, "the login ran out", (LoginNeeded,))
                    must(
                        target.standing(step) == before,
                        "once",
                        f"{step.kind} was written by a login that ran out",
                        expected="nothing",
                        cure="stop at once: LoginNeeded is no reason to try again",
                    )
                    target.calm()
                mover.carry_out(step)

    def test_a_server_that_is_down_stops_the_run_or_is_asked_again(
        self, target: SinkUnderTest
    ) -> None:
        """Unreachable, Retriable or Doubtful; afterwards it goes on."""
        allowed = (Unreachable, Retriable, Doubtful)
        with self.mover(target) as mover:
            for step in mover.steps(self.plain(target, 81, 1)):
                if self._struck(target, "down"):
                    self._raises(mover, step, "the server is down", allowed, maybe=True)
                    target.calm()
                mover.carry_out(step)
                self.stands_once(target, step, "was sent to a server that was down for a while")

    # -- inside -----------------------------------------------------------------------------------

    def _each_step(
        self,
        target: SinkUnderTest,
        words: tuple[str, ...],
        check: Callable[[Mover, ClosedStep, str], None],
    ) -> None:
        """Write an issue for each word, and let every request of it meet that fault; then change
        it, and let every request of that meet it, too."""
        with self.mover(target) as mover:
            for turn, word in enumerate(words):
                issue = self.issue(target, 100 + 10 * sorted(FAULTS).index(word) + turn)
                for step in self._and_changes(mover, issue):
                    if self._struck(target, word):
                        check(mover, step, word)
                        target.calm()
                    else:
                        mover.carry_out(step)
                self.alone(self.agrees(mover, issue, f"after `{word}`"), f"after `{word}`")

    def _and_changes(self, mover: Mover, issue: Issue) -> Iterator[ClosedStep]:
        yield from mover.steps(issue)
        tasks = tuple(msgspec.structs.replace(one, status="Triaged") for one in issue.tasks)
        other = msgspec.structs.replace(
            issue, title="Another title", description="Another text.", tasks=tasks
        )
        yield from mover.changes(other)
        # what only takes away leaves all that was sent in its place: a look may take it for done
        yield from mover.changes(msgspec.structs.replace(other, tags=issue.tags[1:]))

    def _settles(self, mover: Mover, step: ClosedStep, word: str) -> None:
        __tracebackhide__ = True
        done = FAULTS[word].done
        try:
            mover.carry_out(step)
        except (Refused, Taken, Gone, LoginNeeded) as error:
            broken(
                "told",
                f"{type(error).__name__} for a {step.kind} that met `{word}`",
                expected="Doubtful or Retriable: it is not the object's fault",
                cure="see the tree in errors.py: what is refused is set aside, and not tried again",
            )
        except (WrongTracker, Unreachable) as error:
            # a page of somebody else's may stop the run; nothing may be lost by that
            must(
                done == "not",
                "once",
                f"{type(error).__name__} for a {step.kind} that was carried out (`{word}`)",
                expected="Doubtful: it may have been written",
                cure="stop a run only for what surely was not carried out",
            )
            mover.target.calm()
            mover.carry_out(step)
        if done == "late":
            time.sleep(mover.target.late)
        self.stands_once(mover.target, step, f"met `{word}` ({FAULTS[word].told})")

    def _struck(self, target: SinkUnderTest, word: str) -> bool:
        try:
            target.strike(word)
        except NotShown:
            return False
        return True

    def _raises(
        self,
        mover: Mover,
        step: ClosedStep,
        what: str,
        allowed: tuple[type[MigrateError], ...],
        *,
        maybe: bool = False,
    ) -> None:
        __tracebackhide__ = True
        names = " or ".join(one.__name__ for one in allowed)
        before = mover.target.writes()
        cure = "see the tree in errors.py: what the engine does follows from the class"
        try:
            said(mover.sink.send, step)
        except allowed:
            return
        except MigrateError as error:
            told = f"{type(error).__name__} from a {step.kind} when {what}"
            broken("told", told, expected=names, cure=cure)
        if not maybe and mover.target.writes() > before:
            broken("told", f"a receipt for a {step.kind} when {what}", expected=names, cure=cure)

    def _unchanged(self, target: SinkUnderTest, before: int, doing: str) -> None:
        __tracebackhide__ = True
        must(
            target.writes() == before,
            "once",
            f"{doing} sent {target.writes() - before} writing requests",
            expected="none: no intent stands for them in the ledger",
            cure="write in `send` and `claim` alone",
        )

    def _same_place(self, mover: Mover, step: ClosedStep, refs: Mapping[Key, RemoteRef]) -> None:
        __tracebackhide__ = True
        for action in step.actions:
            known, now = mover.refs[action.key][1], refs[action.key]
            must(
                known.id == now.id,
                "once",
                f"a {step.kind} is at {known.id}, and then at {now.id}",
                expected="one place",
                cure="build the RemoteRef of `send` and `find` by the same function",
            )
