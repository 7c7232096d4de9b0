"""One process to run for months: what it says of itself, to people, programs and the system."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from tests.cli.conftest import Cli, Servers
from tests.cli.test_outages import patience
from tracker_migrate.testing.loopback import Fault


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
    assert cli("sync", "-q", "--once", "--only", "bug:1").status == 3
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
