"""What is kept beside the state, for people to look at: of what is not public, numbers alone."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import requests

from tests.cli.conftest import Cli
from tests.end_to_end.marked_world import MarkedWorld, file_bugs, marked_world
from tests.end_to_end.marks import found_in
from tests.end_to_end.world import TARGETS
from tracker_migrate.cli import output
from tracker_migrate.cli.demo import pages
from tracker_migrate.engine.verify import DifferenceAt, Verified
from tracker_migrate.model import Key
from tracker_migrate.workspace import Workspace

_NUMBERS = re.compile(r"launchpad:[a-z]+:\d+(/\d+)?|launchpad:blueprint:\(private [0-9a-f]{8}\)")


@pytest.fixture
def marked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[MarkedWorld]:
    with marked_world(tmp_path / "ws", monkeypatch) as made:
        file_bugs(made.project)
        made.here.pull()
        yield made


@pytest.mark.parametrize("target", TARGETS)
def test_a_plans_file_names_a_private_issue_by_its_number_alone(
    marked: MarkedWorld, cli: Cli, target: str
) -> None:
    folder = marked.here.folder
    path = folder / "first.plan"
    assert cli("plan", "-C", folder, "-T", target, "-o", path).status == 0
    with Workspace(folder) as workspace:
        public = {one.key for one in workspace.archive.issues() if not one.private}
        private = set(workspace.archive.private_keys())
    lines = [json.loads(line) for line in path.read_text().splitlines()[1:]]
    closed = [one for one in lines if one["issue"] not in public]
    assert {one["issue"] for one in closed if ":bug:" in one["issue"]} <= private
    assert len(closed) > 15
    for one in closed:
        assert _NUMBERS.fullmatch(one["issue"]), one["issue"]
        assert _NUMBERS.fullmatch(one["key"]), one["key"]
    assert not found_in(path.read_bytes()) & marked.secret
    assert all(one["digest"] for one in closed if one["op"] == "create"), "it can be kept to"


def test_the_demos_page_shows_public_issues_alone(marked: MarkedWorld) -> None:
    for target in TARGETS:
        marked.here.apply(target)
    servers: dict[str, Any] = {name: _server(marked, name) for name in TARGETS}
    page = marked.here.folder / "bugs.html"
    pages.write(page, marked.here.folder, servers)
    shown = found_in(page.read_bytes())
    assert shown, "it shows something"
    assert not shown & marked.secret


def _server(marked: MarkedWorld, name: str) -> SimpleNamespace:
    address = getattr(marked.here, name).url

    def ask(method: str, path: str, **how: Any) -> requests.Response:
        return requests.request(method, f"{address}{path}", timeout=30, **how)

    return SimpleNamespace(tracker=name, url=address, ask=ask)


def test_a_report_names_what_is_exposed_by_its_number_alone(
    tmp_path: Path,
) -> None:
    keys = [
        "launchpad:bug:12",
        "launchpad:task:12@gadget/1.x",
        "launchpad:comment:12/3",
    ]
    differs = [DifferenceAt(Key("launchpad:task:13@gadget/1.x"), "title", "changed")]
    output.keep_verified(tmp_path, Verified(exposed=list(map(Key, keys)), differs=differs))
    kept = json.loads((tmp_path / "verify.json").read_text())
    assert kept["exposed"] == ["launchpad:bug:12", "launchpad:comment:12/3", "launchpad:task:12"]
    assert kept["differs"][0]["key"] == "launchpad:task:13"
