"""`evaluate`: a question that is answered from data, without a target and without a workspace."""

from __future__ import annotations

import csv
import json
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import Cli
from tracker_migrate.backends.launchpad.standin import LaunchpadStandIn
from tracker_migrate.engine.glimpse import evenly
from tracker_migrate.interfaces import Listed
from tracker_migrate.model import key
from tracker_migrate.report.plots import hours
from tracker_migrate.testing.loopback import serving

#: of 20 bugs and 2 blueprints, one is not public
PUBLIC = 21
FIRST = ("project", "sink", "field", "outcome", "n")
BOTH = ("--as", "storyboard", "--as", "maniphest")


class Page(HTMLParser):
    """What a browser would ask for besides the page, and the numbers of the bugs it names."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.asked: list[str] = []
        self.links: list[str] = []
        self.tags: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        held = dict(attrs)
        self.tags.append(tag)
        self.asked += [value for name in ("src", "data") if (value := held.get(name))]
        if tag == "link":
            self.asked.append(held.get("href") or "")
        if tag == "a":
            self.links.append(held.get("href") or "")


@pytest.fixture
def answer(
    cli: Cli, launchpad: LaunchpadStandIn, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Any:
    """Runs the command in an empty folder; its JSON."""
    monkeypatch.chdir(tmp_path)

    def run(*arguments: str) -> dict[str, Any]:
        words = ["evaluate", *arguments, "--json", "-q"]
        if "-C" not in arguments:
            words += ["launchpad:gadget", "--address", launchpad.url]
        ended = cli(*words)
        assert ended.status == 0, ended.err
        found: dict[str, Any] = json.loads(ended.out)
        return found

    return run


def test_it_needs_no_workspace_and_leaves_a_page_alone(answer: Any, tmp_path: Path) -> None:
    found = answer(*BOTH, "--all")
    assert [one["sink"] for one in found["columns"]] == ["storyboard", "maniphest"]
    assert found["issues"] == found["listed"] == PUBLIC
    assert [path.name for path in tmp_path.iterdir()] == ["evaluate-gadget.html"]


def test_the_three_outcomes_add_up_alike_for_each_tracker(answer: Any) -> None:
    """Law 3: native, text and lost are all that the archive holds, whoever it goes to."""
    columns = answer(*BOTH, "--all")["columns"]
    sums = [sum(fate["some"]["places"] for fate in one["fates"]) for one in columns]
    assert sums[0] == sums[1] > 1000
    for one in columns:
        assert all(fate["reason"] for fate in one["fates"] if fate["outcome"] == "lost")


def test_it_tells_the_requests_that_a_move_then_sends(
    answer: Any, cli: Cli, workspace: Path
) -> None:
    """The figures are held to what `plan` counts for the same issues."""
    found = answer("-C", str(workspace))
    plan = json.loads(cli("plan", "-C", str(workspace), "--json").out)
    for column, planned in zip(found["columns"], plan.values(), strict=True):
        assert column["moved"] > 0
        assert column["objects"] == planned["create"]


def test_a_sample_is_drawn_from_all_of_it(answer: Any) -> None:
    found = answer(*BOTH, "--sample", "5")
    assert (found["issues"], found["listed"]) == (5, PUBLIC)
    listed = [Listed(key=key("t", "bug", n)) for n in range(100)]
    drawn = [int(one.key.rpartition(":")[2]) for one in evenly(listed, 10)]
    assert drawn == list(range(0, 100, 10))
    assert list(evenly(listed, 0)) == listed == list(evenly(listed, 500))


def test_figures_of_a_sample_say_how_sure_they_are(answer: Any, tmp_path: Path) -> None:
    found = answer(*BOTH, "--sample", "5", "--rows", "rows.csv")
    assert "Wilson" in found["method"]
    for column in found["columns"]:
        for name in ("whole_moved", "whole_requests", "whole_seconds"):
            whole = column[name]
            assert whole["low"] <= whole["about"] <= whole["high"], name
        assert column["whole_moved"]["high"] <= PUBLIC
        for fate in column["fates"]:
            assert fate["some"]["issues"] <= fate["some"]["whole"]["low"] <= PUBLIC
    with open(tmp_path / "rows.csv", newline="") as file:
        assert any(int(row["low"]) < int(row["high"]) for row in csv.DictReader(file))
    assert "in all about" in (tmp_path / "evaluate-gadget.html").read_text("utf-8")


def test_the_page_works_alone_and_each_figure_opens_its_bugs(answer: Any, tmp_path: Path) -> None:
    answer(*BOTH, "--all")
    text = (tmp_path / "evaluate-gadget.html").read_text("utf-8")
    seen = Page(text)
    assert seen.asked == []
    assert "script" not in seen.tags
    assert seen.tags.count("details") > 20
    assert any(re.search(r"/\+?bugs?/[0-9]+$", link) for link in seen.links)
    assert not [link for link in seen.links if not link.startswith("http")]
    assert len(text) < 2_000_000


def test_rows_of_several_projects_can_be_joined(answer: Any, tmp_path: Path) -> None:
    answer(*BOTH, "--all", "--rows", "rows.csv")
    with open(tmp_path / "rows.csv", newline="") as file:
        rows = list(csv.DictReader(file))
    assert list(rows[0]) == [*FIRST, "about", "low", "high"]
    assert all(row["n"] == row["about"] == row["low"] == row["high"] for row in rows), "all of it"
    assert {row["sink"] for row in rows} == {"storyboard", "maniphest"}
    assert {row["outcome"] for row in rows} <= {"native", "text", "lost"}


def test_projects_that_share_open_bugs_move_together(answer: Any) -> None:
    found = answer(*BOTH, "--all")
    for pair in found["pairs"]:
        assert any({pair["one"], pair["other"]} <= set(wave) for wave in found["waves"])
        assert pair["some"]["issues"] > 0
    named = [project for wave in found["waves"] for project in wave]
    assert sorted(named) == sorted(set(named)) == sorted(found["projects"])


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ((), "name what to look at"),
        (("launchpad:gadget", "--as", "mantis"), '"mantis" is none of the planners'),
        (("gadget",), "names no tracker"),
    ],
)
def test_what_can_not_be_answered_is_said(cli: Cli, words: tuple[str, ...], said: str) -> None:
    ended = cli("evaluate", *words, "-q")
    assert ended.status == 2
    assert said in ended.err


def test_a_project_without_issues_is_said(cli: Cli, tmp_path: Path) -> None:
    empty = LaunchpadStandIn()
    with serving(empty):
        ended = cli("evaluate", "launchpad:gadget", "--address", empty.url, "-q")
    assert ended.status in (2, 6)
    assert "gadget" in ended.err


def test_times_are_for_people() -> None:
    assert [hours(one) for one in (None, 40, 600, 9000)] == [
        "not known",
        "40 s",
        "10.0 min",
        "2.5 h",
    ]
