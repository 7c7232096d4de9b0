"""Ctrl-C in the middle: 130, a word on how to go on, and the next run goes on."""

from __future__ import annotations

import json
import signal
import time
from pathlib import Path

import pytest

from tests.cli.conftest import Cli, Servers, ended, started, until
from tracker_migrate.testing.loopback import StandIn


def interrupted(workspace: Path, standin: StandIn, after: int, *arguments: str) -> None:
    """Start a command, press Ctrl-C when it has sent so many requests, and check its ending."""
    before = standin.requests.total()
    standin.latency = 0.03
    try:
        process = started(workspace, *arguments)
        until(lambda: standin.requests.total() - before >= after)
        process.send_signal(signal.SIGINT)
        told = ended(process, 20)
    finally:
        standin.latency = 0.0
    assert told.status == 130
    assert told.err.splitlines()[-1] == (
        "stopped; nothing is lost: run the same command again to go on"
    )
    assert told.out == ""


def test_ctrl_c_in_the_middle_of_pull(
    cli: Cli, workspace: Path, standins: Servers, tmp_path: Path
) -> None:
    fresh = tmp_path / "fresh"
    fresh.mkdir()
    (fresh / "migration.toml").write_text(standins.settings())
    interrupted(fresh, standins.launchpad, 60, "pull")
    assert cli("pull", "-C", fresh).status == 0
    counted = [json.loads(cli("status", "-C", at, "--json").out) for at in (fresh, workspace)]
    assert counted[0]["source"]["issues"] == counted[1]["source"]["issues"]


@pytest.mark.parametrize("target", ["new", "old"])
def test_ctrl_c_in_the_middle_of_apply(
    cli: Cli, workspace: Path, standins: Servers, target: str
) -> None:
    standin = standins.storyboard if target == "new" else standins.maniphest
    interrupted(workspace, standin, 40, "apply", "-T", target)
    assert cli("apply", "-T", target).status == 0
    seen = cli("verify", "-T", target)
    assert seen.status == 0, seen.out


def test_a_second_ctrl_c_does_not_wait_for_a_server_that_is_silent(
    workspace: Path, standins: Servers, tmp_path: Path
) -> None:
    fresh = tmp_path / "fresh"
    fresh.mkdir()
    (fresh / "migration.toml").write_text(standins.settings())
    standins.launchpad.latency = 0.02
    process = started(fresh, "pull")
    before = standins.launchpad.requests.total()
    until(lambda: standins.launchpad.requests.total() - before > 40)
    standins.launchpad.latency = 30.0
    began = time.monotonic()
    try:
        time.sleep(0.3)
        process.send_signal(signal.SIGINT)
        time.sleep(0.5)
        process.send_signal(signal.SIGINT)
        told = ended(process, 20)
    finally:
        standins.launchpad.latency = 0.0
    assert told.status == 130
    assert "Ctrl-C: at once" in told.err
    assert time.monotonic() - began < 10


def test_ctrl_c_while_sync_sleeps(workspace: Path, standins: Servers) -> None:
    process = started(workspace, "sync", "-T", "old", "--every", "3600", "--only", "bug:1")
    assert process.stdout is not None
    assert "created" in process.stdout.readline()
    process.send_signal(signal.SIGINT)
    assert ended(process, 10).status == 130


def test_sigterm_ends_sync_between_two_rounds(workspace: Path, standins: Servers) -> None:
    process = started(workspace, "sync", "-T", "old", "--every", "3600", "--only", "bug:1")
    assert process.stdout is not None
    assert "created" in process.stdout.readline()
    process.send_signal(signal.SIGTERM)
    assert ended(process, 10).status == 0
