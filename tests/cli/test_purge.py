"""`purge --private`, from the command line, after a whole migration into both trackers."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import Cli
from tests.end_to_end import handing
from tests.end_to_end.handing import Home
from tests.end_to_end.marked_world import MarkedWorld, file_bugs, marked_world
from tests.end_to_end.marks import found_in
from tests.engine.test_purge import carved


@pytest.fixture
def moved(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """A workspace that has moved a project, a third of which is private."""
    with marked_world(tmp_path / "ws", monkeypatch) as made:
        file_bugs(made.project)
        made.spread()
        monkeypatch.chdir(made.here.folder)
        yield made


def words(moved: MarkedWorld) -> frozenset[str]:
    """The words that the workspace's files hold, as they are or packed, in whatever part of a
    file."""
    found: set[str] = set()
    for path in moved.here.folder.rglob("*"):
        data = path.read_bytes() if path.is_file() else b""
        found |= found_in(data)
        found |= frozenset().union(*map(found_in, carved(data)))
    return frozenset(found)


def secret(moved: MarkedWorld) -> frozenset[str]:
    """What not everybody may read, and the workspace holds: but for what docs/privacy.md says that
    stays, the names of blueprints (they are keys), and what public issues say to a login alone
    (addresses, the names of private teams)."""
    titles = moved.marks.of("team's title", "project's title")
    sought = moved.marks.ruled("issue") - moved.marks.of("blueprint's name") | titles
    return words(moved) & moved.secret & sought


def written(cli: Cli) -> int:
    """How many requests an apply needs."""
    return sum(one["steps"] for one in json.loads(cli("apply", "--json").out).values())


def test_a_whole_migration_is_forgotten_and_read_again_without_a_write(
    moved: MarkedWorld, cli: Cli
) -> None:
    before = secret(moved)
    assert len(before) > 30
    told = cli("purge", "--private", "-y")
    assert told.status == 0
    assert "pull --full" in told.out
    assert not secret(moved)
    assert words(moved), "what is public stays"
    assert cli("status", "--refused").status == 0
    for name, plan in json.loads(cli("plan", "--json").out).items():
        assert not plan["create"], name
        assert not plan["update"], name
    seen = json.loads(cli("verify", "--outsider", "--json").out)
    assert all(one["private"] > 5 and not one["readable"] for one in seen.values())
    assert written(cli) == 0
    assert json.loads(cli("pull", "--full", "--json").out)["new"] > 5
    assert written(cli) == 0
    assert secret(moved) >= before & moved.marks.of("title")


def test_after_a_handover_its_words_go_too_and_it_can_be_taken_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, cli: Cli
) -> None:
    with handing.moved(tmp_path / "ws", monkeypatch) as moved:
        monkeypatch.chdir(moved.here.folder)
        home = Home(moved)
        before = home.all()
        handing.handover(moved.here)
        assert home.all() != before
        removed = json.loads(cli("purge", "--private", "-y", "--json").out)["removed"]
        assert (removed["issues"], removed["said"]) == (1, 1)
        assert not secret(moved)
        handing.idle(moved.here)
        cli("purge", "--private", "-y")
        done = handing.undo(moved.here)
        assert (done.issues, done.refused, done.left) == (4, {}, {})
        assert home.all() == before
        handing.idle(moved.here)


def test_counting_first_and_being_asked(
    moved: MarkedWorld, cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    counted = json.loads(cli("purge", "--private", "-n", "--json").out)
    assert counted["dry_run"]
    assert counted["read_again"]
    assert counted["removed"]["issues"] > 5
    assert cli("purge", "--private").status == 2  # nobody is there to be asked
    monkeypatch.setattr(sys.stdin, "isatty", lambda: True, raising=False)
    monkeypatch.setattr("click.termui.visible_prompt_func", lambda _text: "n")
    assert cli("purge", "--private").status == 130
    assert json.loads(cli("purge", "--private", "-n", "--json").out) == counted
    monkeypatch.setattr("click.termui.visible_prompt_func", lambda _text: "y")
    assert cli("purge", "--private").status == 0
    assert not json.loads(cli("purge", "--private", "-n", "--json").out)["removed"]["issues"]


def test_without_the_word_or_beside_another_nothing_is_forgotten(
    moved: MarkedWorld, cli: Cli
) -> None:
    from tracker_migrate.workspace import Workspace

    before = secret(moved)
    told = cli("purge", "-y")
    assert told.status == 2
    assert "--private" in told.err
    with Workspace(moved.here.folder) as workspace, workspace.coordinating():
        assert cli("purge", "--private", "-y").status == 5
    assert secret(moved) == before
