"""How it goes with keeping the targets up to date, as seen from outside: what the daemon said last,
how far behind everything is, and what there is to look at. Asks no server."""

from __future__ import annotations

from datetime import datetime

import msgspec

from tracker_migrate.engine.alarms import Alarm, alarms, late
from tracker_migrate.engine.naming import Naming
from tracker_migrate.engine.watch import SOURCE, lag
from tracker_migrate.workspace import Workspace
from tracker_migrate.workspace.pulse import Pulse, Side

_DOING = {
    "reading": "reads",
    "writing": "writes to {what}",
    "resting": "rests until {until}",
    "paused": "is paused since {what}",
    "waiting": "waits: {what}",
    "ended": "has ended",
}


class Way(msgspec.Struct, frozen=True, kw_only=True):
    """The source, or a target. done: when a round last came through. until: what had changed by
    then is there. lag: seconds since that; None: never. queue: issues that are to be written,
    about. error, failing: why it does not come through, and since when."""

    name: str
    done: str
    until: str
    lag: float | None
    queue: int
    error: str
    failing: str


class Upkeep(msgspec.Struct, frozen=True, kw_only=True):
    """All of it. known: whether there ever was a daemon. runs: whether one does. told: what it
    does, or how it ended, in words; status, why: how it ended. sweep: seconds by which the sweep is
    late; None: there is none."""

    known: bool
    runs: bool
    process: str = ""
    began: str = ""
    at: str = ""
    doing: str = ""
    told: str = ""
    status: int = 0
    why: str = ""
    rounds: int = 0
    paused: str = ""
    sweep: float | None = None
    ways: list[Way] = []
    alarms: list[Alarm] = []


def upkeep(workspace: Workspace, now: datetime) -> Upkeep:
    """How it goes, as of now."""
    pulse, runs = workspace.pulses.read(), workspace.has_daemon()
    found = alarms(workspace, pulse, now, runs=runs)
    paused = workspace.paused.since() or ""
    if pulse is None:
        return Upkeep(known=False, runs=runs, paused=paused, alarms=found)
    sides = {SOURCE: pulse.source, **pulse.targets}
    names = Naming(workspace.archive, workspace.archive.salt())
    sweeps = workspace.settings.sync.sweep_hours > 0
    return Upkeep(
        known=True,
        runs=runs,
        process=pulse.process,
        began=pulse.began,
        at=pulse.at,
        doing=pulse.doing if runs or pulse.doing == "ended" else "gone",
        told=names.text(told(pulse, runs)),
        status=pulse.status,
        why=names.text(pulse.why),
        rounds=pulse.rounds,
        paused=paused,
        sweep=late(workspace, now).total_seconds() if sweeps else None,
        ways=[_way(name, side, now, names) for name, side in sides.items()],
        alarms=found,
    )


def told(pulse: Pulse, runs: bool) -> str:
    """What a daemon does, or how it ended, in words."""
    if not runs and pulse.doing != "ended":
        return f"is gone without a word since {pulse.at}"
    words = _DOING.get(pulse.doing, pulse.doing).format(what=pulse.what, until=pulse.until)
    if pulse.doing == "ended":
        why = f": {pulse.why}" if pulse.why else ""
        words = f"has ended on {pulse.at} with status {pulse.status}{why}"
    return words


def _way(name: str, side: Side, now: datetime, names: Naming) -> Way:
    return Way(
        name=name,
        done=side.done,
        until=side.until,
        lag=lag(side, now),
        queue=side.queue,
        error=names.text(side.error),
        failing=side.failing,
    )
