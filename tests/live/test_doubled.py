"""Requests that a proxy delivers twice to a real server, where the address of one is given.

The variables are those of `test_real_targets`. It writes there: give it a server that nobody needs.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.live import fresh
from tracker_migrate.backends.launchpad.standin.generate import generate
from tracker_migrate.backends.launchpad.standin.server import LaunchpadStandIn
from tracker_migrate.backends.maniphest.client import Conduit
from tracker_migrate.engine import jobs
from tracker_migrate.engine.applied import Applied
from tracker_migrate.testing.loopback import Fault, serving
from tracker_migrate.testing.proxy import FaultyProxy, faulty
from tracker_migrate.workspace import Workspace

pytestmark = pytest.mark.live
FILL = "%22comment%22"


class Behind:
    """A workspace whose target is a real server behind a proxy."""

    def __init__(self, folder: Path, target: str, proxy: FaultyProxy, launchpad: Any) -> None:
        self.folder, self.target, self.proxy, self.launchpad = folder, target, proxy, launchpad

    def apply(self) -> Applied:
        """A run."""
        with Workspace(self.folder) as workspace:
            return jobs.apply(workspace, "real")

    def doubled(self, **how: Any) -> None:
        """Such requests are delivered twice from now on."""
        self.proxy.faults.append(Fault(do="double", **how))

    def over(self) -> None:
        """What the proxy still holds reaches the server."""
        self.proxy.faults.clear()
        self.proxy.let_go()

    def titled(self, title: str) -> None:
        """The first bug gets another title, and is read."""
        with Workspace(self.folder) as workspace, self.launchpad.lock:
            number = int(next(workspace.archive.issues()).name)
            sql = "UPDATE bug SET data=json_set(data, '$.title', ?) WHERE id=?"
            self.launchpad.store.db.execute(sql, (title, number))
        with Workspace(self.folder) as workspace:
            jobs.pull(workspace, full=True)

    def settles(self) -> Applied:
        """The next run settles it: all agrees then, and another writes nothing."""
        found = self.apply()
        with Workspace(self.folder) as workspace:
            seen = jobs.verify(workspace, "real")
        assert seen.agrees, (seen.missing, seen.doubled, seen.differs, seen.unplanned)
        assert seen.settled == len(found.doubles)
        again = self.apply()
        assert not again.steps
        assert not again.turned_back
        return found


@pytest.fixture
def behind(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Behind]:
    """A small project, read, and not written yet."""
    target = request.param
    variable = f"TRACKER_MIGRATE_{target.upper()}"
    if f"{variable}_URL" not in os.environ:
        pytest.skip(f"{variable}_URL names no real server")
    monkeypatch.setenv("TRACKER_MIGRATE_REAL_TOKEN", os.environ[f"{variable}_LIVE_TOKEN"])
    root = os.environ[f"{variable}_URL"].removesuffix("/v1")
    launchpad = LaunchpadStandIn(web="http://{site}launchpad.test")
    first = fresh.first()
    project = f"gizmo{first}"
    generate(launchpad, bugs=14, blueprints=1, seed=4, project=project, first_bug=first)
    with serving(launchpad), faulty(root) as proxy:
        text = ["[source]", f'specs = ["launchpad:{project}"]', f'address = "{launchpad.url}"']
        text += ["per_second = 0", "[targets.real]", "settle_seconds = 20"]
        text += [f"sink = {json.dumps(target + ':' + proxy.url)}"]
        (tmp_path / "migration.toml").write_text("\n".join(text) + "\n")
        (tmp_path / "mappings").mkdir()
        with Workspace(tmp_path) as workspace:
            jobs.pull(workspace)
        yield Behind(tmp_path, target, proxy, launchpad)


maniphest = pytest.mark.parametrize("behind", ["maniphest"], indirect=True)
storyboard = pytest.mark.parametrize("behind", ["storyboard"], indirect=True)


@maniphest
@pytest.mark.parametrize("after", [0, 5])
def test_a_task_that_was_made_twice(behind: Behind, after: int) -> None:
    behind.doubled(path="maniphest.edit", body="%22title%22", skip=2, after=after)
    behind.apply()
    behind.over()
    (double,) = behind.settles().doubles
    assert double.state == "settled"
    asked = {"constraints": {"ids": [int(double.at.number[1:])]}}
    ours = Conduit(behind.proxy.url, os.environ["TRACKER_MIGRATE_MANIPHEST_LIVE_TOKEN"])
    (row,) = ours.read("maniphest.search", **asked)["data"]
    assert row["fields"]["name"] == f"Doubled: see {double.beside}"
    assert row["fields"]["status"]["value"] == "invalid"
    outsider = os.environ.get("TRACKER_MIGRATE_MANIPHEST_LIVE_OUTSIDER_TOKEN", "").split()
    for token in outsider:
        other = Conduit(behind.proxy.url, token)
        assert other.read("maniphest.search", **asked)["data"] == []
        other.close()
    ours.close()


@maniphest
def test_comments_that_were_written_twice(behind: Behind) -> None:
    behind.doubled(path="maniphest.edit", body=FILL, after=1)
    behind.apply()
    behind.over()
    found = behind.settles().doubles
    assert found
    assert {one.state for one in found} == {"told"}


@maniphest
def test_everything_twice(behind: Behind) -> None:
    behind.doubled(path="maniphest.edit", times=10_000)
    behind.apply()
    behind.over()
    assert {one.state for one in behind.settles().doubles} == {"settled", "told"}


@maniphest
def test_a_change_that_came_late(behind: Behind) -> None:
    behind.apply()
    behind.titled("The second title")
    behind.doubled(path="maniphest.edit", body="%22The+second+title%22", after=1_000_000)
    behind.apply()
    behind.proxy.faults.clear()
    behind.titled("The third title")
    behind.apply()
    behind.over()
    assert behind.settles().turned_back == 1


@storyboard
@pytest.mark.parametrize("after", [0, 3])
def test_everything_twice_at_storyboard_is_as_once(behind: Behind, after: int) -> None:
    for method in ("POST", "PUT", "DELETE"):
        behind.doubled(method=method, times=10_000, after=after)
    behind.apply()
    behind.over()
    assert behind.settles().doubles == []
