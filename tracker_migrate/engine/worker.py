"""A worker: waits for somebody to share out work, and does its part of it, again and again."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

from tracker_migrate import hosts
from tracker_migrate.engine.events import Listen, silent
from tracker_migrate.engine.queue import Queue
from tracker_migrate.engine.shift import Shift
from tracker_migrate.errors import Locked, MigrateError, Unreachable
from tracker_migrate.interfaces import Event
from tracker_migrate.waiting import Stopped, heard_by
from tracker_migrate.workspace.crew import Crew, Round
from tracker_migrate.workspace.database import translated
from tracker_migrate.workspace.outpost import Outpost
from tracker_migrate.workspace.pacing import SlotsOfAll
from tracker_migrate.workspace.presence import Presence, present
from tracker_migrate.workspace.workspace import this_process

#: seconds between two words that it is there, and two looks for work
_BEAT = 0.5
#: seconds without anybody who coordinates, after which there is nothing to do
IDLE = 10.0
#: so often, at most, a new connection of one that was taken for dead is ended as well
_CUT_OFF = 4
_TAKEN_FOR_DEAD = (
    "was not heard of for a while, and taken for dead: others have taken over what it had begun; "
    "it begins anew"
)


class Worker:
    """Works for one workspace. stop: ends it, after the requests that are under way. until_idle:
    end when nobody has coordinated for a while."""

    def __init__(
        self,
        outpost: Outpost,
        listen: Listen = silent,
        *,
        stop: threading.Event | None = None,
        until_idle: bool = False,
    ) -> None:
        self._outpost, self._listen = outpost, listen
        self._stop = stop or threading.Event()
        self._until_idle = until_idle
        self._needed_at = time.monotonic()
        self._queue = Queue(outpost.engine)
        self._crew = Crew(outpost.engine)
        #: how many issues it has written, in all
        self.done = 0

    def run(self) -> None:
        """Work until it is told to stop. Raises UsageError, WorkspaceError if it can't work for
        whoever coordinates; LoginNeeded, Unreachable."""
        engine = self._outpost.engine
        with heard_by(self._listen), hosts.paced_by(lambda h, own: SlotsOfAll(engine, h, own)):
            while not self._is_over():
                if self._crew.is_made():
                    self._be_there()
                self._stop.wait(_BEAT)

    def _is_over(self) -> bool:
        return self._stop.is_set() or (self._until_idle and self._is_idle())

    def _is_idle(self) -> bool:
        if self._outpost.is_coordinated():
            self._needed_at = time.monotonic()
        return time.monotonic() - self._needed_at > IDLE

    def _be_there(self) -> None:
        """Work, as long as nobody takes this worker for dead; then it begins anew, as another."""
        engine, owner = self._outpost.engine, self._outpost.owner
        number = None
        try:
            with translated(), present(engine, this_process(), owner) as presence:
                number = presence.number
                while presence.beat() and not self._is_over():
                    self._look(presence)
        except MigrateError:
            if number is None or not self._is_gone(number):
                raise
            self._listen(Event(name="worker", detail=_TAKEN_FOR_DEAD))

    def _look(self, presence: Presence) -> None:
        found = self._crew.open_round() if self._outpost.is_coordinated() else None
        if found is not None:
            self._work(found, presence)
        self._stop.wait(_BEAT)

    def _is_gone(self, number: int) -> bool:
        """Whether somebody took a worker for dead. Its connections are being ended then."""
        for _ in range(_CUT_OFF):
            with suppress(Unreachable):
                return self._crew.is_gone(number)
            time.sleep(_BEAT)
        return self._crew.is_gone(number)

    def _work(self, of: Round, presence: Presence) -> None:
        with Shift(self._outpost, of, presence.number, self._listen) as shift:
            self._say(of, f"begins at {of.target}")
            with self._beating(of, presence) as over:
                self._queue.work(
                    of.id, shift.at_once, shift.write, lambda: over() or shift.error is not None
                )
            self.done += shift.done
            self._say(of, f"did its part at {of.target}: {shift.done} issues")
        if shift.error is not None and not isinstance(shift.error, Locked | Stopped):
            raise shift.error

    @contextmanager
    def _beating(self, of: Round, presence: Presence) -> Iterator[Callable[[], bool]]:
        """Give word meanwhile, from a thread of its own; tells whether the round is over for us."""
        over, ended = threading.Event(), threading.Event()

        def beat() -> None:
            while not ended.wait(_BEAT):
                if not self._goes_on(of, presence):
                    over.set()

        thread = threading.Thread(target=beat, name="presence", daemon=True)
        thread.start()
        try:
            yield lambda: over.is_set() or self._stop.is_set()
        finally:
            ended.set()
            thread.join()

    def _goes_on(self, of: Round, presence: Presence) -> bool:
        try:
            coordinated = self._outpost.is_coordinated()
            return presence.beat() and coordinated and self._crew.is_open(of)
        except MigrateError:
            return False

    def _say(self, of: Round, what: str) -> None:
        self._listen(Event(name="worker", target=of.target, detail=what, done=self.done))
