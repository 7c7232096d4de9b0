"""A made-up project into a real server, where the address of one is given.

    TRACKER_MIGRATE_STORYBOARD_URL, TRACKER_MIGRATE_STORYBOARD_LIVE_TOKEN, ..._LIVE_OUTSIDER_TOKEN
    TRACKER_MIGRATE_MANIPHEST_URL, TRACKER_MIGRATE_MANIPHEST_LIVE_TOKEN, ..._LIVE_OUTSIDER_TOKEN

It writes there: give it a server that nobody needs. Each run brings a project of another name.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.live import fresh
from tracker_migrate.backends.launchpad.standin.generate import generate
from tracker_migrate.backends.launchpad.standin.server import LaunchpadStandIn
from tracker_migrate.engine import jobs
from tracker_migrate.testing.loopback import serving
from tracker_migrate.workspace import Workspace

pytestmark = pytest.mark.live
BUGS = 40


@pytest.fixture(params=["storyboard", "maniphest"])
def workspace(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Workspace]:
    target = request.param
    variable = f"TRACKER_MIGRATE_{target.upper()}"
    if f"{variable}_URL" not in os.environ:
        pytest.skip(f"{variable}_URL names no real server")
    monkeypatch.setenv("TRACKER_MIGRATE_REAL_TOKEN", os.environ[f"{variable}_LIVE_TOKEN"])
    outsider = os.environ.get(f"{variable}_LIVE_OUTSIDER_TOKEN", "")
    monkeypatch.setenv("TRACKER_MIGRATE_REAL_OUTSIDER_TOKEN", outsider)
    launchpad = LaunchpadStandIn(web="http://{site}launchpad.test")
    first = fresh.first()
    project = f"gadget{first}"
    generate(launchpad, bugs=BUGS, blueprints=4, seed=3, project=project, first_bug=first)
    with serving(launchpad):
        text = ["[source]", f'specs = ["launchpad:{project}"]', f'address = "{launchpad.url}"']
        text += ["per_second = 0", "[targets.real]", "settle_seconds = 20"]
        text += [f"sink = {json.dumps(target + ':' + os.environ[f'{variable}_URL'])}"]
        (tmp_path / "migration.toml").write_text("\n".join(text) + "\n")
        (tmp_path / "mappings").mkdir()
        with Workspace(tmp_path) as opened:
            yield opened


def test_a_project_arrives_once_and_reads_back(workspace: Workspace) -> None:
    pulled = jobs.pull(workspace)
    assert pulled.new >= BUGS // 2
    applied = jobs.apply(workspace, "real")
    assert not applied.aside
    assert applied.created
    seen = jobs.verify(workspace, "real")
    assert seen.agrees, (seen.missing, seen.doubled, seen.differs, seen.account)
    again = jobs.apply(workspace, "real")
    assert not again.steps
