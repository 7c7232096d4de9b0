"""What has to be looked at while targets are kept up to date: each is found, with the one command
to run, and is gone when it is mended."""

from __future__ import annotations

import shlex
import shutil
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import click
import pytest

from tests.engine.world import World, bug_key, settings
from tracker_migrate.cli.commands import cli
from tracker_migrate.engine import alarms as alarms_
from tracker_migrate.engine.alarms import KINDS, Alarm, alarms
from tracker_migrate.engine.applied import Applied
from tracker_migrate.engine.clock import Clock
from tracker_migrate.engine.intake import Pulled
from tracker_migrate.engine.turns import swept_as
from tracker_migrate.engine.watch import SOURCE, Watch
from tracker_migrate.errors import Brake, LoginNeeded, Unreachable, UsageError
from tracker_migrate.interfaces import Event
from tracker_migrate.logins import Granted
from tracker_migrate.testing.memory import MemoryServer, MemorySource, bug
from tracker_migrate.waiting import Stopped
from tracker_migrate.workspace import Workspace, granted
from tracker_migrate.workspace.ledger import Verdict
from tracker_migrate.workspace.packing import stamp
from tracker_migrate.workspace.swept import Reached

DAY = timedelta(days=1)
MOMENT = timedelta(minutes=1)


class Time(Clock):
    """A time that passes when a test says so."""

    def __init__(self) -> None:
        self.at = datetime.now(UTC)

    def now(self) -> datetime:
        return self.at


class Daemon:
    """A daemon's word on itself, without the daemon."""

    def __init__(self, workspace: Workspace) -> None:
        self.workspace, self.time = workspace, Time()
        self.heard: list[Event] = []
        self.watch = Watch(workspace, ["there"], self.heard.append, self.time)

    def round(self, error: Unreachable | None = None, of: str = "there") -> None:
        """A round that comes through, but for one side, perhaps."""
        self.watch.reads()
        if error is not None and of == SOURCE:
            self.watch.failed(SOURCE, error)
        else:
            self.watch.has_read(Pulled())
            self.watch.writes("there")
            if error is not None:
                self.watch.failed("there", error)
            else:
                self.watch.has_written("there", Applied())
        self.watch.rests(300, "failed" if error else "done")

    def later(self, much: timedelta) -> None:
        """Time passes."""
        self.time.at += much

    def found(self, *, runs: bool = True) -> dict[tuple[str, str], Alarm]:
        """The alarms as `status` finds them."""
        pulse = self.workspace.pulses.read()
        told = alarms(self.workspace, pulse, self.time.at, runs=runs)
        for one in told:
            assert one.name in KINDS
            is_a_command(one.run)
        return {(one.name, one.of): one for one in told}


def is_a_command(run: str) -> None:
    """Fails unless it can be run as it is: of ours, with options that there are."""
    words = shlex.split(run)
    if words[0] != "tracker-migrate":
        assert words[0] == "kill" or shutil.which(words[0]) or words[0] == "timedatectl"
        return
    command: Any = cli
    for word in words[1:]:
        if word.startswith("-"):
            assert any(word in one.opts for one in command.params), run
        elif isinstance(command, click.Group):
            command = command.commands[word]


@pytest.fixture
def daemon(workspace: Workspace) -> Daemon:
    return Daemon(workspace)


def test_where_all_is_well_there_is_nothing_to_look_at(daemon: Daemon) -> None:
    assert daemon.found() == {}
    daemon.round()
    assert daemon.found() == {}


def test_a_server_that_is_away_is_told_after_a_while_until_it_is_back(daemon: Daemon) -> None:
    for of in ("there", SOURCE):
        daemon.round(Unreachable("there does not answer"), of)
        assert daemon.found() == {}, "a mishap"
        daemon.later(alarms_.AWAY + MOMENT)
        daemon.round(Unreachable("there does not answer"), of)
        (one,) = daemon.found().values()
        assert (one.name, one.of, one.run) == ("unreachable", of, "tracker-migrate doctor")
        assert [event.name for event in daemon.heard] == ["alarm"]
        daemon.round()
        assert daemon.found() == {}
        daemon.heard.clear()


def test_who_asked_it_to_stop_is_no_failure(daemon: Daemon) -> None:
    daemon.round(Stopped("stopped: somebody asked for it"))
    daemon.later(DAY)
    assert ("unreachable", "there") not in daemon.found()


@pytest.mark.parametrize(
    ("error", "name", "run"),
    [
        (LoginNeeded("it does not take the token"), "login", "tracker-migrate login there"),
        (Brake("too much is gone: run tracker-migrate pull --full --accept; if not, look"), "brake",
         "tracker-migrate pull --full --accept"),
        (Brake("run tracker-migrate pull once by hand"), "brake", "tracker-migrate pull"),
        (Brake("somebody has to decide"), "brake", "tracker-migrate doctor"),
    ],
)  # fmt: skip
def test_what_ended_it_is_told_with_what_mends_it(
    daemon: Daemon, error: Brake | LoginNeeded, name: str, run: str
) -> None:
    daemon.watch.__enter__()
    daemon.watch.writes("there")
    daemon.watch.__exit__(type(error), error, None)
    (one,) = daemon.found(runs=False).values()
    assert (one.name, one.of, one.run) == (name, "there", run)
    assert daemon.watch.pulse.status == error.exit_status
    again = Daemon(daemon.workspace)
    again.round()
    assert again.found() == {}


def test_settings_that_ended_it_are_told_and_no_server_is_blamed(daemon: Daemon) -> None:
    daemon.watch.writes("there")
    error = UsageError("targets.there.sink: there is no such tracker")
    daemon.watch.__exit__(UsageError, error, None)
    daemon.later(DAY)
    (one,) = daemon.found(runs=False).values()
    assert (one.name, one.run) == ("stopped", "tracker-migrate doctor")
    assert "no such tracker" in one.what


def test_a_bug_that_ended_it_is_told_without_what_it_was_about(daemon: Daemon) -> None:
    error = ValueError("kryptonite")
    daemon.watch.__exit__(ValueError, error, None)
    (one,) = daemon.found(runs=False).values()
    assert (one.name, one.run) == ("stopped", "tracker-migrate sync")
    assert "ValueError" in one.what
    assert "kryptonite" not in one.what


def test_one_that_says_nothing_for_long_hangs(daemon: Daemon) -> None:
    daemon.watch.reads()
    assert daemon.found() == {}
    daemon.later(alarms_.HUNG + MOMENT)
    (one,) = daemon.found().values()
    assert one.name == "hung"
    assert one.run.startswith("kill ")
    daemon.round()
    daemon.later(timedelta(seconds=300) + alarms_.HUNG - MOMENT)
    assert daemon.found() == {}, "it rests"
    daemon.later(2 * MOMENT)
    assert [one.name for one in daemon.found().values()] == ["hung"], "it did not wake up"
    daemon.watch.pauses(stamp(daemon.time.at))
    daemon.later(timedelta(hours=2))
    assert daemon.found() == {}


def test_a_pause_that_is_forgotten_is_told(daemon: Daemon) -> None:
    daemon.workspace.paused.begin()
    assert daemon.found() == {}
    daemon.round()
    daemon.later(DAY + MOMENT)
    assert daemon.found()["paused", "workspace"].run == "tracker-migrate resume"
    daemon.workspace.paused.end()
    assert ("paused", "workspace") not in daemon.found()


def test_a_sweep_that_is_late_is_told(daemon: Daemon) -> None:
    world = World(daemon.workspace, MemoryServer(), "ours")
    world.pull(MemorySource(*(bug(n) for n in range(1, 31))))
    name = swept_as(daemon.workspace)
    daemon.workspace.swept.keep(name, Reached(at=daemon.time.at))
    daemon.round()
    daemon.later(timedelta(hours=1))
    daemon.round()
    assert daemon.found() == {}
    daemon.later(timedelta(hours=6))
    daemon.round()
    (one,) = daemon.found().values()
    assert one.name == "sweep-behind"
    assert "behind its 24 hours" in one.what


def test_issues_that_fail_again_and_again_and_exposed_ones_are_counted(daemon: Daemon) -> None:
    ledger = daemon.workspace.ledger("there")
    ledger.set_verdicts([Verdict(bug_key(1), "aside", "no", "x", 2)]).result()
    assert daemon.found() == {}
    ledger.set_verdicts([Verdict(bug_key(1), "aside", "no", "x", 3)]).result()
    ledger.set_verdicts([Verdict(bug_key(2), "exposed", "oh", "", 0)]).result()
    found = daemon.found()
    assert found["stuck", "there"].run == "tracker-migrate apply --retry -T there"
    assert found["exposed", "there"].run == "tracker-migrate status --refused -T there"
    daemon.workspace.archive.set_unread(bug_key(3), "it can't be")
    assert ("stuck", "source") not in daemon.found()
    daemon.later(DAY + MOMENT)
    assert daemon.found()["stuck", "source"].run == "tracker-migrate status --refused"


def test_a_full_disk_is_told_before_it_is_full(
    daemon: Daemon, monkeypatch: pytest.MonkeyPatch
) -> None:
    room = SimpleNamespace(free=alarms_.ROOM + 2 * alarms_.database_size(daemon.workspace) + 10**8)
    monkeypatch.setattr(shutil, "disk_usage", lambda _path: room)
    assert daemon.found() == {}
    room.free = alarms_.ROOM // 2
    assert daemon.found()["disk-full", "workspace"].run == "tracker-migrate compact"


def test_clocks_that_differ_are_told(daemon: Daemon) -> None:
    for seconds, told in ((0, False), (-90, True), (90, True)):
        with daemon.watch.alone(SimpleNamespace(is_set=lambda: False)):  # type: ignore[arg-type]
            pass
        daemon.watch.reads()
        at = daemon.time.at + timedelta(seconds=seconds)
        daemon.workspace.archive.set_cursor("memory:rocket", at)
        daemon.watch.has_read(Pulled())
        daemon.watch.rests(300, "done")
        assert (("clock-off", "source") in daemon.found()) is told, seconds
    assert daemon.found()["clock-off", "source"].run == "timedatectl status"


@pytest.fixture
def held(tmp_path: Path) -> Iterator[Callable[[str], Workspace]]:
    """A workspace with settings of one's own."""
    opened: list[Workspace] = []

    def make(more: str) -> Workspace:
        settings(tmp_path, more=more)
        opened.append(Workspace(tmp_path))
        return opened[-1]

    yield make
    for one in opened:
        one.close()


@pytest.mark.parametrize(("days", "told"), [(30, ""), (5, "ends in"), (-1, "ended on")])
def test_a_date_in_the_settings_is_told_a_week_before(
    held: Callable[[str], Workspace], days: int, told: str
) -> None:
    when: date = (datetime.now(UTC) + days * DAY).date()
    workspace = held(f"token_ends = {when.isoformat()}")
    found = alarms(workspace, None, datetime.now(UTC), runs=False)
    assert [one.name for one in found] == (["login-ends"] if told else [])
    for one in found:
        assert told in one.what
        assert (one.of, one.run) == ("there", "tracker-migrate login there")


def test_what_the_target_said_at_the_login_is_told_a_week_before(
    held: Callable[[str], Workspace], monkeypatch: pytest.MonkeyPatch
) -> None:
    workspace = held("")
    monkeypatch.setenv("TRACKER_MIGRATE_THERE_TOKEN", "some-token")
    for days, told in ((30, False), (5, True)):
        ends = stamp(datetime.now(UTC) + days * DAY)
        known = Granted(secret="some-token", account="1", who="me", may="all", ends=ends)
        granted.write(workspace.folder, "there-token", "file", [granted.note(known)])
        found = alarms(workspace, None, datetime.now(UTC), runs=False)
        assert bool(found) is told
    monkeypatch.setenv("TRACKER_MIGRATE_THERE_TOKEN", "another-token")
    assert alarms(workspace, None, datetime.now(UTC), runs=False) == [], "of that nothing is known"


def test_the_docs_name_every_alarm() -> None:
    text = (Path(__file__).parents[2] / "docs" / "operating.md").read_text(encoding="utf-8")
    assert all(f"| `{name}` |" in text for name in KINDS)
