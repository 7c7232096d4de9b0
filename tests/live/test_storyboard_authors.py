"""Authors and dates at a real StoryBoard, through its API alone, where the address of one is given.

    TRACKER_MIGRATE_STORYBOARD_URL, TRACKER_MIGRATE_STORYBOARD_LIVE_TOKEN (a superuser's)

It makes accounts there, which nobody can delete, and a project of another name each time: give it a
server that nobody needs.
"""

from __future__ import annotations

import csv
import os
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.end_to_end.reader import source_bugs
from tests.live import fresh
from tracker_migrate.backends.launchpad.standin.generate import generate
from tracker_migrate.backends.launchpad.standin.server import LaunchpadStandIn
from tracker_migrate.cli.run import run
from tracker_migrate.engine import jobs
from tracker_migrate.testing.loopback import serving
from tracker_migrate.workspace import Workspace

pytestmark = pytest.mark.live
BUGS = 12
URL = os.environ.get("TRACKER_MIGRATE_STORYBOARD_URL", "").removesuffix("/v1")


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[str, str]]:
    """The name of a made-up project, and the address of its Launchpad."""
    if not URL:
        pytest.skip("TRACKER_MIGRATE_STORYBOARD_URL names no real server")
    token = os.environ["TRACKER_MIGRATE_STORYBOARD_LIVE_TOKEN"]
    monkeypatch.setenv("TRACKER_MIGRATE_REAL_TOKEN", token)
    standin = LaunchpadStandIn(web="http://{site}launchpad.test")
    first = fresh.first()
    name = f"gadget{first}"
    generate(standin, bugs=BUGS, blueprints=2, seed=3, project=name, first_bug=first)
    with serving(standin):
        (tmp_path / "mappings").mkdir()
        (tmp_path / "migration.toml").write_text(
            f'[source]\nspecs = ["launchpad:{name}"]\naddress = "{standin.url}"\nper_second = 0\n'
            f'[targets.real]\nsink = "storyboard:{URL}"\nsettle_seconds = 20\n'
            'authors = "tokens"\npeople = "created"\n'
        )
        yield name, standin.url


def test_who_wrote_what_and_when_reads_back(project: tuple[str, str], tmp_path: Path) -> None:
    name, launchpad = project
    with Workspace(tmp_path) as workspace, workspace.coordinating():
        jobs.pull(workspace)
    assert run(["map", "create", "people", "-C", str(tmp_path), "-y"]) == 0
    accounts = mapped(tmp_path)
    with Workspace(tmp_path) as workspace, workspace.coordinating():
        assert jobs.apply(workspace, "real").steps > 0
        assert jobs.apply(workspace, "real").steps == 0
        seen = jobs.verify(workspace, "real")
        assert seen.agrees
        assert seen.misnamed == 0
        places = workspace.ledger("real").where
        for bug in source_bugs(launchpad, name):
            story = places(f"launchpad:bug:{bug['id']}")  # type: ignore[arg-type]
            assert story is not None
            compare(bug, got(f"/stories/{story.id}"), got(f"/stories/{story.id}/events"), accounts)
    left = [got(f"/users/{one}/tokens", superuser=True) for one in accounts.values()]
    assert not any(left), "all tokens were taken back"


def compare(bug: Any, story: Any, events: Any, accounts: dict[str, str]) -> None:
    """A story, and its timeline, against what the source says."""
    assert story["creator_id"] == by(bug["owner_link"], accounts)
    assert at(story["created_at"]) == at(bug["date_created"])
    said = [row for row in events if row["event_type"] == "user_comment"]
    messages = {one["web_link"]: one for one in bug["messages"] if one["visible"]}
    for row in said:
        link = row["comment"]["content"].split("](", 1)[1].split(")", 1)[0]
        if link in messages:
            assert row["author_id"] == by(messages[link]["owner_link"], accounts)
            assert at(row["comment"]["created_at"]) == at(messages[link]["date_created"])
    assert {row["event_type"] for row in events} >= {"story_created", "task_created"}


def by(link: str, accounts: dict[str, str]) -> int:
    return int(accounts.get(link.rsplit("/~", 1)[1], "1"))


def at(date: str) -> datetime:
    return datetime.fromisoformat(date).astimezone(UTC).replace(microsecond=0)


def mapped(folder: Path) -> dict[str, str]:
    lines = (folder / "mappings" / "people.csv").read_text().splitlines()
    rows = csv.DictReader(line for line in lines if not line.startswith("#"))
    return {row["person"]: row["account"] for row in rows if row["state"] == "verified"}


def got(path: str, *, superuser: bool = False) -> Any:
    headers = {"Accept": "application/json"}
    if superuser:
        token = os.environ["TRACKER_MIGRATE_STORYBOARD_LIVE_TOKEN"]
        headers["Authorization"] = f"Bearer {token}"
    answer = requests.get(f"{URL}/v1{path}", headers=headers, timeout=60)
    assert answer.status_code == 200
    return answer.json()
