"""A project into StoryBoard, and then its authors and dates: read back by HTTP alone."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from tests.backdate.bridge import mirrored
from tests.backdate.storyboard_there import There, authors
from tests.end_to_end.test_recorded_projects import agrees, words_arrived
from tests.end_to_end.world import RECORDINGS, World, needs_shared, world
from tests.mariadb import Server
from tracker_migrate.backends.launchpad.standin.generate import generate
from tracker_migrate.backends.launchpad.standin.load import load_spec
from tracker_migrate.backends.storyboard.standin.personas import Persona
from tracker_migrate.engine import jobs
from tracker_migrate.engine.backdate import Backdating
from tracker_migrate.workspace import Workspace

TARGET = "storyboard"
IMPORTER = 1
PROJECTS = ("firefox", "jokosher", "launchpad", "redfish", "tomcat")


class Claims:
    """Who has an account at the target: people.csv, and the accounts themselves."""

    def __init__(self, here: World) -> None:
        self._here = here
        self.accounts: dict[str, int] = {}
        self._made: dict[str, int] = {}

    def join(self, *people: str) -> None:
        """These have an account from now on."""
        for name in people:
            if name not in self._made:
                persona = Persona(full_name=f"{name} there", email=f"{name}@there.example.org")
                self._made[name] = self._here.storyboard.add_user(persona)
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

    def of(self, link: str | None) -> int:
        """The account that is to be shown for somebody at the source."""
        return self.accounts.get((link or "").rpartition("~")[2], IMPORTER)


def backdate(here: World, server: Server, **how: Any) -> Backdating:
    """As a person would run it, with the target's database at hand."""
    with mirrored(here.storyboard, server) as address:
        here.options[TARGET]["database"] = {"url": address}
        here.write_settings()
        with Workspace(here.folder) as workspace, workspace.coordinating():
            return jobs.backdate(workspace, TARGET, **how)


def by_an_administrator(here: World, server: Server) -> Backdating:
    """As one who has no way to the database, and somebody who has."""
    here.options[TARGET].pop("database", None)
    here.write_settings()
    said: list[str] = []
    with Workspace(here.folder) as workspace:
        jobs.backdate_statements(workspace, TARGET, said.append)
    with mirrored(here.storyboard, server) as address:
        name = sa.make_url(address).database
        server.run(f"USE {name}", *(one.replace("%", "%%") for one in said if one[:2] != "--"))
    with Workspace(here.folder) as workspace, workspace.coordinating():
        return jobs.backdate_confirm(workspace, TARGET)


def authors_of(here: World, project: str) -> list[str]:
    """Everybody who wrote anything, by name."""
    return authors(here.launchpad.url, project)


def there(here: World, claims: Claims | None = None) -> There:
    """The target, as its API shows it."""
    of = claims.of if claims is not None else lambda _link: IMPORTER
    return There(f"{here.storyboard.url}/v1", "token-of-super", IMPORTER, of)


def read_back(here: World, project: str, claims: Claims) -> int:
    """Compare author, date and order of every bug, task and comment; how many were compared."""
    return there(here, claims).read_back(here.launchpad.url, project)


def writes_nothing(here: World) -> None:
    """verify, adopt and another apply agree that all stands as it should."""
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
    assert here.writes(TARGET) == before
    agrees(here.verify(TARGET))


@needs_shared
@pytest.mark.parametrize("project", PROJECTS)
def test_a_recorded_project_reads_back_with_its_authors_dates_and_order(
    mariadb: Server, project: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with world(tmp_path / "ws", monkeypatch, project) as here:
        load_spec(here.launchpad, f"project:{RECORDINGS / 'launchpad' / 'projects' / project}")
        claims = Claims(here)
        claims.join(*authors_of(here, project)[::2])
        here.pull()
        here.apply(TARGET)
        done = backdate(here, mariadb)
        assert done.rows
        assert not done.left
        assert read_back(here, project, claims) >= 3
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
        claims = Claims(here)
        claims.join(*authors_of(here, name)[::2])
        here.pull()
        here.apply(TARGET)
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
        here.apply(TARGET)  # who has an account is the assignee of his tasks, too
        writes_nothing(here)
        claims.join(*people[:4])
        backdate(here, mariadb)
        read_back(here, "gadget", claims)
        here.apply(TARGET)
        writes_nothing(here)


def test_what_an_administrator_runs_is_known_afterwards(
    mariadb: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with world(tmp_path / "ws", monkeypatch, "gadget") as here:
        generate(here.launchpad, bugs=12, blueprints=0, seed=5)
        claims = Claims(here)
        claims.join(*authors_of(here, "gadget")[::2])
        here.pull()
        here.apply(TARGET)
        done = by_an_administrator(here, mariadb)
        assert done.moved > 0
        assert not done.waiting
        read_back(here, "gadget", claims)
        writes_nothing(here)
        assert backdate(here, mariadb).rows == {}


def test_a_lost_ledger_is_rebuilt_by_the_seals(
    mariadb: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with world(tmp_path / "ws", monkeypatch, "gadget") as here:
        generate(here.launchpad, bugs=8, blueprints=1, seed=5)
        claims = Claims(here)
        claims.join(*authors_of(here, "gadget"))
        here.pull()
        here.apply(TARGET)
        backdate(here, mariadb)
        for file in (here.folder / "state").glob("workspace.db*"):
            file.unlink()
        here.pull()
        with Workspace(here.folder) as workspace, workspace.coordinating():
            adopted = jobs.adopt(workspace, TARGET)
        assert adopted.added > 20
        assert (adopted.differs, adopted.doubled, adopted.absent) == ([], [], 0)
        before = here.writes(TARGET)
        assert here.apply(TARGET).created == 0
        assert here.writes(TARGET) == before
        writes_nothing(here)
        assert backdate(here, mariadb).rows == {}
        read_back(here, "gadget", claims)
