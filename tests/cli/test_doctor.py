"""`doctor`: what could spoil a run is said before it, with its cure, and nothing is written."""

from __future__ import annotations

import json
import shutil
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import OWNER, Cli, Servers
from tracker_migrate import __version__
from tracker_migrate.backends.launchpad.source import LaunchpadSource
from tracker_migrate.backends.maniphest import foresight
from tracker_migrate.backends.storyboard import foresight as storyboards
from tracker_migrate.backends.storyboard.client import Api
from tracker_migrate.model import name_of
from tracker_migrate.testing.loopback import Fault
from tracker_migrate.workspace import Workspace

POLICY = """[information_type]
"Private" = "few"
"Private Security" = "few"
"Proprietary" = "few"
[policies.few.new]
users = "readers"
"""
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


# -- what a move would meet at a target ------------------------------------------------------------


def options(workspace: Path, target: str, line: str) -> None:
    """Add a setting to a target."""
    settings = workspace / "migration.toml"
    head = f"[targets.{target}]"
    settings.write_text(settings.read_text().replace(head, f"{head}\n{line}"))


def strangers(standins: Servers) -> Api:
    """A StoryBoard as somebody else."""
    return Api(f"{standins.storyboard.url}/v1", "token-of-other")


def a_bug(workspace: Path) -> int:
    """The number of a bug that was read."""
    with Workspace(workspace) as held:
        return min(int(one.name) for one in held.archive.issues() if one.kind == "bug")


def test_the_program_says_what_it_is(cli: Cli, workspace: Path) -> None:
    told = said(found(cli, workspace), "fine", "workspace")
    assert f"tracker-migrate {__version__} on Python 3." in told


def test_numbers_that_are_taken_are_told(cli: Cli, workspace: Path, standins: Servers) -> None:
    options(workspace, "new", 'numbers = "keep"')
    bug = a_bug(workspace)
    assert "none is taken" in said(found(cli, workspace, "-T", "new"), "fine", "new")
    other = strangers(standins)
    other.write("POST", "/stories", {"id": bug, "title": "somebody else's"})
    other.close()
    held = found(cli, workspace, "-T", "new")
    told = said(held, "look", "new")
    assert f"1 are taken by other people's stories: {bug} -> " in told
    assert 'numbers = "block"' in told
    assert "after the move the next one that anybody makes gets a number above 10000" in told


def test_of_very_many_numbers_a_sample_is_asked_for(
    cli: Cli, workspace: Path, standins: Servers, monkeypatch: pytest.MonkeyPatch
) -> None:
    options(workspace, "new", 'numbers = "keep"')
    monkeypatch.setattr(storyboards, "ASKED", 2)
    with Workspace(workspace) as held:
        bugs = sorted(int(one.name) for one in held.archive.issues() if one.kind == "bug")
    other = strangers(standins)
    for bug in bugs:
        other.write("POST", "/stories", {"id": bug, "title": "somebody else's"})
    other.close()
    told = said(found(cli, workspace, "-T", "new"), "look", "new")
    assert f"of 2 bugs' numbers that were tried, of {len(bugs)}, 2 are taken" in told


def test_a_server_without_numbers_left_would_stop_a_run(
    cli: Cli, workspace: Path, standins: Servers, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = strangers(standins)
    other.write("POST", "/stories", {"id": 2_147_483_599, "title": "as high as it goes"})
    other.close()
    told = said(found(cli, workspace, "-T", "new"), "stop", "new")
    assert "the newest story is 2147483599: no 21 numbers are left above it" in told


def test_what_is_written_already_is_not_taken(cli: Cli, workspace: Path) -> None:
    options(workspace, "new", 'numbers = "keep"')
    assert cli("apply", "-T", "new").status == 0
    told = said(found(cli, workspace, "-T", "new"), "look", "new")
    assert "taken" not in told
    assert "that anybody makes" not in told  # that is so by now


def test_names_that_storyboard_can_not_hold_are_told(cli: Cli, workspace: Path) -> None:
    rows = "source,target,place,branch,move,note\ngadget,,c++ gadgets,,yes,\n"
    (workspace / "mappings" / "projects.csv").write_text(rows)
    told = said(found(cli, workspace, "-T", "new"), "look", "new")
    assert "names that StoryBoard can't hold: c++ gadgets becomes c-gadgets-" in told
    assert "mappings/projects.csv" in told


def test_names_that_maniphest_can_not_hold_or_takes_for_one_are_told(
    cli: Cli, workspace: Path
) -> None:
    with Workspace(workspace) as held:
        paths = {name_of(task.target) for one in held.archive.issues() for task in one.tasks}
    one, *others = sorted(paths)
    rows = [f"{one},,c++,,yes,", *(f"{path},,c#,,yes," for path in others)]
    table = "source,target,place,branch,move,note\n" + "\n".join(rows) + "\n"
    (workspace / "mappings" / "projects.csv").write_text(table)
    told = said(found(cli, workspace, "-T", "old"), "look", "old")
    assert "c#, c++ have the same hashtag, #c, and become one project" in told
    (workspace / "mappings" / "projects.csv").write_text(table.replace("c++", "x" * 200))
    told = said(found(cli, workspace, "-T", "old"), "look", "old")
    assert "1 projects have names that Maniphest can't hold" in told


def test_projects_that_nobody_would_make_are_told(
    cli: Cli, workspace: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TRACKER_MIGRATE_NEW_TOKEN", "token-of-normal")
    options(workspace, "old", "create_projects = false")
    held = found(cli, workspace)
    assert "projects are not there, and would not be made: gadget" in said(held, "look", "new")
    assert "projects are not there, and would not be made: gadget" in said(held, "look", "old")


def test_a_web_server_that_takes_too_little_is_told(
    cli: Cli, workspace: Path, standins: Servers, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(foresight, "_AROUND", 10)
    standins.maniphest.faults.append(Fault(do="status", status=413, body="x" * 300))
    before = made(standins)
    told = said(found(cli, workspace, "-T", "old"), "look", "old")
    assert made(standins) == before
    assert "the web server refuses a request of" in told
    assert "client_max_body_size" in told
    standins.maniphest.faults.clear()
    assert "refuses a request" not in said(found(cli, workspace, "-T", "old"), "look", "old")


def test_who_could_read_what_is_private_and_no_more_can_is_counted(
    cli: Cli, workspace: Path, standins: Servers, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TRACKER_MIGRATE_LAUNCHPAD", OWNER)
    (workspace / "migration.toml").write_text(standins.settings(source="private = true"))
    assert cli("pull", "--full").status == 0
    (workspace / "mappings" / "privacy.toml").write_text(POLICY)
    told = said(found(cli, workspace), "look", "new")
    assert "who may read private issues at the source may not here: no account" in told
    assert "tracker-migrate readers -T new" in told


def test_a_search_that_would_show_what_is_private_is_told(
    cli: Cli, workspace: Path, standins: Servers, monkeypatch: pytest.MonkeyPatch
) -> None:
    shows = "private issues would be set aside: StoryBoard's search shows private stories"
    monkeypatch.setenv("TRACKER_MIGRATE_LAUNCHPAD", OWNER)
    (workspace / "migration.toml").write_text(standins.settings(source="private = true"))
    assert cli("pull", "--full").status == 0
    without = 'without = "all"\n'
    (workspace / "mappings" / "privacy.toml").write_text(POLICY + without)
    standins.storyboard.settings.leaky_search = True
    told = said(found(cli, workspace, "-T", "new"), "look", "new")
    assert "can't be told before it holds a story" in told
    us = Api(f"{standins.storyboard.url}/v1", "token-of-super")
    us.write("POST", "/stories", {"title": "Everybody may read this"})
    before = standins.storyboard.writes
    told = said(found(cli, workspace, "-T", "new"), "look", "new")
    assert shows in told
    assert "have /v1/stories/search and /v1/tasks/search blocked" in told
    assert standins.storyboard.writes == before
    standins.storyboard.faults.append(Fault(do="status", status=404, path="/search", times=99))
    assert "search" not in said(found(cli, workspace, "-T", "new"), "look", "new")
    standins.storyboard.faults.clear()
    standins.storyboard.settings.leaky_search = False
    assert "search" not in said(found(cli, workspace, "-T", "new"), "look", "new")
    standins.storyboard.settings.leaky_search = True
    options(workspace, "new", 'leaky_search = "accept"')
    assert "search" not in said(found(cli, workspace, "-T", "new"), "look", "new")


def test_a_tag_that_is_too_long_is_told(cli: Cli, workspace: Path) -> None:
    with Workspace(workspace) as held:
        tag = next(iter(held.archive.public_tags()))
    rows = f"tag,target,becomes,note\n{tag},,{'long' * 20},\n"
    (workspace / "mappings" / "tags.csv").write_text(rows)
    told = said(found(cli, workspace, "-T", "new"), "look", "new")
    assert f"1 tags are longer than 50 characters: {tag}" in told


def test_a_server_that_is_down_is_told_of_once(
    cli: Cli, workspace: Path, standins: Servers
) -> None:
    options(workspace, "new", "patience = 0")
    with standins.storyboard.down():
        held = found(cli, workspace, "-T", "new")
    assert len([one for one in held[:-1] if one["level"] == "stop"]) == 1
