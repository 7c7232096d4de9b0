"""`doctor`: what could spoil a run is said before it, with its cure, and nothing is written."""

from __future__ import annotations

import json
import shutil
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import Cli, Servers
from tracker_migrate.backends.launchpad.source import LaunchpadSource

HEAD = "person,target,account,name,state,created,note\n"


def found(cli: Cli, workspace: Path, *arguments: str) -> list[dict[str, Any]]:
    """The findings, and how it ended as the last of them."""
    ended = cli("doctor", "-C", workspace, "--json", *arguments)
    held: list[dict[str, Any]] = json.loads(ended.out)
    return [*held, {"status": ended.status}]


def said(held: list[dict[str, Any]], level: str, about: str) -> str:
    lines = [one for one in held[:-1] if (one["level"], one["about"]) == (level, about)]
    return "\n".join(f"{one['what']} -> {one.get('cure', '')}" for one in lines)


def made(standins: Servers) -> dict[str, int]:
    """What is at Maniphest, but for the picture that it makes of whoever asks who they are. What
    our rights are is asked by an edit that it refuses."""
    return {**standins.maniphest._dump(None), "file": 0}


def test_it_asks_everybody_and_writes_nothing(cli: Cli, workspace: Path, standins: Servers) -> None:
    before = standins.storyboard.writes, made(standins)
    held = found(cli, workspace)
    assert (standins.storyboard.writes, made(standins)) == before
    assert {one["about"] for one in held[:-1]} == {"workspace", "source", "new", "old"}
    assert "21 issues were read" in said(held, "fine", "workspace")
    assert "account" in said(held, "fine", "new")
    assert held[-1]["status"] == 4
    assert all(one.get("cure") for one in held[:-1] if one["level"] == "look")


def test_a_login_that_is_not_taken_would_stop_a_run(
    cli: Cli, workspace: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TRACKER_MIGRATE_OLD_TOKEN", "api-wrong" + "x" * 23)
    held = found(cli, workspace)
    assert said(held, "stop", "old")
    assert said(held, "fine", "new")  # the other one is looked at all the same
    assert held[-1]["status"] == 4


def test_a_server_that_is_down_would_stop_a_run(
    cli: Cli, workspace: Path, standins: Servers
) -> None:
    settings = workspace / "migration.toml"
    text = settings.read_text().replace("[source]", "[source]\npatience = 0")
    settings.write_text(text)
    with standins.launchpad.down():
        held = found(cli, workspace)
    assert said(held, "stop", "source")
    assert said(held, "fine", "old")


def test_an_empty_archive_would_stop_a_run(cli: Cli, workspace: Path, tmp_path: Path) -> None:
    empty = tmp_path / "empty"
    (empty / "mappings").mkdir(parents=True)
    (empty / "migration.toml").write_text((workspace / "migration.toml").read_text())
    held = found(cli, empty)
    assert "nothing was read yet -> tracker-migrate pull" in said(held, "stop", "workspace")


def test_a_word_that_the_server_has_not_is_named(cli: Cli, workspace: Path) -> None:
    (workspace / "mappings" / "states.toml").write_text('[maniphest.status]\nNew = "shelved"\n')
    held = found(cli, workspace)
    assert "shelved" in said(held, "stop", "old")


def test_who_may_be_mailed_is_counted(cli: Cli, workspace: Path) -> None:
    assert "may be mailed" not in said(found(cli, workspace), "look", "old")
    rows = "erizel.galyor,old,PHID-USER-1,erizel,verified,,\n"
    (workspace / "mappings" / "people.csv").write_text(HEAD + rows)
    told = said(found(cli, workspace), "look", "old")
    assert "1 people of people.csv" in told
    assert "bin/phd stop" in told


def test_clocks_that_differ_are_told(
    cli: Cli, workspace: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = LaunchpadSource.now
    monkeypatch.setattr(LaunchpadSource, "now", lambda self: real(self) + timedelta(hours=1))
    told = said(found(cli, workspace), "look", "source")
    assert "seconds apart" in told
    assert "NTP" in told


def test_a_full_disk_is_told(cli: Cli, workspace: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    usage = shutil.disk_usage(workspace)
    monkeypatch.setattr(shutil, "disk_usage", lambda _path: usage._replace(free=5 << 20))
    assert "5 MiB left -> make room" in said(found(cli, workspace), "look", "workspace")


def test_what_would_be_refused_is_counted(cli: Cli, workspace: Path) -> None:
    rows = "source,target,place,branch,move,note\ngadget,new,,,no,\n"
    (workspace / "mappings" / "projects.csv").write_text(rows)
    held = found(cli, workspace, "-T", "new")
    assert "would be refused" in said(held, "look", "new")
    assert not said(held, "fine", "old")


def test_on_the_screen_each_has_its_mark_and_its_cure(cli: Cli, workspace: Path) -> None:
    out = cli("doctor", "-C", workspace).out
    assert " ok   workspace: 21 issues were read" in out
    assert "LOOK  source:" in out
    assert "      -> tracker-migrate login" in out
