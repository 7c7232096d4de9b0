"""The parts of the server, put together."""

from __future__ import annotations

from dataclasses import dataclass, field

from tracker_migrate.backends.maniphest.standin.config import Config
from tracker_migrate.backends.maniphest.standin.edges import Edges
from tracker_migrate.backends.maniphest.standin.files import Files
from tracker_migrate.backends.maniphest.standin.people import People, User
from tracker_migrate.backends.maniphest.standin.policy import Policies
from tracker_migrate.backends.maniphest.standin.projects import Projects
from tracker_migrate.backends.maniphest.standin.spaces import Spaces
from tracker_migrate.backends.maniphest.standin.store import Store
from tracker_migrate.backends.maniphest.standin.tasks import Tasks
from tracker_migrate.backends.maniphest.standin.xactions import Log


@dataclass
class Site:
    """What every method may need. `index` False leaves an edit's look-up rows unwritten; `daemons`
    True fills the feed and the full text search, as background workers do."""

    store: Store
    config: Config
    host: str = ""
    index: bool = True
    daemons: bool = False
    people: People = field(init=False)
    edges: Edges = field(init=False)
    policies: Policies = field(init=False)
    tasks: Tasks = field(init=False)
    projects: Projects = field(init=False)
    files: Files = field(init=False)
    spaces: Spaces = field(init=False)
    logs: dict[str, Log] = field(init=False)

    def __post_init__(self) -> None:
        """Build the parts."""
        store = self.store
        self.people = People(store)
        self.edges = Edges(store)
        self.policies = Policies(store, self.people, self.edges)
        self.tasks = Tasks(store, self.config)
        self.projects = Projects(store)
        self.files = Files(store, self.config)
        self.spaces = Spaces(store)
        self.logs = {kind: Log(store, kind) for kind in ("TASK", "PROJ")}

    def home_space(self, user: User) -> str | None:
        """Where somebody's new objects land: the default Space, or the oldest that they see."""
        seen = (one.phid for one in self.spaces.open() if self.policies.in_space(user, one.phid))
        return next(seen, None)

    def seed(self) -> None:
        """Open the accounts that the settings name."""
        for persona in self.config.personas:
            self.people.add(persona)
