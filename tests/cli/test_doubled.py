"""What commands say of what stands twice, and what they end with."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from tests.cli.conftest import Cli, Servers
from tracker_migrate.testing.loopback import Fault, Request


@pytest.fixture(autouse=True)
def _clean(standins: Servers) -> None:
    """Nothing stands at Maniphest, so that nothing is joined."""
    standins.maniphest.control("reset", Request("POST", "/", "/", (), {}, b""))


def doubled(cli: Cli, standins: Servers, body: str, do: str = "double") -> None:
    """A run in which the next such request to Maniphest is delivered twice."""
    standins.maniphest.faults.append(Fault(do=do, path="maniphest.edit", body=body))
    assert cli("apply", "-T", "old").status == 0
    standins.maniphest.faults.clear()


def test_a_double_that_is_closed_is_told_and_needs_nobody(
    cli: Cli, workspace: Path, standins: Servers
) -> None:
    doubled(cli, standins, "%22title%22")
    assert cli("verify", "-T", "old").status == 4
    told = cli("apply", "-T", "old", "-v")
    assert told.status == 0
    line = r"  doubled task http://\S+/T\d+ of launchpad:bug:\d+: closed, for the importer alone"
    assert re.search(line, told.out)
    assert "1 doubled by something between" in told.out
    assert cli("status", "-T", "old", "--check").status == 0
    assert re.search(line, cli("status", "-T", "old").out)
    seen = cli("verify", "-T", "old")
    assert seen.status == 0
    assert "1 doubled objects are known" in seen.out
    assert json.loads(cli("verify", "-T", "old", "--json").out)["old"]["doubled_known"] == 1


def test_comments_that_stand_twice_end_with_3_until_they_are_removed(
    cli: Cli, workspace: Path, standins: Servers
) -> None:
    doubled(cli, standins, "%22comment%22")
    for command in ("apply", "sync --once"):
        told = cli(*command.split(), "-T", "old")
        assert told.status == 3
    told = cli("apply", "-T", "old", "--json")
    found = json.loads(told.out)["old"]["doubles"]
    assert {one["state"] for one in found} == {"told"}
    told = cli("status", "-T", "old", "--check")
    assert told.status == 3
    assert re.search(r"doubled comment http://\S+/T\d+#\d+ of launchpad:comment:\S+: ", told.out)
    assert "an administrator may remove it" in told.out
    assert cli("verify", "-T", "old").status == 0
    with standins.maniphest.lock:
        for one in found:
            row = [one["at"]["id"]]
            standins.maniphest.store.run("DELETE FROM xaction_task WHERE phid = ?", row)
    assert cli("apply", "-T", "old").status == 0
    assert "doubled" not in cli("status", "-T", "old").out


def test_a_double_that_can_not_be_closed_ends_with_3_and_is_tried_again(
    cli: Cli, workspace: Path, standins: Servers
) -> None:
    doubled(cli, standins, "%22title%22")
    text = json.dumps(
        {
            "result": None,
            "error_code": "ERR-CONDUIT-CORE",
            "error_info": "Validation errors:\n  - You Shall Not Pass: Restricted Maniphest Task",
        }
    )
    fault = Fault(do="status", status=200, text=text, path="maniphest.edit", times=2)
    fault.headers = {"Content-Type": "application/json"}
    standins.maniphest.faults.append(fault)
    told = cli("apply", "-T", "old")
    assert told.status == 3
    assert "not closed: " in told.out
    standins.maniphest.faults.clear()
    assert cli("apply", "-T", "old").status == 0


@pytest.mark.parametrize("skip", [0, 1])
def test_a_lost_reply_while_it_is_closed(
    cli: Cli, workspace: Path, standins: Servers, skip: int
) -> None:
    doubled(cli, standins, "%22title%22")
    standins.maniphest.faults.append(Fault(do="lose", path="maniphest.edit", skip=skip))
    assert cli("apply", "-T", "old").status == 0
    before = standins.maniphest.writes
    assert cli("apply", "-T", "old").status == 0
    assert standins.maniphest.writes == before
    assert cli("verify", "-T", "old").status == 0
