"""Authors and dates on a real Phorge, where its address and its databases are given.

    TRACKER_MIGRATE_MANIPHEST_URL, TRACKER_MIGRATE_MANIPHEST_LIVE_TOKEN, ..._LIVE_OUTSIDER_TOKEN
    TRACKER_MIGRATE_MANIPHEST_LIVE_DATABASE   mysql+pymysql://USER@HOST/NAME of any of them
    TRACKER_MIGRATE_REAL_DATABASE             its password, if it has one

It writes there, as the server's own administrator would: give it one that nobody needs. It has to
have three people with an account besides the importer.
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

from tests.backdate.test_maniphest_end_to_end import epoch
from tests.end_to_end.reader import source_bugs
from tests.end_to_end.test_recorded_projects import names
from tracker_migrate.backends.launchpad.standin.generate import generate
from tracker_migrate.backends.launchpad.standin.server import LaunchpadStandIn
from tracker_migrate.engine import jobs
from tracker_migrate.testing.loopback import serving
from tracker_migrate.workspace import Workspace

pytestmark = pytest.mark.live
_URL, _DATABASE = "TRACKER_MIGRATE_MANIPHEST_URL", "TRACKER_MIGRATE_MANIPHEST_LIVE_DATABASE"
BUGS = 16


class Real:
    """The server, a source in this process, and a workspace."""

    def __init__(self, folder: Path, launchpad: LaunchpadStandIn, project: str) -> None:
        self.folder = folder
        self.launchpad = launchpad
        self.project = project
        self.address = os.environ[_URL].rstrip("/")
        self.importer = str(self.ask("user.whoami")["phid"])
        found = self.ask("user.search", constraints={"isBot": False, "isDisabled": False})["data"]
        self.people = [one["phid"] for one in found][:3]
        self.accounts: dict[str, str] = {}
        text = ["[source]", f'specs = ["launchpad:{project}"]', f'address = "{launchpad.url}"']
        text += ["per_second = 0", "[targets.real]", "settle_seconds = 20"]
        text += [f"sink = {json.dumps('maniphest:' + self.address)}", "[targets.real.database]"]
        text += [f"url = {json.dumps(os.environ[_DATABASE])}"]
        (folder / "migration.toml").write_text("\n".join(text) + "\n")
        (folder / "mappings").mkdir()

    def ask(self, method: str, **params: Any) -> Any:
        """The result of a method of Conduit, asked with `requests` alone."""
        token = os.environ["TRACKER_MIGRATE_MANIPHEST_LIVE_TOKEN"]
        known = json.dumps({**params, "__conduit__": {"token": token}})
        form = {"params": known, "output": "json", "__conduit__": "1"}
        answer = requests.post(f"{self.address}/api/{method}", data=form, timeout=60).json()
        assert answer["error_code"] is None, answer
        return answer["result"]

    def claim(self, *people: str) -> None:
        """These, and nobody else, have an account from now on, one of the three there are."""
        self.accounts = {one: self.people[n % 3] for n, one in enumerate(people)}
        rows = ["person,target,account,name,state,created,note"]
        rows += [f"{one},real,{at},,verified,," for one, at in self.accounts.items()]
        (self.folder / "mappings" / "people.csv").write_text("\n".join(rows) + "\n")

    def of(self, link: str | None) -> str:
        """The account that is to be shown for somebody at the source."""
        return self.accounts.get((link or "").rpartition("~")[2], self.importer)

    def authors(self) -> list[str]:
        """Everybody who wrote anything, by name."""
        people = set()
        for bug in source_bugs(self.launchpad.url, self.project):
            people |= {bug["owner_link"], *(one["owner_link"] for one in bug["messages"])}
        return sorted(link.rpartition("~")[2] for link in people if link)

    def read_back(self) -> int:
        """Compare author, date and order of all bugs and comments; how many comments there were."""
        marked = {one["web_link"]: one for one in source_bugs(self.launchpad.url, self.project)}
        found = self.ask("maniphest.search", constraints={}, order="newest", limit=100)["data"]
        compared = 0
        for permalink, bug in marked.items():
            (task,) = [one for one in found if names(_text(one), permalink)]
            assert task["fields"]["authorPHID"] == self.of(bug["owner_link"])
            assert task["fields"]["dateCreated"] == epoch(bug["date_created"])
            compared += self._comments(bug, task["phid"])
        return compared

    def _comments(self, bug: dict[str, Any], task: str) -> int:
        found = self.ask("transaction.search", objectIdentifier=task, limit=1000)["data"]
        rows = sorted((row for row in found if row["comments"]), key=lambda row: row["id"])
        seen = []
        for message in bug["messages"]:
            for row in rows:
                version = row["comments"][0]
                if names(version["content"]["raw"], message["web_link"]):
                    told = (self.of(message["owner_link"]), epoch(message["date_created"]))
                    assert (row["authorPHID"], row["dateCreated"]) == told
                    assert (version["authorPHID"], version["dateCreated"]) == told
                    seen.append(row["id"])
        assert seen == sorted(seen)
        return len(seen)


def _text(task: dict[str, Any]) -> str:
    return str(task["fields"]["description"]["raw"])


@pytest.fixture
def real(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Real]:
    for name in (_URL, _DATABASE):
        if name not in os.environ:
            pytest.skip(f"{name} names no real server")
    token = os.environ["TRACKER_MIGRATE_MANIPHEST_LIVE_TOKEN"]
    monkeypatch.setenv("TRACKER_MIGRATE_REAL_TOKEN", token)
    outsider = os.environ.get("TRACKER_MIGRATE_MANIPHEST_LIVE_OUTSIDER_TOKEN", "")
    monkeypatch.setenv("TRACKER_MIGRATE_REAL_OUTSIDER_TOKEN", outsider)
    project = f"gadget{int(time.time()) % 10**8}"
    launchpad = LaunchpadStandIn(web="http://{site}launchpad.test")
    first = int(time.time()) % 10**9  # numbers, and so permalinks, that no earlier run brought
    generate(launchpad, bugs=BUGS, blueprints=0, seed=3, project=project, first_bug=first)
    with serving(launchpad):
        yield Real(tmp_path, launchpad, project)


def _backdate(real: Real) -> Any:
    with Workspace(real.folder) as workspace, workspace.coordinating():
        jobs.apply(workspace, "real")
        return jobs.backdate(workspace, "real")


def _writes_nothing(real: Real) -> None:
    with Workspace(real.folder) as workspace, workspace.coordinating():
        seen = jobs.verify(workspace, "real")
        assert seen.agrees, (seen.missing, seen.doubled, seen.differs, seen.account)
        adopted = jobs.adopt(workspace, "real")
        assert not (adopted.differs)
        assert not (adopted.unknown)
        assert not (adopted.added)
        assert not (adopted.left)
        assert jobs.apply(workspace, "real").steps == 0


def test_authors_and_dates_read_back_and_nothing_is_written_twice(real: Real) -> None:
    with Workspace(real.folder) as workspace, workspace.coordinating():
        jobs.pull(workspace)
    people = real.authors()
    real.claim(*people[::2])
    first = _backdate(real)
    assert not first.left
    assert real.read_back() > BUGS
    assert _backdate(real).rows == {}
    _writes_nothing(real)
    real.claim(*people[1:])
    assert _backdate(real).moved > 0
    real.read_back()
    real.claim()
    assert _backdate(real).moved > 0
    real.read_back()
    _writes_nothing(real)


def test_a_lost_ledger_is_rebuilt_though_others_are_the_authors(real: Real) -> None:
    with Workspace(real.folder) as workspace, workspace.coordinating():
        jobs.pull(workspace)
    real.claim(*real.authors())
    _backdate(real)
    for one in (real.folder / "state").glob("workspace.db*"):
        one.unlink()
    with Workspace(real.folder) as workspace, workspace.coordinating():
        jobs.pull(workspace)
        adopted = jobs.adopt(workspace, "real")
        assert adopted.added > BUGS
        assert not (adopted.differs)
        assert not (adopted.doubled)
        assert not (adopted.absent)
        assert jobs.apply(workspace, "real").steps == 0
    _writes_nothing(real)
    assert _backdate(real).rows == {}
