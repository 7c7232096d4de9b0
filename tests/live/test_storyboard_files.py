"""Attachments of a made-up project into a folder beside a real StoryBoard, where the address of one
is given.

    TRACKER_MIGRATE_STORYBOARD_URL
    TRACKER_MIGRATE_STORYBOARD_LIVE_TOKEN            of a superuser

It writes there: give it a server that nobody needs. Each run brings a project of another name.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from tests.end_to_end.folders import Folders, folders
from tests.live import fresh
from tracker_migrate.backends.launchpad.standin.generate import generate
from tracker_migrate.backends.launchpad.standin.librarian import keep_file
from tracker_migrate.backends.launchpad.standin.server import LaunchpadStandIn
from tracker_migrate.engine import jobs
from tracker_migrate.testing.loopback import serving
from tracker_migrate.workspace import Workspace

pytestmark = pytest.mark.live
LARGE = 30_000_000


@pytest.fixture
def kept(tmp_path: Path) -> Iterator[Folders]:
    with folders(tmp_path / "served") as made:
        yield made


@pytest.fixture
def folder(kept: Folders, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A workspace that reads a project with files, one of them large."""
    address = os.environ.get("TRACKER_MIGRATE_STORYBOARD_URL")
    if not address:
        pytest.skip("TRACKER_MIGRATE_STORYBOARD_URL names no real server")
    token = os.environ["TRACKER_MIGRATE_STORYBOARD_LIVE_TOKEN"]
    monkeypatch.setenv("TRACKER_MIGRATE_REAL_TOKEN", token)
    first = fresh.first()
    project = f"gadget{first}"
    launchpad = LaunchpadStandIn(web="http://{site}launchpad.test")
    generate(launchpad, bugs=20, blueprints=2, seed=4, project=project, first_bug=first)
    with launchpad.lock:
        (row, *_) = launchpad.store.rows("SELECT id, name FROM file")
        keep_file(launchpad.store, row[1], "text/plain", b"0123456789", row[0], size=LARGE)
    with serving(launchpad):
        files = ", ".join(f"{name} = {json.dumps(one)}" for name, one in kept.settings().items())
        text = ["[source]", f'specs = ["launchpad:{project}"]', f'address = "{launchpad.url}"']
        text += ["per_second = 0", "[targets.real]", "settle_seconds = 20"]
        text += [f"sink = {json.dumps(f'storyboard:{address}')}", f"files = {{{files}}}"]
        where = tmp_path / "ws"
        (where / "mappings").mkdir(parents=True)
        (where / "migration.toml").write_text("\n".join(text) + "\n")
        yield where


def test_files_arrive_are_shown_and_found_again(folder: Path, kept: Folders) -> None:
    with Workspace(folder) as workspace:
        jobs.pull(workspace)
        applied = jobs.apply(workspace, "real")
        assert not applied.aside
        attached = [one for issue in workspace.archive.issues() for one in issue.attachments]
        sums = {one.file.sha256 for one in attached if one.file and one.file.state == "held"}
        ledger = workspace.ledger("real")
        keys = list(ledger.of_kind("file"))
        assert len(kept.open()) == len(keys) >= len(sums) > 0
        assert max(map(len, kept.open().values())) == LARGE
        for held in ledger.held(keys).values():
            got = requests.get(held.at.url, timeout=30)
            assert (got.status_code, got.headers["Content-Disposition"]) == (200, "attachment")
        seen = jobs.verify(workspace, "real")
        assert seen.agrees, (seen.missing, seen.doubled, seen.differs, seen.account)
        assert jobs.apply(workspace, "real").steps == 0
    before = kept.open().keys()
    shutil.rmtree(folder / "state")
    with Workspace(folder) as workspace:
        jobs.pull(workspace)
        found = jobs.adopt(workspace, "real")
        assert [*found.gone, *found.unknown, *found.twins] == []
        assert len(list(workspace.ledger("real").of_kind("file"))) == len(before)
        assert jobs.apply(workspace, "real").steps == 0
    assert kept.open().keys() == before
