"""`undo`, from the command line, after a whole migration into both trackers."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import Cli
from tests.end_to_end.marked_world import MarkedWorld, marked_world
from tests.end_to_end.marks import found_in
from tests.end_to_end.test_strangers import ask
from tracker_migrate.model import key
from tracker_migrate.workspace import Workspace


@pytest.fixture
def moved(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """A workspace that has moved four bugs, two of them private, and a private blueprint."""
    with marked_world(tmp_path / "ws", monkeypatch) as made:
        project = made.project
        project.bug(comments=1, files=1)
        project.bug()
        project.bug("Private", comments=1, readers=[project.half])
        project.bug("Private")
        project.blueprint("Proprietary")
        made.spread()
        monkeypatch.chdir(made.here.folder)
        yield made


def document(ended: Any) -> Any:
    """The one target's part of a result."""
    (found,) = json.loads(ended.out).values()
    return found


def test_it_asks_first_and_says_at_which_target_and_how_many(
    moved: MarkedWorld, cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    unasked = cli("undo", "-T", "storyboard")
    assert (unasked.status, unasked.out) == (2, "")
    assert "-y" in unasked.err
    monkeypatch.setattr(sys.stdin, "isatty", lambda: True, raising=False)
    asked = []

    def no(text: str) -> str:
        asked.append(text)
        return "n"

    monkeypatch.setattr("click.termui.visible_prompt_func", no)
    before = moved.here.writes("storyboard")
    refused = cli("undo", "-T", "storyboard")
    assert (refused.status, moved.here.writes("storyboard")) == (130, before)
    assert len(asked) == 1
    assert f"storyboard:{moved.here.storyboard.url}" in refused.err
    assert "5 story: would be deleted" in refused.err
    monkeypatch.setattr("click.termui.visible_prompt_func", lambda _text: "y")
    done = cli("undo", "-T", "storyboard")
    assert done.status == 0
    assert "taken back storyboard: 5 issues" in done.out
    assert "5 story: were deleted" in done.out
    assert "project: stays" in done.out


def test_one_target_has_to_be_named(moved: MarkedWorld, cli: Cli) -> None:
    ended = cli("undo", "-y")
    assert (ended.status, ended.out) == (2, "")
    assert "-T" in ended.err


def test_what_an_administrator_may_run_is_printed_and_as_json(moved: MarkedWorld, cli: Cli) -> None:
    would = document(cli("undo", "-T", "maniphest", "-n", "--json"))
    assert would["issues"] == 5
    done = cli("undo", "-T", "maniphest", "-y")
    assert done.status == 0
    assert "5 task: were closed for all but the importing account" in done.out
    assert "./bin/remove destroy T" in done.out
    again = document(cli("undo", "-T", "maniphest", "-y", "--json"))
    assert (again["issues"], len(again["left"])) == (0, 7)
    assert again["advice"][0].startswith("7 tasks and files")
    status = json.loads(cli("status", "--json").out)
    assert status["targets"]["maniphest"]["states"] == {"planned": 5}
    seen = json.loads(cli("verify", "-T", "maniphest", "--json").out)["maniphest"]
    assert (seen["pending"], seen["exposed"], seen["differs"]) == (5, [], [])
    assert (
        json.loads(cli("verify", "--outsider", "-T", "maniphest", "--json").out)["maniphest"][
            "readable"
        ]
        == []
    )
    assert cli("run", "-T", "maniphest").status == 0


def test_what_is_left_alone_ends_with_3_and_tells_nothing_private(
    moved: MarkedWorld, cli: Cli
) -> None:
    private = key("launchpad", "bug", str(moved.project.bugs[2]))
    with Workspace(moved.here.folder) as workspace:
        story = workspace.ledger("storyboard").held([private])[private].at.id
    ask(moved, "POST", f"stories/{story}/comments", {"content": "Me, too"})
    ended = cli("undo", "-T", "storyboard", "-y", "-v")
    assert ended.status == 3
    assert f"{private}: " in ended.out
    assert not found_in((ended.out + ended.err).encode()) & moved.secret
    assert cli("undo", "-T", "storyboard", "-y", "--only", "private").status == 3
    public = document(cli("undo", "-T", "storyboard", "-y", "--only", "public", "--json"))
    assert (public["issues"], public["spared"]) == (0, {})


def test_another_process_is_left_alone(moved: MarkedWorld, cli: Cli) -> None:
    with Workspace(moved.here.folder) as workspace, workspace.coordinating():
        assert cli("undo", "-T", "storyboard", "-y").status == 5
