"""Launchpad's own client package works against the stand-in."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from launchpadlib.credentials import AccessToken, Consumer, Credentials
from launchpadlib.launchpad import Launchpad

from tracker_migrate.backends.launchpad.standin import LaunchpadStandIn, generate
from tracker_migrate.testing.loopback import serving


@pytest.fixture(scope="module")
def root() -> Iterator[str]:
    standin = LaunchpadStandIn()
    generate(standin, bugs=120, blueprints=5, seed=3)
    with serving(standin) as url:
        yield f"{url}/"


def anonymous(root: str, cache: Path) -> Any:
    return Launchpad.login_anonymously(
        "test", service_root=root, version="devel", launchpadlib_dir=str(cache)
    )


def test_anonymous_login_reads_a_project_and_its_bugs(root: str, tmp_path: Path) -> None:
    project = anonymous(root, tmp_path).projects["gadget"]
    tasks = project.searchTasks(omit_duplicates=False, status=["Fix Released", "Invalid"])
    bugs = [task.bug for task in tasks[:5]]
    assert project.display_name == "Gadget"
    assert all(bug.title and bug.messages[0].owner.name for bug in bugs)
    assert len(list(tasks)) > 60  # over a page's end? no: within the default of 75, or beyond it


def test_blueprints_milestones_and_series_are_there(root: str, tmp_path: Path) -> None:
    project = anonymous(root, tmp_path).projects["gadget"]
    assert len(list(project.all_specifications)) == 5
    assert {series.name for series in project.series} == {"trunk", "1.x", "2.x", "3.x"}
    assert project.getMilestone(name="1.0").title == "Gadget 1.0"


def test_a_login_writes_and_reads_back(root: str, tmp_path: Path) -> None:
    consumer = Consumer("lab-client")
    token = AccessToken("TOKEN-of-gadget-owner", "SECRET-of-gadget-owner")
    login = Launchpad(
        Credentials(consumer.key, access_token=token, consumer_secret=""), None, None, root,
        cache=str(tmp_path), version="devel",
    )  # fmt: skip
    bug = login.bugs.createBug(title="Made by hand", description="text", target="/gadget")
    bug.newMessage(content="a comment")
    bug.title = "Made by hand, renamed"
    bug.lp_save()
    again = login.bugs[bug.id]
    assert again.title == "Made by hand, renamed"
    assert [message.content for message in again.messages] == ["text", "a comment"]
    assert login.me.name == "gadget-owner"
