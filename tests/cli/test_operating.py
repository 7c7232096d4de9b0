"""One process to run for months: what it says of itself, to people, programs and the system."""

from __future__ import annotations

import json
import signal
import socket
import sqlite3
import threading
import time
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import requests
import sqlalchemy as sa
from prometheus_client.parser import text_string_to_metric_families

from tests.cli.conftest import Cli, Servers, ended, started, until
from tests.cli.test_outages import patience
from tracker_migrate import waiting
from tracker_migrate.cli import listening
from tracker_migrate.cli.logs import log_to
from tracker_migrate.engine import daemon
from tracker_migrate.engine.clock import Clock
from tracker_migrate.engine.following import read_as
from tracker_migrate.engine.watch import Watch
from tracker_migrate.interfaces import Event
from tracker_migrate.report.metrics import Figures
from tracker_migrate.testing.loopback import Fault
from tracker_migrate.workspace import Workspace
from tracker_migrate.workspace.packing import stamp
from tracker_migrate.workspace.pulse import Pulse, Side
from tracker_migrate.workspace.settings import loopback


def sync_of(cli: Cli, *arguments: str) -> dict[str, Any]:
    """How it goes, as `status --json` has it."""
    found: dict[str, Any] = json.loads(cli("status", "--json", *arguments).out)["sync"]
    return found


def alarms(found: dict[str, Any]) -> dict[tuple[str, str], str]:
    """The alarms: by name and what they are of, the command to run."""
    return {(one["name"], one["of"]): one["run"] for one in found["alarms"]}


# -- what status tells -----------------------------------------------------------------------------


def test_status_tells_how_far_behind_each_target_is(cli: Cli, workspace: Path) -> None:
    assert not sync_of(cli)["known"]
    assert cli("sync", "-q", "--once", "-T", "new").status == 0
    found = sync_of(cli)
    ways = {one["name"]: one for one in found["ways"]}
    assert (found["runs"], found["doing"], found["rounds"]) == (False, "ended", 1)
    assert ways["source"]["lag"] < 600
    assert ways["new"]["lag"] < 600
    assert ways["new"]["queue"] == 0
    assert "old" not in ways, "nobody keeps it up to date"
    assert alarms(found) == {}
    told = cli("status").out
    assert "  new: up to date " in told
    assert "has ended on 20" in told


def test_a_target_that_is_away_falls_behind_alone(
    cli: Cli, workspace: Path, standins: Servers
) -> None:
    patience(workspace, 0.0)
    standins.storyboard.faults.append(Fault("reset", times=10_000))
    assert cli("sync", "-q", "--once", "--only", "bug:1000001").status == 3
    ways = {one["name"]: one for one in sync_of(cli)["ways"]}
    assert ways["new"]["lag"] is None
    assert ways["new"]["failing"]
    assert "127.0.0.1" in ways["new"]["error"]
    assert ways["new"]["queue"] == 21
    assert ways["old"]["error"] == ""
    assert ways["old"]["lag"] < 600
    standins.storyboard.faults.clear()
    assert cli("sync", "-q", "--once", "-T", "new").status == 0
    (new,) = (one for one in sync_of(cli)["ways"] if one["name"] == "new")
    assert (new["failing"], new["queue"]) == ("", 0)


# -- figures, health -------------------------------------------------------------------------------


def asked(port: int, path: str) -> tuple[int, str]:
    """What this machine is told."""
    reply = requests.get(f"http://127.0.0.1:{port}{path}", timeout=20)
    return reply.status_code, reply.text


def listens(folder: Path) -> int:
    """Have sync listen on a port that is free; which."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    with (folder / "migration.toml").open("a") as file:
        file.write(f'[sync]\nlisten = "127.0.0.1:{port}"\n')
    return port


def test_a_monitor_is_told_how_it_goes(workspace: Path, standins: Servers) -> None:
    port = listens(workspace)
    only = ("-T", "new", "--only", "bug:1000001")
    process = started(workspace, "sync", "-q", *only, "--every", "3600")
    until(lambda: _answers(port), 60)
    assert asked(port, "/healthz") == (200, "ok\n")
    until(lambda: asked(port, "/readyz") == (200, "ok\n"), 120)
    status, text = asked(port, "/metrics")
    assert status == 200
    found = {
        (one.name, *sorted(one.labels.items())): one.value
        for family in text_string_to_metric_families(text)
        for one in family.samples
    }
    assert found["tracker_migrate_rounds_total", ("result", "done")] == 1
    assert 0 <= found["tracker_migrate_lag_seconds", ("of", "new")] < 600
    assert found["tracker_migrate_queue_issues", ("target", "new")] == 0
    assert found["tracker_migrate_requests_total",] > 10
    states = ("state", "done"), ("target", "new")
    assert found["tracker_migrate_target_issues", *states] == 1
    assert found["tracker_migrate_alarm", ("alarm", "exposed"), ("of", "")] == 0
    assert found["process_open_fds",] > 0
    assert asked(port, "/elsewhere")[0] == 404
    process.send_signal(signal.SIGTERM)
    assert ended(process, 30).status == 0


def _answers(port: int) -> bool:
    try:
        asked(port, "/healthz")
    except requests.ConnectionError:
        return False
    return True


@pytest.mark.parametrize(
    "listen",
    ["0.0.0.0:9464", "example.org:9464", "127.0.0.1", "127.0.0.1:0", "[::]:9464", "me@[::1]:1", ""],
)
def test_nobody_else_is_told(cli: Cli, workspace: Path, listen: str) -> None:
    with (workspace / "migration.toml").open("a") as file:
        file.write(f'[sync]\nlisten = "{listen}"\n')
    told = cli("sync", "--once")
    assert told.status == 2
    assert "sync.listen: " in told.err
    assert "must be an address of this machine alone" in told.err


@pytest.mark.parametrize(
    "listen", ["127.0.0.1:9464", "[::1]:9464", "localhost:9464", "127.9.9.9:1"]
)
def test_any_address_of_this_machine_alone_will_do(listen: str) -> None:
    assert loopback(listen)[1] == int(listen.rpartition(":")[2])


def test_a_port_that_is_taken_is_told(cli: Cli, workspace: Path) -> None:
    port = listens(workspace)
    with socket.socket() as other:
        other.bind(("127.0.0.1", port))
        other.listen()
        told = cli("sync", "-T", "new")
    assert told.status == 2
    assert f"sync.listen: 127.0.0.1:{port}: " in told.err


MOMENT = datetime(2026, 6, 1, tzinfo=UTC)


class Then(Clock):
    """It is one moment, however long it takes until a test comes to its turn."""

    def now(self) -> datetime:
        return MOMENT


class Stub:
    """As much of a watch as health is told by."""

    def __init__(self, pulse: Pulse, targets: list[str]) -> None:
        self.pulse, self.targets, self.clock = pulse, targets, Then()


NOW = stamp(MOMENT)
LONG_AGO = "2026-01-01T00:00:00.000000Z"
GOOD = {"new": Side(done=NOW, until=NOW)}


@pytest.mark.parametrize(
    ("pulse", "word"),
    [
        (Pulse(doing="reading", targets=GOOD), "starting"),
        (Pulse(doing="resting", rounds=1, targets=GOOD), "ok"),
        (Pulse(doing="paused", rounds=1, targets=GOOD), "paused"),
        (Pulse(rounds=1, targets=GOOD, source=Side(failing=NOW)), "unreachable"),
        (Pulse(rounds=1, targets={"new": Side(until=NOW, failing=NOW)}), "unreachable"),
        (Pulse(rounds=1, targets={"new": Side(until=LONG_AGO)}), "behind"),
        (Pulse(rounds=1, targets={"new": Side()}), "behind"),
    ],
)
def test_readiness_says_in_a_word_what_is_wrong(
    monkeypatch: pytest.MonkeyPatch, pulse: Pulse, word: str
) -> None:
    watch: Any = Stub(pulse, ["new"])
    monkeypatch.setattr(waiting, "silent", lambda: 0.0)
    assert (listening.alive(watch), listening.ready(watch)) == ("ok", word)
    monkeypatch.setattr(waiting, "silent", lambda: 3600.0)
    assert (listening.alive(watch), listening.ready(watch)) == ("hung", "hung")


def test_a_target_that_is_not_served_any_more_worries_nobody(workspace: Path) -> None:
    failing = Side(done=NOW, until=NOW, error="old is away", failing=LONG_AGO, status=6, queue=3)
    with Workspace(workspace) as opened:
        opened.pulses.keep(Pulse(targets={"old": failing, "new": failing}, source=Side(until=NOW)))
        watch = Watch(opened, ["new"])
        assert watch.pulse.targets["new"] == failing
        assert watch.pulse.targets["old"] == Side(done=NOW, until=NOW, queue=3)
        lags = {one.name: one for one in Figures(watch).collect()}["tracker_migrate_lag_seconds"]
        assert {sample.labels["of"] for sample in lags.samples} == {"source", "new"}


def away(*_asked: Any) -> Any:
    """What a database raises whose server was restarted."""
    raise sa.exc.OperationalError("SELECT", {}, ConnectionError("connection refused"))


def test_a_monitor_hears_that_the_database_is_away(
    workspace: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with (
        Workspace(workspace) as opened,
        listening.listening(f"127.0.0.1:{port}", Watch(opened, [])),
    ):
        assert asked(port, "/metrics")[0] == 200
        monkeypatch.setattr(opened.archive, "count", away)
        assert asked(port, "/metrics") == (503, "the workspace's database does not answer\n")
        assert asked(port, "/healthz") == (200, "ok\n")
    assert capfd.readouterr().err == ""


def is_ending() -> bool:
    """Whether what goes on is asked to end."""
    try:
        waiting.check()
    except waiting.Stopped:
        return True
    return False


def test_a_pause_is_heard_after_the_database_was_away(monkeypatch: pytest.MonkeyPatch) -> None:
    answers: list[Callable[[], str | None]] = [away, lambda: None, lambda: NOW]

    class Paused:
        def since(self) -> str | None:
            one = answers.pop(0) if len(answers) > 1 else answers[0]
            return one()

    paused: Any = type("", (), {"paused": Paused()})()
    watch: Any = None
    with daemon._Pause(paused, watch, threading.Event()):
        until(is_ending, 20)
    assert not is_ending()


# -- the log ---------------------------------------------------------------------------------------


def test_the_log_has_a_json_line_for_each_event_and_people_read_what_they_did(
    cli: Cli, workspace: Path
) -> None:
    told = cli("sync", "--once", "-T", "new", "--only", "bug:1000001", "--log", "sync.log")
    assert "new: " in told.out, "the round, in words"
    path = workspace / "sync.log"
    assert path.stat().st_mode & 0o777 == 0o600
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    assert [lines[0]["event"], lines[-1]["event"]] == ["began", "ended"]
    sent = next(one for one in lines if one["event"] == "sent")
    assert sent["level"] == "info"
    assert sent["target"] == "new"
    assert datetime.fromisoformat(sent["at"]).tzinfo is not None
    ended_ = next(one for one in lines if one["event"] == "round")
    assert ended_["applied"]["new"]["created"] >= 1
    assert lines[0]["at"] <= sent["at"] <= ended_["at"]
    assert datetime.fromisoformat(ended_["began"]) <= datetime.fromisoformat(sent["at"])
    assert "judged" not in {one["event"] for one in lines}, "that is for -v"


def test_a_log_on_the_standard_output_is_all_that_is_there(cli: Cli, workspace: Path) -> None:
    told = cli("sync", "--once", "-T", "new", "--only", "bug:1000001", "--log", "-")
    assert told.err == ""
    assert [json.loads(line)["level"] for line in told.out.splitlines()]
    refused = cli("sync", "--once", "--log", "-", "--json")
    assert refused.status == 2
    refused = cli("sync", "--once", "--log", "no/such/folder")
    assert refused.status == 1
    assert "can't write the log" in refused.err


def test_a_log_that_was_moved_away_is_begun_anew(tmp_path: Path) -> None:
    with log_to("some.log", tmp_path, 0) as log:
        log.hear(Event(name="sent"))
        (tmp_path / "some.log").rename(tmp_path / "some.log.1")
        log.hear(Event(name="found"))
    assert "sent" in (tmp_path / "some.log.1").read_text()
    assert "found" in (tmp_path / "some.log").read_text()


# -- one daemon, and other commands beside it ------------------------------------------------------


def test_a_second_daemon_is_refused_and_told_which_is_the_first(
    cli: Cli, workspace: Path, standins: Servers
) -> None:
    port = listens(workspace)
    process = started(workspace, "sync", "-q", "-T", "new", "--only", "bug:1000001")
    until(lambda: _answers(port), 60)
    second = cli("sync", "-T", "old")
    assert second.status == 5
    assert f"process {process.pid} on " in second.err
    assert "one sync is enough" in second.err
    until(lambda: asked(port, "/readyz")[1] == "ok\n", 120)
    assert sync_of(cli)["runs"]
    assert cli("apply", "-T", "old", "--only", "bug:1000001").status == 0, "while it rests"
    process.send_signal(signal.SIGTERM)
    assert ended(process, 30).status == 0
    assert not sync_of(cli)["runs"]


def test_a_round_waits_for_a_command_that_is_at_work_and_says_so(
    cli: Cli, workspace: Path, standins: Servers
) -> None:
    with Workspace(workspace) as held, held.coordinating():
        only = ("-T", "new", "--only", "bug:1000001", "--once")
        process = started(workspace, "sync", *only)
        until(lambda: "is at work in this workspace" in pulse_of(workspace).get("what", ""), 60)
        assert sync_of(cli)["told"].startswith("waits: process ")
        assert process.poll() is None
        assert standins.storyboard.writes == 0
    told = ended(process, 120)
    assert told.status == 0
    assert "sync waits: process " in told.err
    assert "1 created" in told.out or standins.storyboard.writes > 0


def test_a_daemon_that_was_killed_is_missed(cli: Cli, workspace: Path) -> None:
    process = started(workspace, "sync", "-q", "-T", "new", "--only", "bug:1000001")
    until(lambda: pulse_of(workspace).get("doing") == "resting", 120)
    process.kill()
    process.wait(30)
    until(lambda: not sync_of(cli)["runs"])
    found = sync_of(cli, "--check")
    assert alarms(found) == {("stopped", "workspace"): "tracker-migrate sync"}
    assert cli("status", "--check").status == 3
    assert cli("sync", "-q", "--once", "-T", "new", "--only", "bug:1000001").status == 0
    assert alarms(sync_of(cli)) == {}


def test_a_round_about_some_issues_says_nothing_of_the_sources_clock(
    cli: Cli, workspace: Path
) -> None:
    with Workspace(workspace) as held:
        name = read_as(held.settings.source.specs, held.archive)
        held.archive.set_cursor(name, datetime.now(UTC) - timedelta(hours=1))
    assert cli("sync", "-q", "--once", "-T", "new", "--only", "bug:1000001").status == 0
    assert alarms(sync_of(cli)) == {}


def pulse_of(folder: Path) -> dict[str, Any]:
    """What a daemon says, read as cheaply as can be."""
    query = "SELECT value FROM meta WHERE name = 'daemon'"
    place = (folder / "state" / "workspace.db").as_uri()
    try:
        with closing(sqlite3.connect(f"{place}?mode=ro", uri=True, timeout=60)) as held:
            row = held.execute(query).fetchone()
    except sqlite3.OperationalError:  # it is being made
        return {}
    return json.loads(row[0]) if row else {}


# -- SIGTERM, whatever it does ---------------------------------------------------------------------


def slow_source(workspace: Path, standins: Servers) -> None:
    standins.launchpad.faults.append(Fault("delay", times=10_000, seconds=0.3))
    _full(workspace)


def _full(workspace: Path) -> None:
    """Nothing was read yet."""
    for one in (workspace / "state").glob("workspace.db*"):
        one.unlink()


def slow_target(workspace: Path, standins: Servers) -> None:
    standins.storyboard.latency = 0.3


def wants_to_rest(workspace: Path, standins: Servers) -> None:
    fault = Fault("status", status=429, times=10_000, headers={"Retry-After": "100"})
    standins.storyboard.faults.append(fault)


def paused(workspace: Path, standins: Servers) -> None:
    with Workspace(workspace) as held:
        held.paused.begin()


def nothing(workspace: Path, standins: Servers) -> None:
    """It comes to its rest."""


@pytest.mark.parametrize(
    ("prepare", "doing", "only"),
    [
        (nothing, "resting", "bug:1000001"),
        (slow_source, "reading", "bug:1000001"),
        (slow_target, "writing", "status:open"),
        (wants_to_rest, "writing", "status:open"),
        (paused, "paused", "bug:1000001"),
    ],
)
def test_sigterm_ends_it_within_seconds_whatever_it_does(
    cli: Cli, workspace: Path, standins: Servers, prepare: Any, doing: str, only: str
) -> None:
    prepare(workspace, standins)
    command = ("-T", "new", "--every", "3600") + (() if doing == "reading" else ("--only", only))
    process = started(workspace, "sync", "-q", *command)
    try:
        until(lambda: pulse_of(workspace).get("doing") == doing, 120)
        if prepare is wants_to_rest:
            until(lambda: standins.storyboard.faults[0].times < 10_000, 60)
        began = time.monotonic()
        process.send_signal(signal.SIGTERM)
        told = ended(process, 60)
        assert time.monotonic() - began < 20, "a second or two, on a machine that is not busy"
        assert told.status in (0, 3)
    finally:
        standins.storyboard.latency = 0.0
        standins.storyboard.faults.clear()
        standins.launchpad.faults.clear()
    found = sync_of(cli)
    assert (found["doing"], found["runs"]) == ("ended", False)
    assert ("stopped", "workspace") not in alarms(found)
