"""The daemon holds still while somebody asks for it, and goes on; SIGTERM ends it in seconds."""

from __future__ import annotations

import json
import signal
import time
from pathlib import Path

from tests.cli.conftest import Cli, Servers, ended, started, until


def test_sync_waits_while_it_is_paused_and_goes_on(
    cli: Cli, workspace: Path, standins: Servers
) -> None:
    assert cli("pause").status == 0
    asked = standins.maniphest.requests.total()
    process = started(workspace, "sync", "-T", "old", "--once", "--only", "bug:1")
    time.sleep(1.5)
    assert process.poll() is None
    assert standins.maniphest.requests.total() == asked
    assert cli("resume").status == 0
    told = ended(process, 30)
    assert told.status == 0
    assert "created" in told.out


def test_pause_ends_a_round_within_seconds_and_nothing_is_written_twice(
    cli: Cli, workspace: Path, standins: Servers
) -> None:
    asked = standins.storyboard.requests.total()
    standins.storyboard.latency = 0.05
    try:
        process = started(workspace, "sync", "-T", "new", "--every", "1")
        until(lambda: standins.storyboard.requests.total() - asked > 40)
        assert cli("pause").status == 0
        until(lambda: _still(standins))
        before = standins.storyboard.writes
        time.sleep(1.0)
        assert standins.storyboard.writes == before
        assert cli("resume").status == 0
        until(lambda: standins.storyboard.writes > before)
    finally:
        standins.storyboard.latency = 0.0
    process.send_signal(signal.SIGTERM)
    ended(process, 30)
    assert cli("apply", "-T", "new").status == 0
    seen = json.loads(cli("verify", "-T", "new", "--json").out)["new"]
    assert (seen["missing"], seen["doubled"], seen["differs"]) == (0, 0, [])


def _still(standins: Servers) -> bool:
    """Whether no request came for half a second."""
    before = standins.storyboard.requests.total()
    time.sleep(0.5)
    return standins.storyboard.requests.total() == before


def test_sigterm_in_the_middle_of_a_round_ends_it_within_seconds(
    cli: Cli, workspace: Path, standins: Servers
) -> None:
    asked = standins.storyboard.requests.total()
    standins.storyboard.latency = 0.2
    try:
        process = started(workspace, "sync", "-T", "new", "--every", "3600")
        until(lambda: standins.storyboard.requests.total() - asked > 15)
        process.send_signal(signal.SIGTERM)
        told = ended(process, 20)
        assert told.status in (0, 3)
    finally:
        standins.storyboard.latency = 0.0
    assert cli("apply", "-T", "new").status == 0
    seen = json.loads(cli("verify", "-T", "new", "--json").out)["new"]
    assert (seen["missing"], seen["doubled"], seen["differs"]) == (0, 0, [])


def test_pause_and_resume_say_what_they_did(cli: Cli, workspace: Path) -> None:
    assert "was not paused" in cli("resume").out
    assert cli("pause", "-n").out.startswith("would pause")
    assert cli("pause").out.startswith("paused since 20")
    assert cli("pause").out.startswith("was paused since 20")
    assert json.loads(cli("resume", "--json").out)["ended"] is True
    assert json.loads(cli("resume", "--json").out) == {
        "paused": False, "since": None, "ended": False,
    }  # fmt: skip
