"""A project at a target whose authors and dates are set in its database: what is done alike at both
trackers, as a person would do it, and what has to hold afterwards."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any

import requests
import sqlalchemy as sa

from tests.backdate import at_source, bridge, phorge_bridge
from tests.backdate.maniphest_there import ManiphestThere
from tests.backdate.storyboard_there import StoryBoardThere
from tests.end_to_end.test_recorded_projects import agrees
from tests.end_to_end.world import World, conduit_token
from tests.mariadb import Server
from tracker_migrate.backends.maniphest import tables as phorge_tables
from tracker_migrate.backends.maniphest.standin import config
from tracker_migrate.backends.storyboard import tables as board_tables
from tracker_migrate.backends.storyboard.standin import personas
from tracker_migrate.cli.run import run as cli
from tracker_migrate.engine import jobs
from tracker_migrate.engine.applied import Applied
from tracker_migrate.engine.backdate import Backdating
from tracker_migrate.model import Key
from tracker_migrate.workspace import Workspace
from tracker_migrate.workspace.ledger import Held

_HEAD = "person,target,account,name,state,created,note"


class Moving(ABC):
    """One target of a world. accounts: who has one there, as people.csv says."""

    target: str

    def __init__(self, here: World, server: Server) -> None:
        self.here = here
        self.server = server
        self.accounts: dict[str, Any] = {}
        self._made: dict[str, Any] = {}
        self._table = here.folder / "mappings" / "people.csv"
        lines = self._table.read_text().splitlines() if self._table.exists() else [_HEAD]
        self._rows = lines[1:]

    # -- who has an account -----------------------------------------------------------------------

    @abstractmethod
    def _account(self, name: str) -> Any:
        """A new account."""

    def join(self, *people: str) -> None:
        """These have an account from now on, besides those who had one at the start."""
        rows = [row.split(",") for row in self._rows]
        known = {row[0] for row in rows if row[1] in ("", self.target)}
        for name in people:
            if name not in known:
                if name not in self._made:
                    self._made[name] = self._account(name)
                self.accounts[name] = self._made[name]
        self._write()

    @abstractmethod
    def comment(self, name: str, number: str, text: str) -> None:
        """Have somebody who has joined comment on an issue there."""

    def leave(self, *people: str) -> None:
        """It is known of these no more that they have one."""
        for name in people:
            del self.accounts[name]
        self._write()

    def _write(self) -> None:
        rows = [f"{one},{self.target},{at},,verified,," for one, at in self.accounts.items()]
        self._table.write_text("\n".join([_HEAD, *self._rows, *rows]) + "\n")

    def of(self, link: str | None) -> Any:
        """The account that is to be shown for somebody at the source; None for the importer's."""
        return self.accounts.get((link or "").rpartition("~")[2])

    def authors(self, *projects: str) -> list[str]:
        """Everybody who wrote anything at the source, by name."""
        return at_source.authors(self.here.launchpad.url, *(projects or self.here.specs))

    def bugs(self) -> list[dict[str, Any]]:
        """The public bugs of the source, as its API shows them."""
        of = (at_source.bugs(self.here.launchpad.url, one) for one in self.here.specs)
        return [bug for each in of for bug in each]

    # -- what is done -----------------------------------------------------------------------------

    @abstractmethod
    def mirrored(self) -> AbstractContextManager[dict[str, Any]]:
        """The settings of a database that holds what the target holds; what is different there in
        the end, the target shows."""

    @abstractmethod
    def tables(self, database: dict[str, Any]) -> sa.MetaData:
        """The tables of such a database."""

    @contextmanager
    def connected(self, **more: Any) -> Iterator[dict[str, Any]]:
        """The database, and settings that say where it is. more: of these."""
        with self.mirrored() as database:
            self.settings(**database, **more)
            yield database

    def settings(self, **database: Any) -> None:
        """What the settings say of the database; nothing if nothing is given."""
        self.here.options[self.target].pop("database", None)
        if database:
            self.here.options[self.target]["database"] = database
        self.here.write_settings()

    def written(self) -> Applied:
        """All is pulled and at the target; what else an account is good for than to be an author
        (an assignee), the API does."""
        self.here.pull()
        return self.here.apply(self.target)

    def once(self, **how: Any) -> Backdating:
        """`backdate`, where a database is connected."""
        with Workspace(self.here.folder) as workspace, workspace.coordinating():
            return jobs.backdate(workspace, self.target, **how)

    def backdate(self, **how: Any) -> Backdating:
        """As a person would run it, with the target's database at hand."""
        with self.connected():
            return self.once(**how)

    def by_an_administrator(self) -> Backdating:
        """As one who has no way to the database, and somebody who has."""
        said: list[str] = []
        with self.mirrored() as database:
            # without an address nobody is connected to; what databases are called has to be said
            nowhere = {**database, "url": "mysql://nowhere"}
            self.settings(**(nowhere if len(nowhere) > 1 else {}))
            with Workspace(self.here.folder) as workspace:
                jobs.backdate_statements(workspace, self.target, said.append)
            self.server.run(
                f"USE {sa.make_url(database['url']).database}",
                *(one.replace("%", "%%") for one in said if one[:2] != "--"),
            )
        with Workspace(self.here.folder) as workspace, workspace.coordinating():
            return jobs.backdate_confirm(workspace, self.target)

    # -- what has to hold -------------------------------------------------------------------------

    @property
    @abstractmethod
    def there(self) -> StoryBoardThere | ManiphestThere:
        """The target, as its API shows it."""

    def read_back(self, *projects: str) -> Counter[str]:
        """Compare author, date and order of everything; how much of each kind was compared."""
        compared = Counter[str]()
        for project in projects or self.here.specs:
            compared += self.there.read_back(self.here.launchpad.url, project)
        return compared

    def held(self) -> dict[Key, Held]:
        """All that the ledger says."""
        with Workspace(self.here.folder) as workspace:
            ledger = workspace.ledger(self.target)
            of = (ledger.of_issue(issue) for issue in ledger.issues())
            return {key: one for issue in of for key, one in issue.items()}

    def writes_nothing(self) -> None:
        """adopt, verify and a round of sync agree that all stands as it should."""
        here, target = self.here, self.target
        before = here.writes(target)
        with Workspace(here.folder) as workspace, workspace.coordinating():
            adopted = jobs.adopt(workspace, target)
        assert (adopted.differs, adopted.unknown, adopted.doubled) == ([], [], [])
        assert adopted.added == adopted.left == 0
        seen = here.verify(target)
        assert (seen.missing, seen.doubled, seen.unplanned, seen.differs) == ([], [], [], [])
        # what may not be shown there is told again
        assert cli(["sync", "--once", "-C", str(here.folder), "-T", target]) in (0, 3)
        agrees(here.verify(target))
        assert here.writes(target) == before


class AtStoryBoard(Moving):
    """At StoryBoard."""

    target = "storyboard"
    _IMPORTER = 1

    def _account(self, name: str) -> int:
        persona = personas.Persona(
            full_name=f"{name} there", email=f"{name}@there.example.org", token=f"token-of-{name}"
        )
        return self.here.storyboard.add_user(persona)

    def comment(self, name: str, number: str, text: str) -> None:
        address = f"{self.here.storyboard.url}/v1/stories/{number}/comments"
        head = {"Authorization": f"Bearer token-of-{name}"}
        answer = requests.post(address, json={"content": text}, headers=head, timeout=60)
        answer.raise_for_status()

    @contextmanager
    def mirrored(self) -> Iterator[dict[str, Any]]:
        with bridge.mirrored(self.here.storyboard, self.server) as address:
            yield {"url": address}

    def tables(self, database: dict[str, Any]) -> sa.MetaData:
        return board_tables.metadata

    @property
    def there(self) -> StoryBoardThere:
        root = f"{self.here.storyboard.url}/v1"
        return StoryBoardThere(
            root, "token-of-super", self._IMPORTER, lambda link: self.of(link) or self._IMPORTER
        )


class AtManiphest(Moving):
    """At Maniphest."""

    target = "maniphest"

    def __init__(self, here: World, server: Server) -> None:
        super().__init__(here, server)
        self._called: dict[str, str] = {}

    def _account(self, name: str) -> str:
        persona = config.Persona(username=f"p{len(self._made)}", realname=f"{name} there")
        self._called[name] = persona.username
        return self.here.maniphest.site.people.add(persona).phid

    def comment(self, name: str, number: str, text: str) -> None:
        token = conduit_token(self._called[name])
        as_them = ManiphestThere(self.here.maniphest.url, token, self.of)
        said = [{"type": "comment", "value": text}]
        as_them.ask("maniphest.edit", objectIdentifier=number, transactions=said)

    @contextmanager
    def mirrored(self) -> Iterator[dict[str, Any]]:
        with phorge_bridge.mirrored(self.here.maniphest, self.server) as (address, namespace):
            yield {"url": address, "namespace": namespace}

    def tables(self, database: dict[str, Any]) -> sa.MetaData:
        return phorge_tables.metadata(f"{database['namespace']}_")

    @property
    def there(self) -> ManiphestThere:
        return ManiphestThere(self.here.maniphest.url, conduit_token("importbot"), self.of)


MOVING: dict[str, type[Moving]] = {"storyboard": AtStoryBoard, "maniphest": AtManiphest}
