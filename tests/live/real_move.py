"""A project at a real server, where the address of one is given: what tests of several commands
need of it.

    TRACKER_MIGRATE_STORYBOARD_URL, TRACKER_MIGRATE_STORYBOARD_LIVE_TOKEN (a superuser's),
    TRACKER_MIGRATE_STORYBOARD_LIVE_OUTSIDER_TOKEN
    TRACKER_MIGRATE_MANIPHEST_URL, TRACKER_MIGRATE_MANIPHEST_LIVE_TOKEN, ..._LIVE_OUTSIDER_TOKEN

and of those that set authors and dates, of either:

    ..._LIVE_DATABASE            mysql+pymysql://USER@HOST/NAME; of any of Maniphest's
    ..._LIVE_DATABASE_PASSWORD   if it has one

They write there, `backdate` as the server's own administrator would: give them a server that nobody
needs. Each run brings a project of another name. At StoryBoard it makes three people; Maniphest has
to have three with an account besides the importer.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from tests.backdate import at_source
from tests.backdate.maniphest_there import ManiphestThere
from tests.backdate.storyboard_there import StoryBoardThere
from tests.live import fresh
from tracker_migrate.backends.launchpad.standin.generate import generate
from tracker_migrate.backends.launchpad.standin.server import LaunchpadStandIn
from tracker_migrate.backends.maniphest.client import Conduit
from tracker_migrate.backends.storyboard.client import Api
from tracker_migrate.engine import jobs
from tracker_migrate.engine.backdate import Backdating
from tracker_migrate.interfaces import RemoteRef
from tracker_migrate.model import Key
from tracker_migrate.testing.loopback import serving
from tracker_migrate.workspace import Workspace

BUGS = 12


def said(tracker: str, what: str) -> str:
    """What the environment says of a real server. The test is left out if it says nothing."""
    name = f"TRACKER_MIGRATE_{tracker.upper()}_{what}"
    if name not in os.environ:
        pytest.skip(f"{name} names no real server")
    return os.environ[name]


def database(tracker: str) -> sa.Engine:
    """A real server's own. The test is left out if nothing says where it is."""
    url = sa.make_url(said(tracker, "LIVE_DATABASE"))
    password = os.environ.get(f"TRACKER_MIGRATE_{tracker.upper()}_LIVE_DATABASE_PASSWORD")
    return sa.create_engine(url if password is None else url.set(password=password))


class Move:
    """A workspace at a real server, and somebody else there. accounts: who of the source has one
    there, as people.csv says."""

    def __init__(self, folder: Path, tracker: str, launchpad: LaunchpadStandIn, project: str):
        self.workspace = Workspace(folder)
        self.tracker = tracker
        self.launchpad = launchpad
        self._project = project
        self._address = said(tracker, "URL").rstrip("/").removesuffix("/v1")
        self._people: list[Any] = []
        self.accounts: dict[str, Any] = {}

    def run(self) -> None:
        """Write what is missing; all agrees."""
        applied = jobs.apply(self.workspace, "real")
        assert not applied.aside
        seen = jobs.verify(self.workspace, "real")
        assert seen.agrees, (seen.missing, seen.doubled, seen.differs, seen.account)

    def places(self) -> dict[Key, RemoteRef]:
        """Where each issue is."""
        ledger = self.workspace.ledger("real")
        keys = list(self.workspace.archive.issue_keys())
        return {of: held.at for of, held in ledger.held(keys).items()}

    def comments(self, at: RemoteRef) -> None:
        """Somebody else comments on an issue there."""
        token = said(self.tracker, "LIVE_OUTSIDER_TOKEN")
        if self.tracker == "storyboard":
            api = Api(f"{self._address}/v1", token)
            api.write("POST", f"/stories/{at.id}/comments", {"content": "Me, too"})
            return
        conduit = Conduit(self._address, token)
        words = [{"type": "comment", "value": "Me, too"}]
        conduit.write("maniphest.edit", transactions=words, objectIdentifier=at.id)

    # -- authors and dates ------------------------------------------------------------------------

    def backdate(self) -> Backdating:
        """Set authors and dates; what else an account is good for, the API does before."""
        self.run()
        return jobs.backdate(self.workspace, "real")

    def authors(self) -> list[str]:
        """Everybody who wrote anything at the source, by name."""
        return at_source.authors(self.launchpad.url, self._project)

    def claim(self, *people: str) -> None:
        """These, and nobody else, have an account from now on, one of the three there are."""
        self._people = self._people or list(self._three())
        self.accounts = {one: self._people[number % 3] for number, one in enumerate(people)}
        rows = [f"{name},real,{at},,verified,," for name, at in self.accounts.items()]
        table = ["person,target,account,name,state,created,note", *rows]
        (self.workspace.folder / "mappings" / "people.csv").write_text("\n".join(table) + "\n")

    def _three(self) -> Iterator[Any]:
        if self.tracker == "maniphest":
            humans = {"isBot": False, "isDisabled": False}
            rows = self._maniphest().ask("user.search", constraints=humans)["data"]
            yield from (row["phid"] for row in rows[:3])
            return
        api = self._storyboard()
        for number in range(3):
            name = f"{self._project}-{number}"
            body = {"full_name": name, "email": f"{name}@example.org", "enable_login": False}
            yield int(api.write("POST", "/users", body)["id"])

    def of(self, link: str | None) -> Any:
        """The account that is to be shown for somebody at the source; None for the importer's."""
        return self.accounts.get((link or "").rpartition("~")[2])

    def _maniphest(self) -> ManiphestThere:
        return ManiphestThere(self._address, said("maniphest", "LIVE_TOKEN"), self.of)

    def _storyboard(self) -> Api:
        return Api(f"{self._address}/v1", said("storyboard", "LIVE_TOKEN"))

    def read_back(self) -> int:
        """Compare author, date and order of everything; how many things there were."""
        there: StoryBoardThere | ManiphestThere
        if self.tracker == "maniphest":
            there = self._maniphest()
        else:
            me = int(self._storyboard().get("/users/self")["id"])
            token, root = said("storyboard", "LIVE_TOKEN"), f"{self._address}/v1"
            there = StoryBoardThere(root, token, me, lambda link: self.of(link) or me)
        return there.read_back(self.launchpad.url, self._project).total()

    # -- what has to hold -------------------------------------------------------------------------

    def lose_ledger(self) -> None:
        """The workspace's state is gone, but for its secrets; the source is read anew."""
        folder = self.workspace.folder
        self.workspace.close()
        for one in (folder / "state").glob("workspace.db*"):
            one.unlink()
        self.workspace = Workspace(folder)
        jobs.pull(self.workspace)

    def writes_nothing(self) -> None:
        """adopt, apply and verify agree that all stands as it should."""
        adopted = jobs.adopt(self.workspace, "real")
        assert (adopted.differs, adopted.unknown, adopted.doubled) == ([], [], [])
        assert (adopted.added, adopted.left) == (0, 0)
        assert jobs.apply(self.workspace, "real").steps == 0
        self.run()


@contextmanager
def moved(
    tracker: str, folder: Path, monkeypatch: pytest.MonkeyPatch, *more: str
) -> Iterator[Move]:
    """A project written to a real server. more: lines of the target's settings."""
    address = said(tracker, "URL")
    monkeypatch.setenv("TRACKER_MIGRATE_REAL_TOKEN", said(tracker, "LIVE_TOKEN"))
    monkeypatch.setenv("TRACKER_MIGRATE_REAL_OUTSIDER_TOKEN", said(tracker, "LIVE_OUTSIDER_TOKEN"))
    project = f"gadget{time.time_ns() // 10**6 % 10**10}"
    launchpad = LaunchpadStandIn(web="http://{site}launchpad.test")
    first = fresh.first()
    generate(launchpad, bugs=BUGS, blueprints=2, seed=3, project=project, first_bug=first)
    with serving(launchpad):
        text = ["[source]", f'specs = ["launchpad:{project}"]', f'address = "{launchpad.url}"']
        text += ["per_second = 0", "[targets.real]", "settle_seconds = 5"]
        text += [f"sink = {json.dumps(f'{tracker}:{address}')}", *more]
        (folder / "migration.toml").write_text("\n".join(text) + "\n")
        (folder / "mappings").mkdir()
        move = Move(folder, tracker, launchpad, project)
        try:
            jobs.pull(move.workspace)
            move.run()
            yield move
        finally:
            move.workspace.close()


@contextmanager
def with_database(tracker: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Move]:
    """The same, and the settings name the server's database."""
    url = said(tracker, "LIVE_DATABASE")
    password = os.environ.get(f"TRACKER_MIGRATE_{tracker.upper()}_LIVE_DATABASE_PASSWORD")
    if password is not None:
        monkeypatch.setenv("TRACKER_MIGRATE_REAL_DATABASE", password)
    leaky = ['leaky_search = "accept"'] if tracker == "storyboard" else []
    database = ["[targets.real.database]", f"url = {json.dumps(url)}"]
    with moved(tracker, folder, monkeypatch, *leaky, *database) as move:
        yield move
