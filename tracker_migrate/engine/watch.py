"""What the daemon says of itself, round by round: to the workspace, so that `status` can tell it,
and to whoever listens in its own process: a log, figures for a monitor, a service manager."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from datetime import datetime, timedelta
from time import monotonic
from types import TracebackType
from typing import Self

import msgspec

from tracker_migrate import waiting
from tracker_migrate.engine.alarms import Alarm, alarms
from tracker_migrate.engine.applied import Applied
from tracker_migrate.engine.clock import Clock
from tracker_migrate.engine.events import Listen, silent
from tracker_migrate.engine.following import read_as
from tracker_migrate.engine.intake import Pulled
from tracker_migrate.engine.unwritten import expected, unwritten
from tracker_migrate.errors import Locked, MigrateError
from tracker_migrate.interfaces import Event
from tracker_migrate.workspace import Workspace
from tracker_migrate.workspace.packing import moment, stamp
from tracker_migrate.workspace.pulse import Pulse, Side
from tracker_migrate.workspace.workspace import this_process

#: the name of the source where targets have theirs; no target is called so
SOURCE = "source"
#: seconds after which it is looked again whether another command is still at work
_LOOK = 1.0
#: while a round goes on, this is said every so many seconds
_EVERY = 30.0
#: what somebody who interrupts the daemon gets
_INTERRUPTED = 130


class Watch:
    """One daemon. listen: hears all that happens. keep: whether the workspace is told; a round that
    only tries things tells nobody. counts: events since it began, by name and target; rounds: by
    how they ended, `done`, `left` (something waits for a person), `failed`. found: changed issues
    by how they were found."""

    def __init__(
        self,
        workspace: Workspace,
        targets: Sequence[str],
        listen: Listen = silent,
        clock: Clock | None = None,
        *,
        keep: bool = True,
    ) -> None:
        self.workspace, self.targets = workspace, list(targets)
        self.clock = clock or Clock()
        self.counts: Counter[tuple[str, str]] = Counter()
        self.rounds: Counter[str] = Counter()
        self.found: Counter[str] = Counter()
        self.alarms: list[Alarm] = []
        #: called with the pulse whenever it says something new
        self.told: list[Callable[[Pulse], None]] = []
        self._listen, self._keep = listen, keep
        self._guard = threading.Lock()
        self._at = ""
        self._began = self.clock.now()
        self._before: datetime | None = None
        self._kept = monotonic()
        self.pulse = self._taken_up(targets)

    def _taken_up(self, targets: Sequence[str]) -> Pulse:
        """What the last daemon knew of the source and the targets holds; but whether a target that
        nobody keeps up to date any more came through is nobody's concern."""
        before = self.workspace.pulses.read() or Pulse()
        sides = {name: before.targets.get(name, Side()) for name in self.workspace.targets()}
        for name in sides.keys() - set(targets):
            sides[name] = msgspec.structs.replace(sides[name], error="", failing="", status=0)
        at = stamp(self._began)
        return Pulse(
            process=this_process(),
            began=at,
            at=at,
            source=before.source,
            targets={name: one for name, one in sides.items() if one.done or name in targets},
        )

    def __enter__(self) -> Self:
        self._say("waiting", "to begin")
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Say how it ended. Whatever ends it is told by whoever began it."""
        status = 0
        if isinstance(error, MigrateError):
            status = error.exit_status
            self.pulse.why = str(error)
            self.failed(self._at, error)
        elif isinstance(error, KeyboardInterrupt):
            status = _INTERRUPTED
        elif error is not None and not isinstance(error, GeneratorExit):
            status, self.pulse.why = 1, f"a bug in tracker-migrate ({type(error).__name__})"
        self.pulse.status = status
        with suppress(MigrateError):  # the database may be what failed
            self.alarms = self._looked()
            self._say("ended")

    # -- hearing ----------------------------------------------------------------------------------

    def hear(self, event: Event) -> None:
        """Hear of an event, and pass it on."""
        waiting.beat()
        with self._guard:
            self.counts[event.name, event.target] += 1
            side = self.pulse.targets.get(event.target)
            if side is not None and event.name == "issue":
                side.queue = max(0, side.queue - 1)
            due = monotonic() - self._kept > _EVERY
            if due:
                self._kept = monotonic()
        self._listen(event)
        if due:
            self._say(self.pulse.doing, self.pulse.what)

    # -- a round ----------------------------------------------------------------------------------

    @contextmanager
    def alone(self, stop: threading.Event) -> Iterator[bool]:
        """Have the workspace to oneself for a round; while another command is at work there it is
        waited for. False if somebody asked to stop meanwhile."""
        told = False
        with ExitStack() as stack:
            while not stop.is_set():
                try:
                    stack.enter_context(self.workspace.coordinating())
                    break
                except Locked as error:
                    if not told:
                        self._say("waiting", str(error))
                        self.hear(Event(name="waiting", detail=f"sync waits: {error}"))
                    told = True
                    waiting.beat(_LOOK)
                    stop.wait(_LOOK)
            self._began = self.clock.now()
            yield not stop.is_set()

    def reads(self) -> None:
        """The source is asked."""
        self._at = SOURCE
        self._before = self._source_time()
        self._say("reading")

    def has_read(self, pulled: Pulled) -> None:
        """The source was read."""
        self.found.update(pulled.found)
        self.pulse.source = Side(done=stamp(self.clock.now()), until=stamp(self._began))
        self.pulse.apart = self._apart()
        for name, side in self.pulse.targets.items():
            side.queue = expected(self.workspace, name, side.queue + pulled.changed)

    def writes(self, name: str) -> None:
        """A target is written to."""
        self._at = name
        self.pulse.targets.setdefault(name, Side())
        self._say("writing", name)

    def has_written(self, name: str, _applied: Applied) -> None:
        """All that is due was written there, or is set aside."""
        done, until = stamp(self.clock.now()), self.pulse.source.until
        self.pulse.targets[name] = Side(done=done, until=until)

    def failed(self, name: str, error: MigrateError) -> None:
        """The source, or a target, did not come through."""
        side = self.pulse.source if name == SOURCE else self.pulse.targets.get(name)
        if side is None or isinstance(error, waiting.Stopped):
            return
        side.error, side.failing = str(error), side.failing or stamp(self.clock.now())
        side.status = error.exit_status
        if name != SOURCE:
            with suppress(MigrateError):
                side.queue = unwritten(self.workspace, name)

    def rests(self, seconds: float, result: str) -> None:
        """A round is over. seconds: until the next. result: see `rounds`."""
        self.rounds[result] += 1
        self.pulse.rounds += 1
        self.pulse.every = seconds
        self._look()
        self._say("resting", until=stamp(self.clock.now() + timedelta(seconds=seconds)))
        waiting.beat(seconds)

    def pauses(self, since: str) -> None:
        """Somebody asked it to hold still."""
        self._say("paused", since)

    # -- inside -----------------------------------------------------------------------------------

    def _source_time(self) -> datetime | None:
        """Up to when the source was read, by its own clock."""
        archive = self.workspace.archive
        return archive.cursor(read_as(self.workspace.settings.source.specs, archive))

    def _apart(self) -> float:
        """The source's clock less ours. It was asked for its time somewhere in the pull; as it was,
        if that pull has kept none, as one of some issues alone."""
        there, ended = self._source_time(), self.clock.now()
        if there is None or there == self._before:
            return self.pulse.apart
        before, after = (there - self._began).total_seconds(), (there - ended).total_seconds()
        return before if before < 0 else max(0.0, after)

    def _look(self) -> None:
        """See what has to be told to a person; what is new among it is an event."""
        known = {(one.name, one.of) for one in self.alarms}
        self.alarms = self._looked()
        for one in self.alarms:
            if (one.name, one.of) not in known:
                self.hear(Event(name="alarm", target=one.at, detail=one.line()))

    def _looked(self) -> list[Alarm]:
        return alarms(self.workspace, self.pulse, self.clock.now(), runs=True)

    def _say(self, doing: str, what: str = "", until: str = "") -> None:
        waiting.beat()
        with self._guard:
            self.pulse.doing, self.pulse.what, self.pulse.until = doing, what, until
            self.pulse.at = stamp(self.clock.now())
            said = msgspec.structs.replace(self.pulse)
        if self._keep:
            self.workspace.pulses.keep(said)
        for tell in self.told:
            tell(said)


def lag(side: Side, now: datetime) -> float | None:
    """Seconds by which a target, or what is known of the source, may be behind the source: what had
    changed before is there, but for what is set aside or found by the sweep alone. None: it was
    never up to date."""
    return (now - moment(side.until)).total_seconds() if side.until else None
