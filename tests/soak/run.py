"""The soak: hours of changes, people, faults and deaths, with quiet moments between them."""

from __future__ import annotations

import random
import signal
import time as real
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from tests.end_to_end.world import TARGETS, World
from tests.soak import gauge, mix
from tests.soak.clock import SharedTime
from tests.soak.gauge import Sample
from tests.soak.judge import Judge, eyes_of
from tests.soak.life import Life, Refused
from tests.soak.mix import Event, Shares
from tests.soak.world import LATE, Daemon, servers
from tests.state_machine.truth import Truth
from tracker_migrate.testing.loopback import Fault, StandIn, struck

#: so far may the clock run ahead of a round, in simulated seconds
_AHEAD = 600.0
#: after so much simulated time every issue was swept, and everything asked for again
_WHOLE = 25 * 3600.0
#: it begins so long ago: a server's clock that is far ahead of ours is not believed
_PAST = 60 * 86400.0
#: for which a pause lasts
_PAUSE = 1200.0
#: days in which nothing happens, in the end
_DAYS = 4
#: rounds after which all has to be quiet
_ROUNDS = 15
_FINE = (0, 3, -signal.SIGKILL)


class How(NamedTuple):
    """seed: of all that is drawn. hours: simulated. bugs: in the beginning. quiet: hours between
    two quiet moments. calm_after: the part of the hours in which the daemon is stopped at times;
    afterwards it lives on, so that it is seen what it holds."""

    seed: int
    hours: float = 24.0
    bugs: int = 100
    quiet: float = 4.0
    calm_after: float = 0.6
    shares: Shares = Shares()


class Soak:
    """One run. say: where its lines go."""

    def __init__(
        self, how: How, folder: Path, here: World, time: SharedTime, say: Callable[[str], None]
    ) -> None:
        self._how, self._folder, self._here, self._time, self._say = how, folder, here, time, say
        self._draw = random.Random(how.seed)
        self.life = Life(here.launchpad, self._draw, how.bugs)
        self.eyes = eyes_of(here, self.life)
        self.truths = {name: self._at_target() for name in TARGETS}
        self.daemon = Daemon(here, time, folder / "clock")
        self.judge = Judge(here, self.life, self.truths, self.eyes)
        self.counts: Counter[str] = Counter()
        self.kinds: Counter[str] = Counter()
        self.samples: list[Sample] = []
        self._rested: list[Sample] = []
        self.differences: list[str] = []
        self._armed: list[tuple[StandIn, Fault, int]] = []
        self._paused, self._resume_at = False, 0.0
        self._began = real.monotonic()
        self._idle = time.seconds  # when it waited last

    def _at_target(self) -> Truth:
        """What people do at a target; of the source, all know the same."""
        known, made = self.life.truth, Truth(keeps_filed=True)
        made.bugs, made.told, made.said = known.bugs, known.told, known.said
        return made

    # -- the whole -------------------------------------------------------------------------------

    def run(self) -> None:
        """The hours, one after the other."""
        how = self._how
        self.daemon.start()
        self.daemon.until(lambda: self.daemon.waits, "everything is read and written")
        self._quiet("the beginning")
        hours = 0.0
        while hours < how.hours:
            length = min(1.0, how.hours - hours)
            alive = hours >= how.calm_after * how.hours
            start = self._time.seconds
            for event in mix.hour(self._draw, start, how.shares, restarts=not alive):
                if event.at <= start + 3600 * length:
                    self._to(event.at)
                    self._happens(event)
            self._to(start + 3600 * length)
            hours += length
            if hours % how.quiet < 1e-9 or hours >= how.hours:
                self._quiet(f"hour {hours:g}")
        self._rest()

    def _rest(self) -> None:
        """Days in which nothing happens: all is swept in each, and nothing is left of it. It is
        measured from the end of the first, in which some pages are still added, once: of sixteen
        bugs four, and then none in nine days."""
        for _ in range(_DAYS if self._how.hours else 0):
            self.daemon.a_round(after=_WHOLE)
            self._sample()
            self._rested.append(self.samples.pop())

    def summary(self) -> str:
        """The last line."""
        counts = self.counts
        return (
            f"hours={self._how.hours:g} changes={counts['changes']} faults={counts['faults']} "
            f"differences={len(self.differences)}"
        )

    def flat(self) -> dict[str, float]:
        """How much memory, open files, the database's log, and its bytes for each thing grew, as a
        ratio, if there are samples enough; and the whole database, in days in which nothing
        happened."""
        life = gauge.longest(self.samples)
        each = {
            "memory": [float(one.rss) for one in life],
            "files": [float(one.files) for one in life],
            "wal": [float(one.wal) for one in life],
            "database": [one.size / one.things for one in self.samples],
        }
        flat = {
            name: gauge.growth(values)
            for name, values in each.items()
            if len(values) >= gauge.ENOUGH
        }
        if self._rested:
            flat["at_rest"] = self._rested[-1].size / self._rested[0].size
        return flat

    def is_well(self) -> bool:
        """Whether source and targets agreed each time, and nothing grows. A whole day has to tell
        of all that may."""
        flat = self.flat()
        untold = self._how.hours >= 24 and len(flat) < 5
        grows = any(
            ratio > (gauge.AT_REST if name == "at_rest" else gauge.SLACK)
            for name, ratio in flat.items()
        )
        return not (self.differences or grows or untold)

    # -- time ------------------------------------------------------------------------------------

    def _to(self, moment: float) -> None:
        """Let it become this moment. Every round that is due before begins when it is due; the time
        stands still while a round is far behind."""
        shared = self._time
        if self._paused and moment >= self._resume_at:
            self._resume()
        while shared.seconds < moment:
            self.daemon.check()
            if until := shared.until:
                self._idle = max(shared.seconds, min(moment, until))
                shared.seconds = self._idle
                if until <= moment:
                    self._sample()
                    self._until_it_begins(until)
            elif moment - self._idle <= _AHEAD or self._paused:
                shared.seconds = moment
            else:
                self._until_it_waits()

    def _until_it_begins(self, due: float) -> None:
        self.daemon.until(lambda: self._time.until != due, "a round begins")

    def _until_it_waits(self) -> None:
        self.daemon.until(lambda: self.daemon.waits, "it ends its round")

    def _sample(self) -> None:
        self.samples.append(
            gauge.sample(self.daemon.pid, self._time.rounds, self._here.folder, self._things())
        )

    def _things(self) -> int:
        count = self.life.store.scalar
        return int(count("SELECT (SELECT count(*) FROM message) + (SELECT count(*) FROM activity)"))

    # -- what happens ------------------------------------------------------------------------------

    def _happens(self, event: Event) -> None:
        getattr(self, f"_{event.kind}")(event)

    def _source(self, event: Event) -> None:
        """Somebody does something at the source; if there is nothing to do it to, he comments."""
        with self._here.launchpad.lock:
            try:
                getattr(self.life, event.what)()
                self.kinds[event.what] += 1
            except Refused:
                self.life.comment()
                self.kinds["comment"] += 1
        self.counts["changes"] += 1
        self._agreed()

    def _agreed(self) -> None:
        """Where the source says by now what somebody did, nobody can tell whose it is."""
        for truth in self.truths.values():
            for number, name in list(truth.edits):
                if name == "done":
                    truth.touched.add(number)

    def _people(self, event: Event) -> None:
        truth, eyes = self.truths[event.where], self.eyes[event.where]
        bug = self.life.a_bug()
        value = truth.edit()
        if event.what == "remark":
            if eyes.remark(bug.number, value):
                truth.remarks.setdefault(bug.number, []).append(value)
                self.counts["people"] += 1
        elif event.what == "done":
            self._state(event.where, bug.number)
        elif eyes.edit(bug.number, event.what, value):
            truth.edits[bug.number, event.what] = value
            self.counts["people"] += 1

    def _state(self, target: str, number: int) -> None:
        """Somebody closes or opens an issue at a target."""
        truth, eyes = self.truths[target], self.eyes[target]
        here = eyes.stands().get(number)
        if here and eyes.edit(number, "done", str(not here[0].done)):
            truth.touched.add(number)
            self.counts["people"] += 1

    def _fault(self, event: Event) -> None:
        standin: Any = getattr(self._here, event.where)
        own = event.what in standin.mischief
        how: dict[str, Any] = {
            "skip": self._draw.randrange(6),
            "times": self._draw.choice([1, 1, 2]),
        }
        if event.where != "launchpad" and self._draw.random() < 0.7:
            how["writes"] = True
        if event.what == "late":
            how |= {"seconds": LATE, "writes": True}
        fault = Fault(do=event.what, **how) if own else struck(event.what, **how)
        with standin.lock:
            standin.faults.append(fault)
        self._armed.append((standin, fault, fault.times))

    def _daemon(self, event: Event) -> None:
        self.counts[event.what] += 1
        if event.what == "kill":
            self._resume()  # it dies in the middle of something
            self.daemon.kill(self._draw.randint(1, 60))
            self.daemon.start()
        elif event.what == "term":
            status = self.daemon.stop()
            if status not in _FINE:
                self._differ("SIGTERM", [f"ended it with status {status}"])
            self.daemon.start()
        elif self.daemon.paused():
            self._paused = True
            self._resume_at = self._time.seconds + _PAUSE

    # -- a quiet moment ----------------------------------------------------------------------------

    def _calm(self) -> None:
        """Nothing goes wrong any more."""
        for standin, fault, times in self._armed:
            with standin.lock:
                standin.faults = [one for one in standin.faults if one is not fault]
            self.counts["faults"] += times - fault.times
        self._armed.clear()
        self._resume()

    def _resume(self) -> None:
        if self._paused:
            self.daemon.resumed()
            self._paused = False

    def _quiet(self, when: str) -> None:
        """All comes to rest, and is looked at."""
        self._calm()
        self._until_it_waits()
        last = self.daemon.a_round(after=_WHOLE)
        for _ in range(_ROUNDS):
            last = self.daemon.a_round()
            if _is_idle(last):
                break
        else:
            if not _is_idle(last, aside=True):  # what was set aside is the judge's
                self._differ(when, [f"it does not come to rest: {last}"])
        self._sample()
        self._differ(when, self.judge.differences())
        now = self.samples[-1]
        self._say(
            f"{when}: bugs={len(self.life.truth.bugs)} changes={self.counts['changes']} "
            f"people={self.counts['people']} faults={self.counts['faults']} "
            f"kills={self.counts['kill']} terms={self.counts['term']} rounds={self._time.rounds} "
            f"memory={now.rss >> 20}M files={now.files} database={now.size >> 10}k/{now.things} "
            f"differences={len(self.differences)} seconds={real.monotonic() - self._began:.0f}"
        )

    def _differ(self, when: str, found: Iterable[str]) -> None:
        for one in found:
            self.differences.append(f"{when}: {one}")
            self._say(f"    {when}: {one[:300]}")


def _is_idle(said: dict[str, Any], *, aside: bool = False) -> bool:
    """Whether a round found nothing, wrote nothing, and left nothing. aside: that may be left."""
    pulled = said.get("pulled") or {}
    news = any(pulled.get(name) for name in ("new", "changed", "gone", "unread"))
    steps = any(
        one.get("steps") or (one.get("aside") and not aside) for one in said["applied"].values()
    )
    return bool(pulled) and not (said["error"] or news or steps)


@contextmanager
def soak(how: How, folder: Path, say: Callable[[str], None]) -> Iterator[Soak]:
    """A run that is ready to be made."""
    shared = SharedTime(folder / "clock")
    shared.seconds = real.time() - _PAST
    with servers(folder / "move", shared) as here:
        made = Soak(how, folder, here, shared, say)
        try:
            yield made
        finally:
            made.daemon.end()
