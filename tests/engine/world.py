"""A workspace with a target in memory, and short words for what a test does with them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from tracker_migrate.engine.applied import Applied
from tracker_migrate.engine.apply import Apply
from tracker_migrate.engine.intake import Pulled
from tracker_migrate.engine.pull import Pull
from tracker_migrate.engine.target import Target
from tracker_migrate.engine.unexpected import Guarded
from tracker_migrate.engine.verify import Verified, Verify
from tracker_migrate.interfaces import ClosedAction, ClosedStep, Event, Reading, Receipt, RemoteRef
from tracker_migrate.model import Issue, Key, key
from tracker_migrate.testing.memory import MemoryServer, MemorySink, MemorySource, Numbers, Record
from tracker_migrate.workspace import Ledger, Workspace
from tracker_migrate.workspace.policies import Policies


def settings(folder: Path, database: str | None = None, more: str = "") -> None:
    """Write the migration.toml of a workspace."""
    folder.mkdir(parents=True, exist_ok=True)
    lines = ["[source]", 'specs = ["memory:rocket"]', "[targets.there]", 'sink = "memory:there"']
    if database is not None:
        lines += ["[database]", f'url = "{database}"']
    (folder / "migration.toml").write_text("\n".join([*lines, more]) + "\n")
    (folder / "mappings").mkdir(exist_ok=True)


def bug_key(number: int) -> Key:
    """The key of a bug."""
    return key("memory", "bug", number)


class World:
    """A workspace and a server. sink: is used by all runs, so that a test may bend it."""

    def __init__(
        self, workspace: Workspace, server: MemoryServer, numbers: Numbers, **options: Any
    ) -> None:
        self.workspace = workspace
        self.server = server
        self.numbers = numbers
        self.sink = MemorySink(server, numbers, **options)
        self.heard: list[Event] = []
        #: what is done about a field that both sides changed
        self.policies = Policies()
        #: what one more look at the source says
        self.is_public: Callable[[Key], bool] | None = lambda _key: True

    @property
    def ledger(self) -> Ledger:
        """The target's ledger."""
        return self.workspace.ledger("there")

    def keep(self, *issues: Issue) -> None:
        """Put issues into the archive, as if they had been read."""
        for entity in MemorySource().surroundings():
            self.workspace.archive.put_entity(entity).result()
        for issue in issues:
            reading = Reading(issue=issue, replies=(), stamp=issue.title)
            self.workspace.archive.put(reading).result()

    def target(self, workspace: Workspace | None = None) -> Target:
        """The target, as a new run finds it. workspace: as another process has opened it."""
        target = Target(workspace or self.workspace, "there")
        target._sink, target._planner = self.sink, Guarded(self.sink.planner)
        target.policies = self.policies
        return target

    def apply(self, **how: Any) -> Applied:
        """A run that writes what is missing."""
        retry = how.pop("retry", False)
        job = Apply(self.target(), self.heard.append, is_public=self.is_public, retry=retry)
        return job.run(**how)

    def verify(self) -> Verified:
        """Read everything back."""
        return Verify(self.target()).run()

    def pull(self, source: MemorySource, *, accept: bool = False, **how: Any) -> Pulled:
        """A run that reads."""
        job = Pull(source, self.workspace.archive, "rocket", connections=2, accept=accept)
        return job.run(**how)

    def card(self, number: int) -> Record:
        """The one card of a bug; fails if there are none or more."""
        (card,) = self.cards(number)
        return card

    def cards(self, number: int) -> list[Record]:
        """All cards that say that they are this bug."""
        marker = f"https://source.example/bug/{number}"
        return [one for one in self.server.all("card") if one.marker == marker]

    def notes(self, number: int) -> list[str]:
        """The last lines of a bug's notes, in order of their numbers."""
        front = f"https://source.example/comment/{number}/"
        found = [one for one in self.server.all("note") if one.marker.startswith(front)]
        return [str(one.fields["text"]).splitlines()[-1] for one in found]

    def state(self, number: int) -> str:
        """Where a bug stands."""
        verdict = self.ledger.verdict(bug_key(number))
        return verdict.state if verdict else "unknown"


def action(number: int, op: str = "create", **fields: Any) -> ClosedAction:
    """A closed action of a bug's card; the open values are told by their names."""
    given = fields or {"title": f"Bug {number}"}
    return ClosedAction(
        op="update" if op == "update" else "create",
        key=bug_key(number),
        kind="card",
        fields=given,
        at=RemoteRef(id=str(number)) if op == "update" else None,
        digest=f"whole {sorted(given.items())}",
        opens={name: f"open {value}" for name, value in given.items()},
    )


def step(*actions: ClosedAction) -> ClosedStep:
    """A step with these actions."""
    first = actions[0]
    return ClosedStep(kind=f"{first.kind}.{first.op}", issue=first.key, actions=actions)


def receipt(*numbers: int) -> Receipt:
    """Where these bugs' cards are."""
    return Receipt(refs={bug_key(n): RemoteRef(id=str(n), number=str(n)) for n in numbers})
