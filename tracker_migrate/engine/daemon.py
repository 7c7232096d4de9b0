"""`sync`: pull and apply on a clock, until somebody asks to stop.

Most rounds ask no more than what changed: a few requests. Now and then one also asks for what the
source does not tell by a date, and every round reads some issues again, so that all come round.
"""

from __future__ import annotations

import signal
import threading
from collections.abc import Generator, Sequence
from contextlib import suppress
from datetime import timedelta
from typing import Any, Self

import msgspec

from tracker_migrate import waiting
from tracker_migrate.engine import jobs
from tracker_migrate.engine.applied import Applied
from tracker_migrate.engine.clock import Clock
from tracker_migrate.engine.events import Listen, silent
from tracker_migrate.engine.feed import Fed
from tracker_migrate.engine.filters import Only
from tracker_migrate.engine.intake import Pulled
from tracker_migrate.engine.keeper import Keeper
from tracker_migrate.engine.turns import Turns
from tracker_migrate.engine.watch import SOURCE, Watch
from tracker_migrate.errors import MigrateError, Unreachable, WrongTracker, together
from tracker_migrate.interfaces import Event
from tracker_migrate.workspace import Workspace
from tracker_migrate.workspace.database import translated
from tracker_migrate.workspace.packing import stamp

#: seconds after which it is looked again whether somebody asked for a pause
_LOOK = 1.0


class Round(msgspec.Struct, kw_only=True):
    """One round. error: a server that was not reached this time; the next round tries again."""

    at: str
    pulled: Pulled | None = None
    applied: dict[str, Applied] = msgspec.field(default_factory=dict)
    fed: dict[str, Fed] = msgspec.field(default_factory=dict)
    error: str = ""

    @property
    def left(self) -> bool:
        """Whether something is refused, set aside, or was not reached."""
        left = any(one.left for one in self.applied.values())
        return bool(self.error) or left or any(one.failed for one in self.fed.values())

    @property
    def result(self) -> str:
        """In a word: `failed` (a server was not reached), `left` (something waits for a person), or
        `done`."""
        return "failed" if self.error else "left" if self.left else "done"

    def _how(self) -> str:
        """How what is new was found."""
        found = self.pulled.found if self.pulled is not None else {}
        told = ", ".join(f"{many} {how}" for how, many in sorted(found.items()))
        return f" ({told})" if told else ""

    def line(self) -> str:
        """The round in one line."""
        parts = [self.at]
        if self.pulled is not None:
            parts.append(f"read {self.pulled.new} new, {self.pulled.changed} changed{self._how()}")
            parts += [f"{many} people renamed"] if (many := self.pulled.renamed) else []
            parts += [f"{many} not followed any more"] if (many := self.pulled.unfollowed) else []
            parts += self.pulled.outdated
        for name, one in self.applied.items():
            kept = one.kept + (self.fed[name].edited if name in self.fed else 0)
            parts.append(f"{name}: {one.created} created, {one.updated} updated, {kept} kept")
        for name, fed in self.fed.items():
            parts += [f"{name} does not tell what people do there: {fed.failed}"] * bool(fed.failed)
        if self.error:
            parts.append(f"later: {self.error}")
        return " · ".join(parts)


def rounds(
    workspace: Workspace,
    targets: Sequence[str],
    listen: Listen = silent,
    only: Only | None = None,
    every: float | None = None,
    once: bool = False,
    dry_run: bool = False,
    clock: Clock | None = None,
    watch: Watch | None = None,
    signals: bool = True,
) -> Generator[Round, None, None]:
    """Rounds, until SIGTERM; of which nothing is heard if not `signals`. An unreachable server ends
    a round, not the daemon. every: seconds between two; else as the settings say. clock: by which
    they come; else this machine's. watch: what tells others how it goes; it hears all that happens,
    instead of `listen`. Raises Locked if there is a daemon; another command that is at work is
    waited for."""
    stop = threading.Event()
    watch = watch or Watch(workspace, targets, listen, clock, keep=not dry_run)
    clock = watch.clock
    turns = Turns(workspace, clock)
    pause = _Pause(workspace, watch, stop)
    every = workspace.settings.sync.every if every is None else every
    keeper = Keeper(clock.monotonic, 60 * workspace.settings.sync.around_minutes)

    def ask_to_stop(*_: object) -> None:
        stop.set()
        waiting.end()  # what is being sent is sent; no other request leaves

    before = _on_sigterm(ask_to_stop) if signals else None
    try:
        with workspace.keeping_up(), watch, pause:
            while pause.over():
                with watch.alone(stop) as alone:
                    if not alone:
                        return
                    ended = _round(workspace, targets, watch, only, dry_run, turns, keeper)
                watch.rests(0.0 if once else every, ended.result)
                yield ended
                if once or clock.wait(stop, every):
                    return
    finally:
        keeper.close()
        if signals:
            _on_sigterm(before)
        if stop.is_set():
            waiting.begin()


class _Pause:
    """Ends the round that goes on when somebody asks for a pause, and waits until it is over."""

    def __init__(self, workspace: Workspace, told: Watch, stop: threading.Event) -> None:
        self._paused = workspace.paused
        self._told = told
        self._stop = stop
        self._done = threading.Event()
        self._watch = threading.Thread(target=self._look, name="pause", daemon=True)

    def __enter__(self) -> Self:
        self._watch.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._done.set()
        self._watch.join()

    def over(self) -> bool:
        """Wait while it is paused; False if somebody asked to stop meanwhile."""
        told = False
        while not self._stop.is_set() and (since := self._paused.since()) is not None:
            if not told:
                what = f"paused since {since}: tracker-migrate resume goes on"
                self._told.hear(Event(name="waiting", detail=what))
                self._told.pauses(since)
            told = True
            waiting.beat(_LOOK)
            self._stop.wait(_LOOK)
        if told and not self._stop.is_set():
            waiting.begin()
        return not self._stop.is_set()

    def _look(self) -> None:
        ended = paused = False
        while not self._done.wait(_LOOK):
            with suppress(MigrateError), translated():  # the database may be away, and come back
                paused = self._paused.since() is not None
            if paused and not ended:
                waiting.end()
            elif ended and not paused and not self._stop.is_set():
                waiting.begin()
            ended = paused
        if ended and not self._stop.is_set():
            waiting.begin()


def _on_sigterm(handler: Any) -> Any:
    if threading.current_thread() is not threading.main_thread():
        return None
    return signal.signal(signal.SIGTERM, handler or signal.SIG_DFL)


def _round(
    workspace: Workspace,
    targets: Sequence[str],
    watch: Watch,
    only: Only | None,
    dry_run: bool,
    turns: Turns,
    keeper: Keeper,
) -> Round:
    result = Round(at=stamp(turns.clock.now()))
    if workspace.disturbed:
        keeper.others()
    try:
        if not dry_run:
            watch.reads()
            how = turns.due()
            result.pulled = jobs.pull_for(workspace, targets, watch.hear, only=only, **how)
            turns.done(how)
            watch.has_read(result.pulled)
    except (Unreachable, WrongTracker) as error:
        _must_pass(error, known=workspace.archive.count() > 0)
        watch.failed(SOURCE, error)
        result.error = str(error)
        return result
    for place, name in enumerate(targets):
        try:
            _round_at(workspace, name, watch, only, dry_run, turns, keeper, result)
        except MigrateError as error:  # it ends the daemon, and may do so for days
            failed = [] if dry_run else jobs.close_at(workspace, targets[place + 1 :], watch.hear)
            raise together([error, *failed]) from None
    return result


def _round_at(
    workspace: Workspace,
    name: str,
    watch: Watch,
    only: Only | None,
    dry_run: bool,
    turns: Turns,
    keeper: Keeper,
    result: Round,
) -> None:
    """A round's part at one target. Raises what ends the daemon."""
    try:
        watch.writes(name)
        if dry_run or result.pulled is None:
            result.applied[name] = _planned(workspace, name, watch.hear, only)
        else:
            result.fed[name] = _fed(workspace, name, watch.hear, turns, keeper)
            result.applied[name] = _applied(workspace, name, watch.hear, only, keeper, result)
        watch.has_written(name, result.applied[name])
    except (Unreachable, WrongTracker) as error:  # the other targets are not
        _must_pass(error, known=any(True for _ in workspace.ledger(name).issues()))
        watch.failed(name, error)
        result.error = "; ".join(filter(None, (result.error, str(error))))


def _planned(workspace: Workspace, name: str, listen: Listen, only: Only | None) -> Applied:
    planned = jobs.plan(workspace, name, listen, only=only, losses=False)
    return Applied(created=planned.create.total(), updated=planned.update.total())


def _fed(workspace: Workspace, name: str, listen: Listen, turns: Turns, keeper: Keeper) -> Fed:
    """What people did at a target; its issues are counted as often as the source's are swept."""
    count = timedelta(hours=workspace.settings.sync.sweep_hours)
    try:
        return jobs.feed(workspace, name, listen, count=count, at=turns.clock.now(), keeper=keeper)
    except BaseException:
        keeper.failed(name)
        raise


def _applied(
    workspace: Workspace,
    name: str,
    listen: Listen,
    only: Only | None,
    keeper: Keeper,
    ended: Round,
) -> Applied:
    """Write what is missing, unless it is known that there is nothing."""
    fed, pulled = ended.fed[name], ended.pulled
    try:
        if pulled is not None and only is None and not fed.to_write:
            rests = jobs.at_rest(workspace, name, keeper, pulled)
            if rests is not None:
                return rests
        return jobs.apply(workspace, name, listen, only=only, keeper=keeper)
    except BaseException:
        keeper.failed(name)
        raise


def _must_pass(error: MigrateError, *, known: bool) -> None:
    """Raise what a person has to look at. known: that the tracker is at this address: what answers
    in its place now is a page that a proxy shows while it is away, or half a reply."""
    if isinstance(error, WrongTracker) and not known:
        raise error
