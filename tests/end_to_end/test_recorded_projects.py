"""Every recorded project, read over HTTP by the real client, and written to both targets."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from tests.end_to_end.reader import (
    ManiphestReader,
    StoryBoardReader,
    missing_words,
    source_bugs,
)
from tests.end_to_end.world import (
    RECORDINGS,
    TARGETS,
    World,
    conduit_token,
    needs_shared,
    world,
)
from tracker_migrate.backends.launchpad.standin.load import load_spec
from tracker_migrate.engine.verify import Verified

pytestmark = needs_shared

PROJECTS = (
    "debian",
    "evolution",
    "firefox",
    "jokosher",
    "lab-alpha",
    "launchpad",
    "mozilla",
    "redfish",
    "thunderbird",
    "tomcat",
    "ubuntu",
)


def reader_of(here: World, target: str) -> Any:
    """An independent reader of a target."""
    if target == "storyboard":
        return StoryBoardReader(here.storyboard.url)
    return ManiphestReader(here.maniphest.url, conduit_token("importbot"))


def agrees(result: Verified) -> None:
    """The target holds all that was sent, and every object of the source is accounted for."""
    assert not result.missing
    assert not result.doubled
    assert not result.unplanned
    assert not result.differs
    assert result.fields > 0
    account = result.account
    assert not account.missing
    assert account.objects == account.found + account.refused + account.lost
    assert result.agrees


def names(text: str, permalink: str) -> bool:
    """Whether a text's first line names just this address."""
    return re.search(re.escape(permalink) + r"(?![\w/])", text.split("\n", 1)[0]) is not None


def words_arrived(here: World, target: str, project: str) -> int:
    """Compare every word of every public bug; returns how many texts were compared."""
    there = reader_of(here, target).by_permalink()
    compared = 0
    for bug in source_bugs(here.launchpad.url, project):
        issues = there.get(bug["web_link"], [])
        assert len(issues) == 1, (bug["id"], len(issues))
        issue = issues[0]
        head = f"{issue['title']} {issue['text']}"
        assert not missing_words(bug["title"], head), bug["id"]
        assert not missing_words(bug["description"], issue["text"]), bug["id"]
        shown = [m for m in bug["messages"] if m["visible"] and m["content"].strip()]
        texts = list(issue["comments"])
        for message in shown:
            if message["content"].split() == bug["description"].split():
                continue  # the description, which stands in the issue itself
            where = [text for text in texts if names(text, message["web_link"])]
            assert len(where) == 1, (bug["id"], message["web_link"], len(where))
            assert not missing_words(message["content"], where[0]), message["web_link"]
            compared += 1
        for message in bug["messages"]:
            if not message["visible"] and message["content"].strip():
                whole = " ".join([head, *texts])
                assert message["content"].strip() not in whole
        compared += 2
    return compared


@pytest.mark.parametrize("project", PROJECTS)
def test_a_recorded_project_arrives_once(
    project: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with world(tmp_path / "ws", monkeypatch, project) as here:
        load_spec(here.launchpad, f"project:{RECORDINGS / 'launchpad' / 'projects' / project}")
        pulled = here.pull()
        assert pulled.new
        assert not pulled.unread
        for target in TARGETS:
            here.apply(target)
            agrees(here.verify(target))
            assert words_arrived(here, target, project) > 0
            before = here.writes(target)
            again = here.apply(target)
            assert here.writes(target) == before
            assert not again.steps
        assert here.pull().new == 0


@pytest.mark.slow
@pytest.mark.parametrize("name", ["nova-sample", "lab-bulk"])
def test_a_large_recorded_project_arrives_once(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """277 real bugs, and 700 whose dates of change are tied."""
    bugs = {"nova-sample": 277, "lab-bulk": 700}[name]
    with world(tmp_path / "ws", monkeypatch, name) as here:
        load_spec(here.launchpad, f"wire:{RECORDINGS / 'launchpad' / 'wire' / name}.jsonl.gz")
        pulled = here.pull()
        assert pulled.new == bugs
        for target in TARGETS:
            here.apply(target)
            agrees(here.verify(target))
            assert words_arrived(here, target, name) >= 2 * bugs
            before = here.writes(target)
            here.apply(target)
            assert here.writes(target) == before
