"""`show` keeps its word: what it shows is what is sent, and to nobody more than he may see."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.end_to_end.marked_world import MarkedWorld
from tests.end_to_end.reader import ManiphestReader, StoryBoardReader
from tests.end_to_end.world import conduit_token
from tracker_migrate.cli.run import run
from tracker_migrate.model import Key
from tracker_migrate.workspace import Workspace

Capture = pytest.CaptureFixture[str]


def texts(shown: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """The fields of each object, by key."""
    return {one["key"]: one["fields"] for one in shown["objects"]}


def test_what_is_shown_is_what_is_sent(marked: MarkedWorld, capfd: Capture) -> None:
    """The rendered texts, and after the move their addresses."""
    number = marked.project.bug(comments=2)
    marked.here.pull(full=True)
    before = shown(marked, capfd, number)
    for target in ("storyboard", "maniphest"):
        marked.here.apply(target)
    after = shown(marked, capfd, number)
    for target, kind in (("storyboard", "story"), ("maniphest", "task")):
        assert before[target]["steps"]
        assert not after[target]["steps"]
        assert {one["state"] for one in after[target]["objects"]} == {"there"}
        assert texts(before[target]).keys() == texts(after[target]).keys()
        (issue,) = [one for one in after[target]["objects"] if one["kind"] == kind]
        assert issue["at"]
        said = texts(before[target])[f"launchpad:bug:{number}"]
        assert said["description"] == sent_to(marked, target, number)


def shown(marked: MarkedWorld, capfd: Capture, number: int) -> dict[str, Any]:
    capfd.readouterr()
    assert run(["show", str(number), "-C", str(marked.here.folder), "--json"]) == 0
    return {one["target"]: one for one in json.loads(capfd.readouterr().out)["targets"]}


def sent_to(marked: MarkedWorld, target: str, number: int) -> str:
    """The description that stands at the target."""
    with Workspace(marked.here.folder) as workspace:
        at = workspace.ledger(target).where(Key(f"launchpad:bug:{number}"))
    assert at is not None
    if target == "storyboard":
        said = StoryBoardReader(marked.here.storyboard.url).get(f"/stories/{at.id}")["description"]
        return str(said)
    call = ManiphestReader(marked.here.maniphest.url, conduit_token("importbot")).call
    (row,) = call("maniphest.search", constraints={"phids": [at.id]})["data"]
    return str(row["fields"]["description"]["raw"])


def test_who_may_not_see_a_private_bug_is_not_shown_it(
    marked: MarkedWorld, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: Capture
) -> None:
    number = marked.project.bug("Private")
    monkeypatch.chdir(tmp_path)
    address = marked.here.launchpad.url
    assert run(["show", str(number), "--address", address]) == 4
    told = "".join(capfd.readouterr())
    assert not any(word in told for word in marked.marks.of(issues=[number]))


def test_a_hidden_comment_is_counted_and_not_shown(marked: MarkedWorld, capfd: Capture) -> None:
    number = marked.project.bug(comments=1, hidden=1, deleted=1)
    marked.here.pull(full=True)
    capfd.readouterr()
    assert run(["show", str(number), "-C", str(marked.here.folder)]) == 0
    told = capfd.readouterr().out
    assert "1 of them hidden" in told
    for word in marked.marks.of("hidden text", "deleted text"):
        assert word not in told


def test_a_refused_bug_is_shown_with_its_reason(marked: MarkedWorld) -> None:
    (marked.here.folder / "mappings" / "privacy.toml").write_text("")
    number = marked.project.bug("Private")
    marked.here.pull(full=True)
    with Workspace(marked.here.folder) as workspace:
        assert workspace.archive.issue(Key(f"launchpad:bug:{number}")) is not None
    assert run(["show", str(number), "-C", str(marked.here.folder)]) == 3


def test_a_project_that_is_closed_to_the_public_is_no_obstacle(
    marked: MarkedWorld, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: Capture
) -> None:
    project = marked.project
    number = project.bug(targets=("gadget", project.secret_project))
    monkeypatch.chdir(tmp_path)
    assert run(["show", str(number), "--address", marked.here.launchpad.url]) == 0
    assert "new story" in capfd.readouterr().out
