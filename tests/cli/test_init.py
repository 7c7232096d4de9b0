"""`init`: a workspace with tables that hold what is there; it asks a person at a terminal, and
nobody else; what it can't look at it says."""

from __future__ import annotations

import json
import os
import pty
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.conftest import SECRETS, Cli, Servers
from tracker_migrate.backends.storyboard.standin.personas import Persona
from tracker_migrate.workspace import Workspace, settings

#: nobody answers there
NOWHERE = "http://127.0.0.1:1"


@pytest.fixture
def folder(workspace: Path, tmp_path: Path) -> Path:
    """Where a workspace can be made; the tokens are in the environment."""
    return tmp_path / "made"


def words(standins: Servers) -> list[str]:
    """Where to read and to write."""
    return [
        *("--from", "launchpad:gadget", "--address", standins.launchpad.url),
        *("--to", f"new=storyboard:{standins.storyboard.url}"),
        *("--to", f"old=maniphest:{standins.maniphest.url}"),
        *("--look", "4"),
    ]


def tables(made: Path) -> dict[str, str]:
    return {path.name: path.read_text() for path in (made / "mappings").iterdir()}


def test_it_looks_and_offers_what_it_saw(cli: Cli, folder: Path, standins: Servers) -> None:
    ended = cli("init", folder, *words(standins), "--json")
    assert ended.status == 0
    told = json.loads(ended.out)
    assert told["issues"] >= 4
    assert told["unseen"] == []
    assert sorted(told["facts"]) == ["new", "old"]
    assert min(told["offered"][name] for name in ("people.csv", "tags.csv", "projects.csv")) > 0
    assert '# "launchpad:gadget" is: project' in (folder / "migration.toml").read_text()
    settings.load(folder, backends=True)
    with Workspace(folder) as held:
        assert held.archive.count() == told["issues"]
        tags = held.archive.public_tags()
    assert all(f"#? {tag},," in tables(folder)["tags.csv"] for tag in tags)
    again = json.loads(cli("map", "fill", "-C", folder, "--json").out)["offered"]
    assert set(again.values()) == {0}, "all of it was offered already"
    assert cli("plan", "-C", folder).status == 0


def test_who_has_an_account_is_suggested(cli: Cli, folder: Path, standins: Servers) -> None:
    first = json.loads(cli("init", folder, *words(standins), "--json").out)
    assert first["suggested"] == {"new": 0, "old": 0}
    with Workspace(folder) as held:
        known = [one for one in held.archive.entities("person") if not one.is_team]
        one = next(
            one for one in known if " " in one.display_name and "Bot" not in one.display_name
        )
    standins.storyboard.add_user(Persona(full_name=one.display_name, email="x@lab.example"))
    again = folder.with_name("again")
    told = json.loads(cli("init", again, *words(standins), "--json").out)
    assert told["suggested"]["new"] == 1
    rows = tables(again)["people.csv"]
    assert f"\n{one.name},new," in rows
    assert f"#? {one.name},new," not in rows
    assert f"#? {one.name},old," in rows
    assert "lab.example" not in "".join(tables(again).values())


def test_a_look_is_limited(cli: Cli, folder: Path, standins: Servers) -> None:
    told = json.loads(cli("init", folder, *words(standins), "--look", "1", "--json").out)
    assert told["issues"] <= 2, "a bug, and a blueprint at most"


def test_what_can_not_be_reached_is_told_and_the_workspace_is_made(cli: Cli, folder: Path) -> None:
    ended = cli(
        *("init", folder, "--from", "launchpad:gadget", "--address", NOWHERE),
        *("--to", f"new=storyboard:{NOWHERE}/api"),
    )
    assert ended.status == 0
    assert "not looked at: source: " in ended.out
    assert "later: tracker-migrate pull, then tracker-migrate map fill" in ended.out
    assert "not looked at: new: " in ended.out
    assert set(tables(folder)) >= {"people.csv", "tags.csv", "projects.csv", "states.toml"}
    assert "#?" not in "".join(tables(folder).values())


def test_without_a_token_the_target_is_left_for_later(
    cli: Cli, folder: Path, standins: Servers, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("TRACKER_MIGRATE_OLD_TOKEN")
    ended = cli("init", folder, *words(standins))
    assert ended.status == 0
    assert "not looked at: old: " in ended.out
    assert "later: tracker-migrate login old, then" in ended.out
    assert "not looked at: new" not in ended.out
    assert "token of old: get one with tracker-migrate login old" in ended.out
    assert "token of new" not in ended.out, "there is one, and it was used"


def test_what_is_not_public_is_left_for_later_without_a_login(
    cli: Cli, folder: Path, standins: Servers
) -> None:
    told = json.loads(cli("init", folder, *words(standins), "--private", "--json").out)
    assert told["issues"] >= 4
    assert settings.load(folder).source.private
    with Workspace(folder) as held:
        assert not held.archive.private_keys()


def test_offline_nothing_is_asked(cli: Cli, folder: Path, standins: Servers) -> None:
    standins.launchpad.requests.clear()
    told = json.loads(cli("init", folder, *words(standins), "--offline", "--json").out)
    assert "issues" not in told
    assert sum(standins.launchpad.requests.values()) == 0
    assert "#?" not in "".join(tables(folder).values())


def test_a_project_that_is_not_there_leaves_nothing_behind(
    cli: Cli, folder: Path, standins: Servers
) -> None:
    ended = cli("init", folder, "--from", "launchpad:gadgit", "--address", standins.launchpad.url)
    assert ended.status == 2
    assert not folder.exists()


def test_no_token_is_stored(cli: Cli, folder: Path, standins: Servers) -> None:
    cli("init", folder, *words(standins))
    for path in folder.rglob("*"):
        if path.is_file():
            held = path.read_bytes()
            assert not [one for one in SECRETS if one.encode() in held], path


def test_without_a_terminal_nobody_is_asked(cli: Cli, folder: Path) -> None:
    ended = cli("init")
    assert ended.status == 2
    assert "FOLDER" in ended.err
    assert "at a terminal it asks" in ended.err


def test_whoever_stops_the_look_has_a_workspace_that_can_be_used(
    cli: Cli, folder: Path, standins: Servers, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stopped(*_arguments: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("tracker_migrate.engine.looking.look", stopped)
    ended = cli("init", folder, *words(standins))
    assert ended.status == 130
    assert f"next: tracker-migrate pull -C {folder}" in ended.out
    monkeypatch.undo()
    assert cli("pull", "-C", folder, "--limit", "1").status == 0


# -- at a terminal --------------------------------------------------------------------------------


def at_a_terminal(folder: Path, answers: list[str], *arguments: str) -> tuple[int, str]:
    """Run `init` with a terminal for input and questions; its status and what was asked."""
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "tracker_migrate", "init", *arguments],
        cwd=folder,
        stdin=theirs,
        stdout=subprocess.DEVNULL,
        stderr=theirs,
        env={**os.environ, "TERM": "dumb", "NO_COLOR": "1"},
    )
    os.close(theirs)
    os.write(ours, "".join(f"{one}\n" for one in answers).encode())
    shown = b"".join(_until_closed(ours))
    os.close(ours)
    return process.wait(60), shown.decode("utf-8", "replace")


def _until_closed(terminal: int) -> Iterator[bytes]:
    while True:
        try:
            piece = os.read(terminal, 65536)
        except OSError:  # the other end is closed
            return
        if not piece:
            return
        yield piece


def test_at_a_terminal_it_asks_for_what_was_not_said(workspace: Path, tmp_path: Path) -> None:
    answers = [
        "nova-move",
        "lanchpad:nova",
        "launchpad:nova launchpad:glance",
        "n",
        "storyboard:https://stories.example.org/api",
        "",
        "keep",
        "maniphest:https://phorge.example.org",
        "New",
        "phorge",
        "",
        "one",
        "",
    ]
    status, shown = at_a_terminal(tmp_path, answers, "--offline")
    assert status == 0, shown
    assert 'did you mean "launchpad"' in shown
    assert "lower-case" in shown
    loaded = settings.load(tmp_path / "nova-move", backends=True)
    assert loaded.source.specs == ["launchpad:nova", "launchpad:glance"]
    assert loaded.targets["new"]["numbers"] == "keep"
    assert loaded.targets["phorge"]["order"] == "ordered"
    assert loaded.targets["phorge"]["task_mode"] == "one"


def test_what_was_said_is_not_asked(workspace: Path, tmp_path: Path) -> None:
    status, shown = at_a_terminal(tmp_path, [], "made", "--from", "launchpad:nova", "--offline")
    assert status == 0
    assert shown == ""


def test_who_leaves_a_question_leaves_nothing_behind(workspace: Path, tmp_path: Path) -> None:
    status, _ = at_a_terminal(tmp_path, ["half", "\x04"], "--offline")
    assert status == 130
    assert not (tmp_path / "half").exists()


def test_every_setting_that_is_offered_is_one(workspace: Path, tmp_path: Path, cli: Cli) -> None:
    targets = ["new=storyboard:https://sb.example.org/api", "old=maniphest:https://ph.example.org"]
    to = [word for one in targets for word in ("--to", one)]
    assert cli("init", tmp_path / "made", "--from", "launchpad:nova", *to, "--offline").status == 0
    said = (tmp_path / "made" / "migration.toml").read_text()
    for name in ("authors", "people", "numbers", "task_mode", "targets.old.database"):
        assert name in said
    offered = re.sub(r"(?m)^# (?=\[|\w+ = )", "", said)
    assert offered != said
    settings.checked(tomllib.loads(offered), backends=True)
