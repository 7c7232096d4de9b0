"""A server that goes away in the middle of a run, and comes back: nothing is lost or set aside."""

from __future__ import annotations

import json
import signal
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import Cli, Ended, Servers, ended, started, until
from tracker_migrate.engine.daemon import rounds
from tracker_migrate.testing.loopback import Fault, Request, StandIn
from tracker_migrate.workspace import Workspace

TARGETS = ("new", "old")
DOWN = "does not answer (it takes no connection); trying again in"


def standin_of(standins: Servers, target: str) -> StandIn:
    return standins.storyboard if target == "new" else standins.maniphest


@pytest.fixture(autouse=True)
def _empty_targets(standins: Servers) -> None:
    """Nothing is at a target that an earlier test brought there."""
    reset = Request("POST", "", "", (), {}, b"")
    for standin in (standins.storyboard, standins.maniphest):
        assert standin.control("reset", reset).status == 200


@pytest.fixture
def fresh(standins: Servers, tmp_path: Path, workspace: Path) -> Path:
    """A workspace that nothing was read into yet."""
    folder = tmp_path / "fresh"
    folder.mkdir()
    (folder / "migration.toml").write_text(standins.settings())
    return folder


@contextmanager
def outage(standin: StandIn, after: int, seconds: float) -> Iterator[threading.Event]:
    """The server goes down when so many requests more have come, for so many seconds. Yields what
    is set when it is down."""
    before, down = standin.requests.total(), threading.Event()

    def go() -> None:
        until(lambda: standin.requests.total() - before >= after, 60)
        with standin.down():
            down.set()
            time.sleep(seconds)

    thread = threading.Thread(target=go)
    thread.start()
    try:
        yield down
    finally:
        thread.join(120)


@contextmanager
def failing(standin: StandIn, fault: Fault, seconds: float) -> Iterator[None]:
    """A fault strikes whatever comes, for so many seconds from when it first does."""
    standin.faults.append(fault)
    times = fault.times

    def go() -> None:
        until(lambda: fault.times < times, 60)
        time.sleep(seconds)
        standin.faults.clear()

    thread = threading.Thread(target=go)
    thread.start()
    try:
        yield
    finally:
        thread.join(120)


def patience(folder: Path, seconds: float) -> None:
    """Set it for all servers."""
    path = folder / "migration.toml"
    text = path.read_text().replace("per_second = 0", f"per_second = 0\npatience = {seconds}")
    text = text.replace("settle_seconds = 0.2", f"settle_seconds = 0.2\npatience = {seconds}")
    path.write_text(text)


def all_is_there(cli: Cli, target: str) -> None:
    """Everything is at the target, once; nothing was set aside; nothing is left to be written."""
    seen = cli("verify", "-T", target)
    assert seen.status == 0, seen.out
    again: dict[str, Any] = json.loads(cli("apply", "-T", target, "--json").out)
    counts = again.get(target, again)
    assert (counts["steps"], counts["aside"]) == (0, 0)


# -- it goes away, and comes back -----------------------------------------------------------------


def test_a_pull_waits_for_the_source(
    cli: Cli, fresh: Path, pulled: Path, standins: Servers
) -> None:
    with outage(standins.launchpad, after=60, seconds=2):
        told = cli("pull", "-C", fresh)
    assert told.status == 0
    assert DOWN in told.err
    assert "answers again, after" in told.err
    assert "unread" not in told.out
    counted = [json.loads(cli("status", "-C", at, "--json").out) for at in (fresh, pulled)]
    assert counted[0]["source"]["issues"] == counted[1]["source"]["issues"]


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("after", [15, 60])
def test_an_apply_waits_for_the_target(
    cli: Cli, workspace: Path, standins: Servers, target: str, after: int
) -> None:
    with outage(standin_of(standins, target), after=after, seconds=2):
        told = cli("apply", "-T", target)
    assert told.status == 0, told.err
    assert DOWN in told.err
    assert "answers again, after" in told.err
    all_is_there(cli, target)


@pytest.mark.parametrize("target", TARGETS)
def test_a_proxy_whose_server_is_away_is_waited_for_as_well(
    cli: Cli, workspace: Path, standins: Servers, target: str
) -> None:
    fault = Fault("status", status=502, skip=30, times=10**6, text="<html>bad gateway</html>")
    with failing(standin_of(standins, target), fault, seconds=2):
        told = cli("apply", "-T", target)
    assert told.status == 0, told.err
    assert "answers 502; trying again in" in told.err
    all_is_there(cli, target)


def test_while_it_is_down_it_is_hardly_asked(cli: Cli, workspace: Path, standins: Servers) -> None:
    fault = Fault("status", status=503, skip=30, times=10**6, text="down for maintenance")
    with failing(standins.storyboard, fault, seconds=4):
        assert cli("apply", "-T", "new").status == 0
    # four threads, whose failures open the circuit, and three probes; each may look once more
    assert 10**6 - fault.times <= 16
    all_is_there(cli, "new")


@pytest.mark.parametrize("target", TARGETS)
def test_a_target_that_asks_for_patience_gets_it(
    cli: Cli, workspace: Path, standins: Servers, target: str
) -> None:
    standin = standin_of(standins, target)
    standin.faults.append(Fault("status", status=429, skip=30, headers={"Retry-After": "2"}))
    told = cli("apply", "-T", target)
    assert told.status == 0
    assert "asks for patience (429); going on in 2 s" in told.err
    all_is_there(cli, target)


def test_a_source_that_asks_for_patience_gets_it(cli: Cli, fresh: Path, standins: Servers) -> None:
    page = {"Retry-After": "2"}
    standins.launchpad.faults.append(Fault("status", status=503, skip=40, headers=page))
    told = cli("pull", "-C", fresh)
    assert told.status == 0
    assert "asks for patience (503); going on in 2 s" in told.err


def test_one_request_that_launchpad_gives_up_on_holds_nothing_up(
    cli: Cli, fresh: Path, standins: Servers
) -> None:
    oops = {"X-Lazr-OopsId": "OOPS-1", "Retry-After": "900"}
    fault = Fault("status", path="/bugs/", status=503, skip=10, headers=oops)
    standins.launchpad.faults.append(fault)
    told = cli("pull", "-C", fresh)
    assert told.status in (0, 3), "3 if it was no list: this one is read the next time"
    assert (told.err, fault.times) == ("", 0)


def test_a_database_of_launchpads_that_is_down_costs_no_issue(
    cli: Cli, fresh: Path, standins: Servers
) -> None:
    oops = {"X-Lazr-OopsId": "OOPS-1"}  # as if each request were at fault by itself
    fault = Fault("status", status=503, skip=60, times=10**6, headers=oops)
    with failing(standins.launchpad, fault, seconds=3):
        told = cli("pull", "-C", fresh)
    assert told.status == 0, told.out
    assert "unread" not in told.out
    assert "answers 503; trying again in" in told.err


# -- deadlocks ------------------------------------------------------------------------------------


def test_four_connections_meet_no_deadlock(cli: Cli, workspace: Path, standins: Servers) -> None:
    standin = standins.storyboard
    standin.concurrent_deadlocks = True
    try:
        assert cli("apply", "-T", "new").status == 0
    finally:
        standin.concurrent_deadlocks = False
    assert standin.deadlocks == 0
    all_is_there(cli, "new")


@pytest.mark.parametrize("kind", ["deadlock", "deadlock_story", "deadlock_400"])
def test_deadlocks_with_another_client_cost_one_request_each(
    cli: Cli, workspace: Path, standins: Servers, kind: str
) -> None:
    standin = standins.storyboard

    def made() -> int:
        return standin.requests["write:POST /tasks"]

    standin.faults.append(Fault(kind, method="POST", path="/tasks", skip=5, times=3))
    before, rows = made(), standin.store.counts()["task"]
    told = cli("apply", "-T", "new")
    assert (told.status, told.err) == (0, "")
    assert made() - before == standin.store.counts()["task"] - rows + 3
    all_is_there(cli, "new")


# -- it does not come back ------------------------------------------------------------------------


@pytest.mark.parametrize("target", TARGETS)
def test_patience_ends_with_a_word_on_how_to_go_on(
    cli: Cli, workspace: Path, standins: Servers, target: str
) -> None:
    patience(workspace, 1.5)
    with outage(standin_of(standins, target), after=40, seconds=4):
        told = cli("apply", "-T", target)
    assert told.status == 6
    assert "gave up; nothing is lost, run the same command again to go on" in told.err
    with Workspace(workspace) as held:
        assert held.ledger(target).in_state("aside") == []
    assert cli("apply", "-T", target).status == 0
    all_is_there(cli, target)


def test_a_pull_that_gave_up_goes_on_the_next_time(
    cli: Cli, fresh: Path, pulled: Path, standins: Servers
) -> None:
    patience(fresh, 0)
    with outage(standins.launchpad, after=60, seconds=3):
        told = cli("pull", "-C", fresh)
    assert told.status == 6
    assert "trying again" not in told.err
    assert cli("pull", "-C", fresh).status == 0
    counted = [json.loads(cli("status", "-C", at, "--json").out) for at in (fresh, pulled)]
    assert counted[0]["source"]["issues"] == counted[1]["source"]["issues"]


def test_sync_outlives_an_outage_of_any_length(workspace: Path, standins: Servers) -> None:
    patience(workspace, 0.2)
    with Workspace(workspace) as held, closing(rounds(held, list(TARGETS), every=0.3)) as each:
        assert next(each).error == ""
        with standins.storyboard.down():
            for _ in range(2):
                one = next(each)
                assert "it takes no connection" in one.error
                assert "old" in one.applied, "the other target goes on"
        with standins.launchpad.down():
            assert next(each).applied == {}
        until(lambda: next(each).error == "")
        assert set(next(each).applied) == set(TARGETS)


def test_sync_outlives_a_page_that_stands_where_a_tracker_was(
    workspace: Path, standins: Servers
) -> None:
    """What a proxy shows while its server is away is no reason to stop for good."""
    patience(workspace, 0.2)
    for standin in (standins.launchpad, standins.storyboard, standins.maniphest):
        with Workspace(workspace) as held, closing(rounds(held, list(TARGETS), every=0.1)) as each:
            until(lambda: next(each).error == "")
        standin.faults.append(Fault("html", times=10**6))
        with Workspace(workspace) as held, closing(rounds(held, list(TARGETS), every=0.1)) as each:
            assert next(each).error
            standin.faults.clear()
            until(lambda: next(each).error == "")


# -- somebody stops it ----------------------------------------------------------------------------


def while_it_waits(process: subprocess.Popen[str], number: int) -> Ended:
    """Send a signal once the process has told that it waits; how it ended, and in what time."""
    assert process.stderr is not None
    said = ""
    while "trying again in" not in said:
        line = process.stderr.readline()
        assert line, said
        said += line
    time.sleep(1.5)  # well into a wait
    process.send_signal(number)
    began = time.monotonic()
    told = ended(process, 20)
    assert time.monotonic() - began < 5
    return told


@pytest.mark.parametrize("target", TARGETS)
def test_ctrl_c_ends_a_wait_at_once(
    cli: Cli, workspace: Path, standins: Servers, target: str
) -> None:
    standin = standin_of(standins, target)
    process = started(workspace, "apply", "-T", target)
    with outage(standin, after=30, seconds=6):
        told = while_it_waits(process, signal.SIGINT)
    assert told.status == 130
    assert told.err.splitlines()[-1].startswith("stopped; nothing is lost")
    assert cli("apply", "-T", target).status == 0
    all_is_there(cli, target)


def test_ctrl_c_ends_a_pulls_wait_at_once(fresh: Path, standins: Servers) -> None:
    process = started(fresh, "pull")
    with outage(standins.launchpad, after=60, seconds=6):
        told = while_it_waits(process, signal.SIGINT)
    assert told.status == 130


def test_sigterm_ends_the_wait_of_sync(workspace: Path, standins: Servers) -> None:
    process = started(workspace, "sync", "-T", "old", "--every", "3600")
    with outage(standins.maniphest, after=30, seconds=6):
        told = while_it_waits(process, signal.SIGTERM)
    assert told.status in (0, 3)
    assert "stopped: somebody asked for it" in told.out
