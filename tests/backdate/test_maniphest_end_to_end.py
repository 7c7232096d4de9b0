"""A project into Maniphest, and then its authors and dates: read back by HTTP alone."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.backdate.phorge_bridge import mirrored
from tests.end_to_end.reader import source_bugs
from tests.end_to_end.test_recorded_projects import agrees, names, words_arrived
from tests.end_to_end.world import RECORDINGS, World, conduit_token, needs_shared, world
from tests.mariadb import Server
from tracker_migrate.backends.launchpad.standin.generate import generate
from tracker_migrate.backends.launchpad.standin.load import load_spec
from tracker_migrate.backends.maniphest.standin.config import Persona
from tracker_migrate.engine import jobs
from tracker_migrate.engine.backdate import Backdating
from tracker_migrate.workspace import Workspace

TARGET = "maniphest"
PROJECTS = ("firefox", "jokosher", "launchpad", "redfish", "tomcat")


class Claims:
    """Who has an account at the target: people.csv, and the accounts themselves."""

    def __init__(self, here: World) -> None:
        self._here = here
        self.accounts: dict[str, str] = {}
        self._made: dict[str, str] = {}

    def join(self, *people: str) -> None:
        """These have an account from now on."""
        for name in people:
            if name not in self._made:
                persona = Persona(username=f"p{len(self._made)}", realname=f"{name} there")
                self._made[name] = self._here.maniphest.site.people.add(persona).phid
            self.accounts[name] = self._made[name]
        self._write()

    def leave(self, *people: str) -> None:
        """It is known of these no more that they have one."""
        for name in people:
            del self.accounts[name]
        self._write()

    def _write(self) -> None:
        rows = ["person,target,account,name,state,created,note"]
        rows += [f"{one},{TARGET},{at},,verified,," for one, at in self.accounts.items()]
        path = self._here.folder / "mappings" / "people.csv"
        path.write_text("\n".join(rows) + "\n")

    def of(self, link: str | None) -> str | None:
        """The account that is to be shown for somebody at the source; None for the importer."""
        return self.accounts.get((link or "").rpartition("~")[2])


def backdate(here: World, server: Server, **how: Any) -> Backdating:
    """As a person would run it, with the target's databases at hand; what else an account is good
    for (an owner) the API does before."""
    here.apply(TARGET)
    with mirrored(here.maniphest, server) as (address, namespace):
        here.options[TARGET]["database"] = {"url": address, "namespace": namespace}
        here.write_settings()
        with Workspace(here.folder) as workspace, workspace.coordinating():
            return jobs.backdate(workspace, TARGET, **how)


def by_an_administrator(here: World, server: Server) -> Backdating:
    """As one who has no way to the databases, and somebody who has."""
    said: list[str] = []
    here.apply(TARGET)
    with mirrored(here.maniphest, server) as (_, namespace):
        # without an address nobody is connected to; what the databases are called has to be said
        here.options[TARGET]["database"] = {"url": "mysql://nowhere", "namespace": namespace}
        here.write_settings()
        with Workspace(here.folder) as workspace:
            jobs.backdate_statements(workspace, TARGET, said.append)
        server.run(*(one.replace("%", "%%") for one in said if one[:2] != "--"))
    with Workspace(here.folder) as workspace, workspace.coordinating():
        return jobs.backdate_confirm(workspace, TARGET)


class Conduit:
    """Reads with `requests` alone."""

    def __init__(self, here: World) -> None:
        self._base = f"{here.maniphest.url}/api/"
        self.importer = self.ask("user.whoami")["phid"]

    def ask(self, method: str, **params: Any) -> Any:
        """The result of a method."""
        known = {**params, "__conduit__": {"token": conduit_token("importbot")}}
        form = {"params": json.dumps(known), "output": "json", "__conduit__": "1"}
        answer = requests.post(self._base + method, data=form, timeout=60).json()
        assert answer["error_code"] is None, answer
        return answer["result"]

    def pages(self, method: str, **params: Any) -> Iterator[dict[str, Any]]:
        """All rows of a search."""
        after = None
        while True:
            found = self.ask(method, **params, **({"after": after} if after else {}))
            yield from found["data"]
            if (after := found["cursor"]["after"]) is None:
                return

    def tasks(self) -> Iterator[dict[str, Any]]:
        """Every task, with what was done to it, the oldest first."""
        for task in list(self.pages("maniphest.search", constraints={})):
            rows = self.pages("transaction.search", objectIdentifier=task["phid"], limit=1000)
            yield {**task, "history": sorted(rows, key=lambda row: row["id"])}


def authors_of(here: World, project: str) -> list[str]:
    """Everybody who wrote anything, by name."""
    people = set()
    for bug in source_bugs(here.launchpad.url, project):
        people |= {bug["owner_link"], *(one["owner_link"] for one in bug["messages"])}
    return sorted(link.rpartition("~")[2] for link in people if link)


def epoch(text: str) -> int:
    """A date of the source, in whole seconds."""
    return int(datetime.fromisoformat(text).astimezone(UTC).timestamp())


def read_back(here: World, project: str, claims: Claims) -> int:
    """Compare author, date and order of every bug, task and comment; how many were compared."""
    conduit = Conduit(here)
    there = list(conduit.tasks())
    compared = 0
    for bug in source_bugs(here.launchpad.url, project):
        (task,) = [one for one in there if _names(one, bug["web_link"])]
        author = claims.of(bug["owner_link"]) or conduit.importer
        _made(task, author, epoch(bug["date_created"]), conduit.importer)
        for part in bug["tasks"]:
            for subtask in [one for one in there if _names(one, part["web_link"])]:
                owner = claims.of(part["owner_link"] or bug["owner_link"]) or conduit.importer
                _made(subtask, owner, epoch(part["date_created"]), conduit.importer)
                compared += 1
        compared += 1 + _comments(bug, task, claims, conduit.importer)
    return compared


def _names(task: dict[str, Any], permalink: str) -> bool:
    return names(task["fields"]["description"]["raw"], permalink)


def _made(task: dict[str, Any], author: str, created: int, importer: str) -> None:
    fields, history = task["fields"], task["history"]
    assert fields["authorPHID"] == author
    assert fields["dateCreated"] == created
    short = "UTC" not in fields["description"]["raw"].split("\n", 1)[0]
    assert short == (author != importer)
    (first,) = [row for row in history if row["type"] == "create"]
    assert (first["authorPHID"], first["dateCreated"]) == (author, created)
    told = [row for row in history if row["type"] == "description"]
    assert told[-1]["fields"]["new"] == fields["description"]["raw"]


def _comments(bug: dict[str, Any], task: dict[str, Any], claims: Claims, importer: str) -> int:
    rows = [row for row in task["history"] if row["type"] == "comment"]
    seen = []
    for message in bug["messages"]:
        for row in rows:
            version = row["comments"][0]
            if not names(version["content"]["raw"], message["web_link"]):
                continue
            author = claims.of(message["owner_link"]) or importer
            created = epoch(message["date_created"])
            for one in (row, version):
                assert (one["authorPHID"], one["dateCreated"]) == (author, created)
            short = "UTC" not in version["content"]["raw"].split("\n", 1)[0]
            assert short == (author != importer)
            seen.append(row["id"])
    assert seen == sorted(seen)
    return len(seen)


def writes_nothing(here: World) -> None:
    """adopt, verify and another apply agree that all stands as it should."""
    before = here.writes(TARGET)
    agrees(here.verify(TARGET))
    with Workspace(here.folder) as workspace, workspace.coordinating():
        adopted = jobs.adopt(workspace, TARGET)
    assert not adopted.differs
    assert not adopted.unknown
    assert adopted.added == adopted.left == 0
    here.pull()
    again = here.apply(TARGET)
    assert (again.steps, again.aside, again.stuck) == (0, 0, 0)
    agrees(here.verify(TARGET))
    assert here.writes(TARGET) == before


@needs_shared
@pytest.mark.parametrize("project", PROJECTS)
def test_a_recorded_project_reads_back_with_its_authors_dates_and_order(
    mariadb: Server, project: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with world(tmp_path / "ws", monkeypatch, project) as here:
        load_spec(here.launchpad, f"project:{RECORDINGS / 'launchpad' / 'projects' / project}")
        here.pull()
        here.apply(TARGET)
        claims = Claims(here)
        claims.join(*authors_of(here, project)[::2])
        done = backdate(here, mariadb)
        assert done.rows
        assert not done.left
        assert read_back(here, project, claims) > 1
        assert words_arrived(here, TARGET, project) > 0
        writes_nothing(here)
        again = backdate(here, mariadb)
        assert (again.rows, again.moved) == ({}, 0)


@needs_shared
@pytest.mark.slow
def test_the_nova_sample_reads_back_with_its_authors_dates_and_order(
    mariadb: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = "nova-sample"
    with world(tmp_path / "ws", monkeypatch, name) as here:
        load_spec(here.launchpad, f"wire:{RECORDINGS / 'launchpad' / 'wire' / name}.jsonl.gz")
        here.pull()
        here.apply(TARGET)
        claims = Claims(here)
        claims.join(*authors_of(here, name)[::2])
        backdate(here, mariadb)
        assert read_back(here, name, claims) > 2000
        writes_nothing(here)
        assert backdate(here, mariadb).rows == {}


def test_a_late_claim_moves_all_of_somebody_and_back_and_forth(
    mariadb: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with world(tmp_path / "ws", monkeypatch, "gadget") as here:
        generate(here.launchpad, bugs=12, blueprints=0, seed=5)
        here.pull()
        here.apply(TARGET)
        claims, people = Claims(here), authors_of(here, "gadget")
        claims.join(*people[:3])
        backdate(here, mariadb)
        claims.join(*people[3:])
        assert backdate(here, mariadb).moved > 0
        read_back(here, "gadget", claims)
        claims.leave(*people[:4])
        assert backdate(here, mariadb).moved > 0
        read_back(here, "gadget", claims)
        writes_nothing(here)
        claims.join(*people[:4])
        backdate(here, mariadb)
        read_back(here, "gadget", claims)
        writes_nothing(here)


def test_what_an_administrator_runs_is_known_afterwards(
    mariadb: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with world(tmp_path / "ws", monkeypatch, "gadget") as here:
        generate(here.launchpad, bugs=12, blueprints=0, seed=5)
        here.pull()
        here.apply(TARGET)
        claims = Claims(here)
        claims.join(*authors_of(here, "gadget")[::2])
        done = by_an_administrator(here, mariadb)
        assert done.moved > 0
        assert not done.waiting
        read_back(here, "gadget", claims)
        writes_nothing(here)
        assert backdate(here, mariadb).rows == {}


@pytest.mark.parametrize("marked", [True, False])
def test_a_lost_ledger_is_rebuilt_though_others_are_the_authors(
    mariadb: Server, marked: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with world(tmp_path / "ws", monkeypatch, "gadget") as here:
        generate(here.launchpad, bugs=12, blueprints=0, seed=5)
        if not marked:
            object.__setattr__(here.maniphest.config, "fields", ())
            object.__setattr__(here.maniphest.config, "by_key", {})
        here.pull()
        here.apply(TARGET)
        claims = Claims(here)
        claims.join(*authors_of(here, "gadget"))
        backdate(here, mariadb)
        for one in (here.folder / "state").glob("workspace.db*"):
            one.unlink()
        here.pull()
        with Workspace(here.folder) as workspace, workspace.coordinating():
            adopted = jobs.adopt(workspace, TARGET)
        assert adopted.added > 12
        assert not (adopted.differs)
        assert not (adopted.doubled)
        assert not (adopted.absent)
        assert not (adopted.twins)
        assert here.apply(TARGET).steps == 0
        writes_nothing(here)
        assert backdate(here, mariadb).rows == {}
