"""`plan`: as lines, as JSON, as a page; and what `apply` keeps to."""

from __future__ import annotations

import json
import os
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import Cli
from tests.cli.test_evaluate import Page
from tests.end_to_end.marked_world import MarkedWorld, file_bugs, marked_world
from tests.end_to_end.marks import found_in
from tests.end_to_end.world import TARGETS
from tracker_migrate.cli import planned
from tracker_migrate.workspace import Workspace


@pytest.fixture
def marked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[MarkedWorld]:
    with marked_world(tmp_path / "ws", monkeypatch) as made:
        file_bugs(made.project)
        made.here.pull()
        yield made


def told(cli: Cli, *arguments: str | Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(cli("plan", *arguments, "--json", "-q").out)
    return found


def test_the_page_is_one_file_whose_figures_open_their_issues(cli: Cli, workspace: Path) -> None:
    assert cli("plan", "-T", "old", "--html", "plan.html").status == 0
    text = (workspace / "plan.html").read_text("utf-8")
    seen = Page(text)
    assert seen.asked == []
    assert "script" not in seen.tags
    assert seen.tags.count("details") > 20
    assert seen.tags.count("svg") > 20
    assert any(re.search(r"/\+?bugs?/[0-9]+$", link) for link in seen.links)
    assert not [link for link in seen.links if not link.startswith("http")]
    assert len(text.encode()) < 2_000_000


def test_the_pages_figures_are_those_of_the_plan(cli: Cli, workspace: Path) -> None:
    found = told(cli, "-T", "new", "--html", "plan.html")["new"]
    text = re.sub(r"\s+", " ", (workspace / "plan.html").read_text("utf-8"))
    stats = dict(re.findall(r"<dt>([^<]*)</dt><dd[^>]*>([^<]*)</dd>", text))
    assert stats["to create"] == str(sum(found["create"].values()))
    assert stats["requests"] == str(sum(found["requests"].values()))
    for one in found["losses"]:
        assert f"{one['entity']}.{one['field']}" in text


@pytest.mark.parametrize("target", TARGETS)
def test_the_page_and_the_list_name_private_issues_by_number_alone(
    marked: MarkedWorld, cli: Cli, target: str, tmp_path: Path
) -> None:
    folder = marked.here.folder
    page = tmp_path / "plan.html"
    listed = cli("plan", "-C", folder, "-T", target, "--html", page, "--objects", "--json")
    assert listed.status == 0
    lines = cli("plan", "-C", folder, "-T", target, "--objects")
    for text in (page.read_bytes(), listed.out.encode(), lines.out.encode(), lines.err.encode()):
        assert not found_in(text) & marked.secret
    assert b"(private)" in page.read_bytes(), "they are named"
    with Workspace(folder) as workspace:
        private = workspace.archive.private_keys()
    links = Page(page.read_text("utf-8")).links
    numbers = {key.rpartition(":")[2] for key in private}
    assert not [link for link in links if link.rpartition("/")[2] in numbers], "without a link"


def test_every_object_is_listed_and_adds_up(cli: Cli, workspace: Path) -> None:
    found = told(cli, "-T", "new", "--objects")["new"]
    ops = Counter(one["op"] for issue in found["objects"] for one in issue["objects"])
    assert len(found["objects"]) == found["issues"]
    assert ops["create"] == sum(found["create"].values())
    assert ops["refuse"] == sum(found["refuse"].values())
    assert all(one["why"] for issue in found["objects"] for one in issue["objects"])
    lost = Counter(field for issue in found["objects"] for field in issue["lost"])
    assert set(lost) == {
        f"{one['entity']}.{one['field']}" for one in found["losses"] if one["outcome"] == "lost"
    }
    assert cli("apply", "-T", "new").status in (0, 3)
    again = told(cli, "-T", "new", "--objects")["new"]
    same = Counter(one["op"] for issue in again["objects"] for one in issue["objects"])
    assert same["create"] == 0
    assert same["unchanged"] == again["unchanged"] > 100


def test_lines_fit_a_narrow_terminal(
    cli: Cli, workspace: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(planned, "_width", lambda: 40)
    lines = cli("plan", "-T", "new", "--objects", "-q").out.splitlines()
    long = [line for line in lines if len(line) > 40]
    assert all(len(line.split()) <= 3 for line in long), "nothing but a long key"
    assert "\x1b" not in "".join(lines)


def test_a_terminals_width_counts_and_a_pipe_has_none(monkeypatch: pytest.MonkeyPatch) -> None:
    assert list(planned._row("create", "story", "a:bug:1", "not there yet", None)) == [
        "create    story       a:bug:1  not there yet"
    ]
    first, *rest = planned._row("update", "story", "a:bug:1", "changed: " + "title " * 9, 40)
    assert len(first) <= 40
    assert rest
    assert all(len(line) <= 40 for line in rest)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("-T", "new", "-o", "plan.html"), "--html writes a page"),
        (("--html", "plan.html"), "name the target with -T"),
        (("-o", "a.plan"), "name it with -T"),
        (("-T", "new", "--html", "nowhere/plan.html"), "there is no folder nowhere"),
    ],
)
def test_what_can_not_be_meant_is_said(
    cli: Cli, workspace: Path, words: tuple[str, ...], said: str
) -> None:
    ended = cli("plan", *words)
    assert ended.status == 2
    assert said in ended.err


def test_the_json_of_a_plan_is_for_reading(cli: Cli, workspace: Path) -> None:
    (workspace / "read.json").write_text(cli("plan", "-T", "new", "--json").out)
    ended = cli("apply", "-T", "new", "read.json")
    assert ended.status == 2
    assert "no plan that apply can keep to" in ended.err


def test_apply_keeps_to_the_file_and_says_what_is_stale(cli: Cli, workspace: Path) -> None:
    assert cli("plan", "-T", "new", "-o", "first.plan", "--limit", "3").status == 0
    assert cli("apply", "-T", "old", "first.plan").status == 2
    states = workspace / "mappings" / "tags.csv"
    states.write_text("tag,target,becomes,note\ngui,,ui,\n")
    stale = cli("apply", "-T", "new", "first.plan")
    assert stale.status == 8
    assert "tables or settings have changed" in stale.err
    os.remove(states)
    written = json.loads(cli("apply", "-T", "new", "first.plan", "--json").out)["new"]
    assert written["created"] > 0
    with Workspace(workspace) as held:
        assert len(held.ledger("new").in_state("done")) == 3
