"""What somebody has to look at while the targets are kept up to date, each with the one command to
run. Asks no server; says nothing of an issue but how many there are."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from datetime import datetime, timedelta

import msgspec

from tracker_migrate.engine.naming import Naming
from tracker_migrate.engine.turns import swept_as
from tracker_migrate.errors import Brake, LoginNeeded, Unreachable, UsageError
from tracker_migrate.hosts import in_time
from tracker_migrate.workspace import Workspace
from tracker_migrate.workspace.lasting import ends
from tracker_migrate.workspace.packing import moment
from tracker_migrate.workspace.pulse import Pulse, Side
from tracker_migrate.workspace.secrets import login_command

#: a server that is away for longer is more than a mishap
AWAY = timedelta(minutes=15)
#: so long before its end a login is told of
WEEK = timedelta(days=7)
#: what could not be read for so long is stuck; and so is what was set aside after so many tries
STUCK, TRIES = timedelta(days=1), 3
#: a pause of this length is forgotten
FORGOTTEN = timedelta(days=1)
#: a round that says nothing for so long does not go on
HUNG = timedelta(minutes=15)
#: seconds by which the clocks may differ
APART = 60.0
#: bytes that must be free, besides twice as many as the database has, which its rewriting takes
ROOM = 512 * 1024**2
#: endings that nobody need look at: done, done with something left, Ctrl-C
GOOD = (0, 3, 130)
_COMMAND = re.compile(r"tracker-migrate [a-z]+(?: --[a-z-]+)*")


class Alarm(msgspec.Struct, frozen=True, kw_only=True):
    """One thing. name: of its kind, for programs. of: `source`, `workspace`, or a target's name.
    what: in words. run: the command that mends it, or shows what does. since: if that is known."""

    name: str
    of: str
    what: str
    run: str
    since: str = ""

    @property
    def at(self) -> str:
        """The target's name; "" if it is about none."""
        return "" if self.of in ("source", "workspace") else self.of

    def line(self) -> str:
        """In one line."""
        return f"{self.of}: {self.what}: {self.run}"


#: the kinds of alarms, and what each says
KINDS = {
    "login": "a login was refused, or is missing",
    "brake": "a person has to decide before it goes on",
    "unreachable": "a server does not come through, for a while already",
    "stopped": "the daemon ended, and was not asked to",
    "hung": "the daemon is there, and does nothing",
    "paused": "it was paused a day ago, or longer",
    "sweep-behind": "not every issue is read again in time",
    "exposed": "something private can't be taken back",
    "stuck": "issues fail again and again",
    "login-ends": "a login ends within a week",
    "disk-full": "there is little room left",
    "clock-off": "this machine's clock and the source's differ",
}


def alarms(workspace: Workspace, pulse: Pulse | None, now: datetime, *, runs: bool) -> list[Alarm]:
    """What there is to look at now. pulse: what the daemon said last; None if there never was one.
    runs: whether it runs now."""
    told = [
        *(_of_the_daemon(workspace, pulse, now, runs) if pulse is not None else ()),
        *_of_issues(workspace, now),
        *_of_logins(workspace, now),
        *_of_the_disk(workspace),
    ]
    names = Naming(workspace.archive, workspace.archive.salt())
    order = list(KINDS)
    told.sort(key=lambda one: order.index(one.name))
    return [msgspec.structs.replace(one, what=names.text(one.what)) for one in told]


def _of_the_daemon(
    workspace: Workspace, pulse: Pulse, now: datetime, runs: bool
) -> Iterator[Alarm]:
    yield from _of_side(workspace, "source", pulse.source, now)
    for name, side in pulse.targets.items():
        if name in workspace.settings.targets:
            yield from _of_side(workspace, name, side, now)
    yield from _of_its_life(pulse, now, runs)
    paused = workspace.paused.since()
    if paused is not None and now - moment(paused) > FORGOTTEN:
        what = f"sync is paused since {paused}"
        run = "tracker-migrate resume"
        yield Alarm(name="paused", of="workspace", what=what, run=run, since=paused)
    if paused is None:
        yield from _of_the_sweep(workspace, pulse, now, runs)
    if abs(pulse.apart) > APART:
        what = f"its clock and this machine's are {abs(pulse.apart):.0f} seconds apart"
        yield Alarm(name="clock-off", of="source", what=what, run="timedatectl status")


def _of_side(workspace: Workspace, of: str, side: Side, now: datetime) -> Iterator[Alarm]:
    if side.status == LoginNeeded.exit_status:
        run = login_command(_credential(workspace, of))
        yield Alarm(name="login", of=of, what=side.error, run=run, since=side.failing)
    elif side.status == Brake.exit_status:
        named = _COMMAND.search(side.error)
        run = named[0] if named else "tracker-migrate doctor"
        yield Alarm(name="brake", of=of, what=side.error, run=run, since=side.failing)
    elif side.status == Unreachable.exit_status and now - moment(side.failing) > AWAY:
        run = "tracker-migrate doctor"
        yield Alarm(name="unreachable", of=of, what=side.error, run=run, since=side.failing)


def _credential(workspace: Workspace, of: str) -> str:
    if of == "source":
        return workspace.settings.source.specs[0].partition(":")[0]
    return f"{of}-token"


def _of_its_life(pulse: Pulse, now: datetime, runs: bool) -> Iterator[Alarm]:
    if not runs and (pulse.doing != "ended" or pulse.status not in GOOD):
        if pulse.status in (LoginNeeded.exit_status, Brake.exit_status):
            return  # told above, with what is to be done first
        why = pulse.why or f"{pulse.process} was killed"
        wrong = pulse.status == UsageError.exit_status  # the settings, or a server's address
        run = "tracker-migrate doctor" if wrong else "tracker-migrate sync"
        what = f"sync does not run any more: {why}"
        yield Alarm(name="stopped", of="workspace", what=what, run=run, since=pulse.at)
    elif runs and (due := _word_due(pulse)) and now - moment(due) > HUNG:
        silent = in_time((now - moment(due)).total_seconds())
        run = f"kill {pulse.process.split()[1]}" if pulse.process else "tracker-migrate pause"
        what = f"{pulse.process} is {pulse.doing}, and has said nothing for {silent}"
        yield Alarm(name="hung", of="workspace", what=what, run=run, since=due)


def _word_due(pulse: Pulse) -> str:
    """Since when a word of a daemon that runs is due: while it works it says one now and then, and
    after its rest. "" if it may be silent for as long as need be."""
    if pulse.doing in ("reading", "writing"):
        return pulse.at
    return pulse.until if pulse.doing == "resting" else ""


def _of_the_sweep(workspace: Workspace, pulse: Pulse, now: datetime, runs: bool) -> Iterator[Alarm]:
    behind = late(workspace, now)
    hours = workspace.settings.sync.sweep_hours
    if behind <= timedelta(hours=hours / 10, seconds=2 * pulse.every):
        return
    away = bool(pulse.source.failing)
    run = "tracker-migrate doctor" if runs and away else "tracker-migrate sync"
    if runs and not away:  # it is at work, and it is too much
        run = "tracker-migrate status --html status.html"
    what = f"the sweep is {in_time(behind.total_seconds())} behind its {hours:g} hours"
    yield Alarm(name="sweep-behind", of="source", what=what, run=run)


def late(workspace: Workspace, now: datetime) -> timedelta:
    """By how much the sweep is behind its period; nothing if there is none, or it begins."""
    settings = workspace.settings
    reached = workspace.swept.reached(swept_as(workspace))
    count = workspace.archive.known_count()
    if reached is None or not count or not settings.sync.sweep_hours:
        return timedelta(0)
    # one issue is due no sooner than this after the one before it
    step = timedelta(hours=settings.sync.sweep_hours) / count
    return max(timedelta(0), now - reached.at - step)


def _of_issues(workspace: Workspace, now: datetime) -> Iterator[Alarm]:
    old = [one for one in workspace.archive.unread() if now - moment(one.first_at) > STUCK]
    if old:
        what = f"{len(old)} issues could not be read for a day and longer"
        run = "tracker-migrate status --refused"
        yield Alarm(name="stuck", of="source", what=what, run=run, since=old[0].first_at)
    for name in workspace.settings.targets:
        ledger = workspace.ledger(name)
        if exposed := ledger.states().get("exposed", 0):
            what = f"{exposed} issues are EXPOSED: something of them can't be taken back"
            run = f"tracker-migrate status --refused -T {name}"
            yield Alarm(name="exposed", of=name, what=what, run=run)
        if tried := sum(one.attempts >= TRIES for one in ledger.tried().values()):
            what = f"{tried} issues were set aside {TRIES} times and more"
            run = f"tracker-migrate apply --retry -T {name}"
            yield Alarm(name="stuck", of=name, what=what, run=run)


def _of_logins(workspace: Workspace, now: datetime) -> Iterator[Alarm]:
    for of, credential, when in ends(workspace.folder, workspace.settings):
        left = (when - now).total_seconds()
        if left < WEEK.total_seconds():
            days = f"{left / 86400:.0f} days" if left > 2 * 86400 else in_time(left)
            told = f"ends in {days}" if left > 0 else f"ended on {when:%Y-%m-%d}"
            run = login_command(credential)
            yield Alarm(name="login-ends", of=of, what=f"its login {told}", run=run)


def _of_the_disk(workspace: Workspace) -> Iterator[Alarm]:
    free, size = shutil.disk_usage(workspace.state).free, database_size(workspace)
    if free < ROOM + 2 * size:
        what = f"{free // 10**6} MB are free, and the database has {size // 10**6} MB"
        run = "tracker-migrate compact"
        yield Alarm(name="disk-full", of="workspace", what=what, run=run)


def database_size(workspace: Workspace) -> int:
    """Bytes of the workspace's database on this machine's disk; 0 if it is elsewhere."""
    files = workspace.state.glob("workspace.db*")
    return sum(one.stat().st_size for one in files if one.is_file())
