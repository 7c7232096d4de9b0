"""The unit for systemd: what systemd itself says of it, and that its numbers are those of the
documents."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.conftest import Cli
from tracker_migrate.report.unit import STAYS_DOWN, SUCCESS, unit
from tracker_migrate.workspace import Workspace

ROOT = Path(__file__).parents[2]


def unit_of(cli: Cli, *arguments: str) -> dict[str, list[str]]:
    """The settings of the unit; each may stand several times."""
    found: dict[str, list[str]] = {}
    for line in cli("export", "unit", *arguments).out.splitlines():
        name, equals, value = line.partition("=")
        if equals and not line.startswith("#"):
            found.setdefault(name, []).append(value)
    return found


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="there is no systemd here")
@pytest.mark.parametrize("name", ["move", "a move with 50% $more"])
def test_systemd_takes_the_unit_as_it_is(
    cli: Cli, workspace: Path, tmp_path: Path, name: str
) -> None:
    folder = workspace.rename(tmp_path / name)
    out = tmp_path / "some-move.service"
    assert cli("export", "unit", "-C", folder, "-o", out).status == 0
    command = ["systemd-analyze", "verify", "--man=no", str(out)]
    said = subprocess.run(command, capture_output=True, text=True, check=False)
    about = [line for line in (said.stdout + said.stderr).splitlines() if "some-move" in line]
    assert about == []
    assert said.returncode == 0, said.stderr


def test_it_is_the_same_on_the_screen_as_in_a_file(
    cli: Cli, workspace: Path, tmp_path: Path
) -> None:
    out = tmp_path / "move.service"
    assert cli("export", "unit", "-o", out).status == 0
    told = out.read_text(encoding="utf-8")
    assert cli("export", "unit").out == told
    assert json.loads(cli("export", "unit", "--json").out) == told.splitlines()
    assert "NoNewPrivileges=yes" in told.splitlines()


def test_it_stays_down_where_a_person_has_to_do_something_first(cli: Cli, workspace: Path) -> None:
    held = unit_of(cli)
    table = (ROOT / "docs" / "exit-status.md").read_text(encoding="utf-8")
    meant = dict(re.findall(r"^\| (\d+) \| ([^|]+) \|", table, re.MULTILINE))
    stays = held["RestartPreventExitStatus"][0].split()
    assert stays == [str(one) for one in STAYS_DOWN] == ["2", "7", "8"]
    for status, word in zip(stays, ("usage or settings", "login needed", "a brake"), strict=True):
        assert meant[status].startswith(word)
    assert held["SuccessExitStatus"][0].split() == [str(one) for one in SUCCESS]
    told = (ROOT / "docs" / "operating.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| (\d+) \| (yes|no|it is no failure) \|", told, re.MULTILINE)
    again = {status for status, word in rows if word == "yes"}
    assert {status for status, word in rows if word == "no"} == set(stays)
    assert {status for status, word in rows if word == "it is no failure"} == {"0", "3", "130"}
    assert again == meant.keys() - {"0", "3", "4", "130", *stays}


def test_it_has_a_watchdog_logins_and_the_folders_that_it_writes_to(
    cli: Cli, workspace: Path
) -> None:
    with (workspace / "migration.toml").open("a") as file:
        file.write(
            '[targets.new.files]\nfolder = "/srv/files"\naddress = "https://files.example.org/x"\n'
        )
    held = unit_of(cli)
    assert held["Type"] == ["notify"]
    assert held["WatchdogSec"] == ["10min"]
    assert held["ExecStart"][0].endswith(f"sync -C {workspace} --log -")
    assert held["ReadWritePaths"] == [str(workspace), "/srv/files"]
    assert held["LoadCredential"] == [
        "tracker-migrate-new-token:/etc/tracker-migrate/new-token",
        "tracker-migrate-old-token:/etc/tracker-migrate/old-token",
    ]


def test_a_login_in_the_workspace_is_read_from_there(
    cli: Cli, workspace: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("TRACKER_MIGRATE_OLD_TOKEN")
    credentials = workspace / "state" / "credentials"
    credentials.mkdir(mode=0o700)
    (credentials / "old-token").touch(mode=0o600)
    assert unit_of(cli)["LoadCredential"] == [
        "tracker-migrate-new-token:/etc/tracker-migrate/new-token",
    ]


def test_a_workspace_in_var_lib_is_the_services_state(
    workspace: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tracker_migrate.report.unit._STATE", workspace.parent)
    with Workspace(workspace) as held:
        lines = list(unit(held, ["/usr/bin/tracker-migrate"]))
    assert f"StateDirectory={workspace.name}" in lines
    assert "PrivateTmp=no" in lines, "else it would not see this folder"
    assert not any(line.startswith("ReadWritePaths=") for line in lines)


@pytest.mark.parametrize(("prefix", "home"), [("/opt/venv", "yes"), ("/home/me/venv", "read-only")])
def test_it_sees_the_program_wherever_that_is(
    workspace: Path, monkeypatch: pytest.MonkeyPatch, prefix: str, home: str
) -> None:
    monkeypatch.setattr(sys, "prefix", prefix)
    monkeypatch.setattr(sys, "base_prefix", "/usr")
    with Workspace(workspace) as held:
        lines = list(unit(held, [f"{prefix}/bin/tracker-migrate"]))
    inside = any(workspace.is_relative_to(one) for one in ("/home", "/root"))
    assert f"ProtectHome={'read-only' if inside else home}" in lines
