"""Authors and dates on a real StoryBoard, where its address and its database are given.

    TRACKER_MIGRATE_STORYBOARD_URL, TRACKER_MIGRATE_STORYBOARD_LIVE_TOKEN (a superuser's)
    TRACKER_MIGRATE_STORYBOARD_LIVE_DATABASE   mysql+pymysql://USER@HOST/NAME
    TRACKER_MIGRATE_REAL_DATABASE              its password, if it has one

It writes there, as the server's own administrator would: give it one that nobody needs. It makes
three people.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.backdate.storyboard_there import There, authors
from tests.end_to_end.test_recorded_projects import agrees
from tracker_migrate.backends.launchpad.standin.generate import generate
from tracker_migrate.backends.launchpad.standin.server import LaunchpadStandIn
from tracker_migrate.engine import jobs
from tracker_migrate.engine.backdate import opened
from tracker_migrate.engine.target import Target
from tracker_migrate.testing.loopback import serving
from tracker_migrate.workspace import Workspace
from tracker_migrate.workspace.settings import database_of

pytestmark = pytest.mark.live
_URL, _DATABASE = "TRACKER_MIGRATE_STORYBOARD_URL", "TRACKER_MIGRATE_STORYBOARD_LIVE_DATABASE"
_TOKEN = "TRACKER_MIGRATE_STORYBOARD_LIVE_TOKEN"
BUGS = 16


class Real:
    """The server, a source in this process, and a workspace."""

    def __init__(self, folder: Path, launchpad: LaunchpadStandIn, project: str) -> None:
        self.folder = folder
        self.launchpad = launchpad
        self.project = project
        self.root = f"{os.environ[_URL].rstrip('/').removesuffix('/v1')}/v1"
        self.token = os.environ[_TOKEN]
        self.importer = int(self.ask("GET", "/users/self").json()["id"])
        self.people = [self._person(number) for number in range(3)]
        self.accounts: dict[str, int] = {}
        target = ["[targets.real]", "settle_seconds = 20", 'leaky_search = "accept"']
        target += [f"sink = {json.dumps('storyboard:' + os.environ[_URL])}"]
        target += ["[targets.real.database]", f"url = {json.dumps(os.environ[_DATABASE])}"]
        text = ["[source]", f'specs = ["launchpad:{project}"]', f'address = "{launchpad.url}"']
        (folder / "migration.toml").write_text("\n".join([*text, "per_second = 0", *target]))
        (folder / "mappings").mkdir()

    def ask(self, method: str, path: str, body: Any = None) -> requests.Response:
        """A request with `requests` alone."""
        head = {"Authorization": f"Bearer {self.token}"}
        url = f"{self.root}{path}"
        return requests.request(method, url, json=body, headers=head, timeout=60)

    def _person(self, number: int) -> int:
        name = f"{self.project}-{number}"
        body = {"full_name": name, "email": f"{name}@example.org", "enable_login": False}
        return int(self.ask("POST", "/users", body).json()["id"])

    def claim(self, *people: str) -> None:
        """These, and nobody else, have an account from now on, one of the three."""
        self.accounts = {one: self.people[n % 3] for n, one in enumerate(people)}
        rows = ["person,target,account,name,state,created,note"]
        rows += [f"{one},real,{at},,verified,," for one, at in self.accounts.items()]
        (self.folder / "mappings" / "people.csv").write_text("\n".join(rows) + "\n")

    def of(self, link: str | None) -> int:
        """The account that is to be shown for somebody at the source."""
        return self.accounts.get((link or "").rpartition("~")[2], self.importer)

    def authors(self) -> list[str]:
        """Everybody who wrote anything at the source."""
        return authors(self.launchpad.url, self.project)

    def read_back(self) -> int:
        """Compare author, date and order of everything; how many things there were."""
        there = There(self.root, self.token, self.importer, self.of)
        return there.read_back(self.launchpad.url, self.project)


@pytest.fixture
def real(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Real]:
    missing = [name for name in (_URL, _DATABASE, _TOKEN) if name not in os.environ]
    if missing:
        pytest.skip(f"{missing[0]} names no real server")
    monkeypatch.setenv("TRACKER_MIGRATE_REAL_TOKEN", os.environ[_TOKEN])
    project = f"gadget{int(time.time()) % 10**8}"
    launchpad = LaunchpadStandIn(web="http://{site}launchpad.test")
    first = int(time.time()) % 10**9  # numbers, and so permalinks, that no earlier run brought
    generate(launchpad, bugs=BUGS, blueprints=2, seed=3, project=project, first_bug=first)
    with serving(launchpad):
        yield Real(tmp_path, launchpad, project)


def moved(real: Real) -> None:
    """The project is at the target."""
    with Workspace(real.folder) as workspace, workspace.coordinating():
        jobs.pull(workspace, full=True)
        assert not jobs.apply(workspace, "real").aside


def backdate(real: Real) -> Any:
    with Workspace(real.folder) as workspace, workspace.coordinating():
        return jobs.backdate(workspace, "real")


def writes_nothing(real: Real) -> None:
    """verify, adopt and apply agree that all stands as it should."""
    with Workspace(real.folder) as workspace, workspace.coordinating():
        agrees(jobs.verify(workspace, "real"))
        adopted = jobs.adopt(workspace, "real")
        found = (adopted.differs, adopted.left, adopted.added, adopted.doubled)
        assert found == ([], 0, 0, [])
        assert jobs.apply(workspace, "real").steps == 0
        agrees(jobs.verify(workspace, "real"))


def test_authors_dates_and_order_read_back_and_a_late_claim_moves_them(real: Real) -> None:
    people = real.authors()
    real.claim(*people[::2])
    moved(real)
    assert backdate(real).moved > 0
    assert real.read_back() > 2 * BUGS
    writes_nothing(real)
    assert backdate(real).rows == {}
    real.claim(*people[1:])
    assert backdate(real).moved > 0
    assert real.read_back() > 2 * BUGS
    moved(real)
    writes_nothing(real)
    real.claim()
    assert backdate(real).moved > 0
    real.read_back()


def test_what_an_administrator_runs_ends_the_same(real: Real) -> None:
    real.claim(*real.authors())
    moved(real)
    said: list[str] = []
    with Workspace(real.folder) as workspace:
        jobs.backdate_statements(workspace, "real", said.append)
        held = database_of(workspace.settings.targets["real"])
        assert held is not None
        with opened(Target(workspace, "real"), held).connect() as database:
            for statement in said:
                if not statement.startswith("--"):
                    database.exec_driver_sql(statement.replace("%", "%%"))
    with Workspace(real.folder) as workspace, workspace.coordinating():
        done = jobs.backdate_confirm(workspace, "real")
    assert done.moved > 0
    assert not done.waiting
    assert real.read_back() > 2 * BUGS
    writes_nothing(real)
    assert backdate(real).rows == {}


def test_a_comment_that_was_hidden_is_nowhere_any_more(real: Real) -> None:
    moved(real)
    store = real.launchpad.store
    key, at = _some_comment(real)
    bug, index = (int(one) for one in key.rpartition(":")[2].split("/"))
    said = store.message(bug, index)
    assert said is not None
    store.put_message(bug, index, {**said.data, "visible": False})
    story = at.url.partition("/#!/story/")[2].partition("#")[0]
    assert real.ask("GET", f"/stories/{story}/comments/{at.id}").status_code == 200
    moved_back = backdated_after_hiding(real)
    assert moved_back == [key]
    assert real.ask("GET", f"/stories/{story}/comments/{at.id}").status_code == 404
    assert real.ask("GET", f"/stories/{story}/comments/{at.id}/history").status_code == 404
    shown = real.ask("GET", f"/stories/{story}/events").json()
    assert str(at.id) not in {str(row["comment_id"]) for row in shown}
    with Workspace(real.folder) as workspace, workspace.coordinating():
        assert jobs.apply(workspace, "real").exposed == 0
        agrees(jobs.verify(workspace, "real"))


def _some_comment(real: Real) -> Any:
    with Workspace(real.folder) as workspace:
        ledger = workspace.ledger("real")
        for issue in ledger.issues():
            for key, held in ledger.of_issue(issue).items():
                if held.kind == "comment" and not key.endswith("/0"):
                    return key, held.at
    raise AssertionError("no comment was written")


def backdated_after_hiding(real: Real) -> list[Any]:
    """What is withdrawn once the source was read again, and its story closed."""
    with Workspace(real.folder) as workspace, workspace.coordinating():
        jobs.pull(workspace, full=True)
        assert jobs.apply(workspace, "real").exposed == 1
        return list(jobs.backdate(workspace, "real").withdrawn)
