"""Sharing a pass out to the workers: who coordinates offers each issue, waits, takes over what a
dead worker has left, and says what is left to itself.

Workers create and fill. Closing before all else, opening last, joining and giving numbers stay with
who coordinates. So does the issue that a worker could not do: it comes back, and is done here.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import contextmanager

from tracker_migrate import hosts, waiting
from tracker_migrate.engine.queue import Queue
from tracker_migrate.engine.survey import pages
from tracker_migrate.engine.target import Target
from tracker_migrate.engine.terms import terms
from tracker_migrate.errors import Brake
from tracker_migrate.model import Issue, Key
from tracker_migrate.workspace import Workspace
from tracker_migrate.workspace.crew import Part, Round
from tracker_migrate.workspace.outpost import must_be_shared
from tracker_migrate.workspace.pacing import SlotsOfAll

#: seconds that a first worker is waited for, and one when all have gone
GRACE = 60.0
#: a worker that was not heard of for so many seconds, and two settle times, is taken for dead
SILENT = 120.0
#: seconds for which workers may end what they have begun, when the run is to stop
LAST = 30.0
_LOOK = 0.3
_PAGE = 200

Hear = Callable[[Part], None]
TakeOver = Callable[[Collection[str]], Collection[Key]]


class Sharing:
    """Shares out the passes of one target's run. plan: what the run keeps to, if to one.
    take_over: settles what owners of intents that are dead have sent; returns those issues of which
    that did not work."""

    def __init__(
        self, target: Target, plan: frozenset[str] | None, hear: Hear, take_over: TakeOver
    ) -> None:
        self._target, self._ledger = target, target.ledger
        self._crew = target.workspace.crew
        self._queue = Queue(target.workspace.engine)
        self._plan = plan
        self._hear, self._take_over = hear, take_over
        self._silent = SILENT + 2 * target.sink.settle_seconds

    def share(self, issues: Iterable[Issue], last: bool) -> Iterator[Key]:
        """Have workers do these; returns, when nothing of theirs can be written any more, the keys
        of those that are left, in order. Raises what stops a run."""
        of = self._crew.begin(self._target.name, last, terms(self._target), self._plan)
        try:
            self._offer(of, issues)
            self._wait(of)
        finally:
            self._end(of)
        return (key for page in self._crew.unfinished(of) for key in page)

    def _offer(self, of: Round, issues: Iterable[Issue]) -> None:
        offered = 0
        for page in pages(iter(issues), _PAGE):
            keys = [issue.key for issue in page]
            self._crew.add(of, offered, keys)
            self._queue.defer(of.id, keys)
            offered += len(keys)
            self._look(of)

    def _wait(self, of: Round) -> None:
        """Until nobody is at work, and nothing waits that somebody could take."""
        lonely = idle = time.monotonic()
        told = False
        while True:
            waiting.check()
            alive, busy = self._look(of)
            now = time.monotonic()
            if busy or self._queue.waiting(of.id):
                idle = now
            if alive:
                lonely = now
            if now - idle > 2 * _LOOK or now - lonely > GRACE:
                return
            if not alive and not told:
                told = True
                waiting.tell("waiting", _LONELY.format(seconds=GRACE))
            waiting.sleep(_LOOK)

    def _look(self, of: Round) -> tuple[bool, bool]:
        """Hear what has ended, and take over what the dead have left. Whether a worker is there,
        and whether one is at work. Raises Locked if workers see nobody who coordinates."""
        self._target.workspace.must_coordinate()
        self._hear_all(of)
        alive, busy = self._crew.alive(self._silent), self._crew.at_work(of)
        dead = busy.keys() - alive
        if dead:
            self._bury(of, dead, [key for one in sorted(dead) for key in busy[one]])
        return bool(alive), bool(busy)

    def _bury(self, of: Round, dead: Collection[int], keys: list[Key]) -> None:
        """Give what dead workers were busy with to others, once it is known what came of it."""
        owners = self._crew.bury(dead)
        waiting.tell("waiting", f"{len(dead)} of the workers gone; taking over what they had begun")
        time.sleep(2 * waiting.KNOWN)  # so long one may go by what it knew
        unsettled = self._take_over(owners)
        self._ledger.release(keys)
        self._crew.hand_on(of, unsettled, "left")
        again = [key for key in keys if key not in unsettled]
        self._crew.hand_on(of, again, "waiting")
        self._queue.defer(of.id, again)

    def _end(self, of: Round) -> None:
        """Have what is begun ended, for a while, and then let nothing of it be written any more."""
        self._crew.end(of)
        until = time.monotonic() + LAST
        while self._crew.at_work(of).keys() & self._crew.alive(self._silent):
            if time.monotonic() > until:
                break
            time.sleep(_LOOK)
        self._crew.close(of)
        if self._crew.at_work(of):
            time.sleep(2 * waiting.KNOWN)
        try:
            self._hear_all(of)
        finally:
            self._ledger.drop_leases(others=True)

    def _hear_all(self, of: Round) -> None:
        """Hear of each part that has ended; then raise what one of them stops the run with."""
        stops: Brake | None = None
        for part in self._crew.news(of):
            try:
                self._hear(part)
            except Brake as brake:
                stops = stops or brake
        if stops is not None:
            raise stops


_LONELY = (
    "no worker is there: start tracker-migrate worker on one machine or more; this one goes on by "
    "itself in {seconds:.0f} s"
)


@contextmanager
def shared_out(workspace: Workspace) -> Iterator[None]:
    """While in it, work of this workspace may be shared out, and all who do it share the rates of
    the servers. Raises UsageError if it is on one machine alone, or procrastinate is missing."""
    must_be_shared(workspace)
    Queue(workspace.engine).make()
    with hosts.paced_by(lambda host, alone: SlotsOfAll(workspace.engine, host, alone)):
        try:
            yield
        finally:
            workspace.crew.forget()
