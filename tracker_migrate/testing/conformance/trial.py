"""The whole engine on a backend: a workspace in a folder, read into, written from, verified."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tracker_migrate.engine.adopt import Adopt
from tracker_migrate.engine.applied import Applied
from tracker_migrate.engine.apply import Apply
from tracker_migrate.engine.intake import Pulled
from tracker_migrate.engine.left import Undone
from tracker_migrate.engine.pull import Pull
from tracker_migrate.engine.target import Target
from tracker_migrate.engine.undo import Undo
from tracker_migrate.engine.verify import Verified, Verify
from tracker_migrate.interfaces import Account, Audience, Entity, Reply, Sink, Source
from tracker_migrate.model import Issue, Key
from tracker_migrate.testing.conformance.decided import plain_blocks, shipped_states
from tracker_migrate.testing.conformance.target import SinkUnderTest
from tracker_migrate.testing.memory_source import MemorySource
from tracker_migrate.testing.samples import Names
from tracker_migrate.workspace import Workspace
from tracker_migrate.workspace.ledger import Verdict

_NAME = "there"


class NamedSource(MemorySource):
    """A memory source whose project and people are those of `names`."""

    def __init__(self, names: Names, *issues: Issue) -> None:
        super().__init__(*issues)
        self._names = names

    def surroundings(self) -> Iterator[Entity]:
        """The one project."""
        yield _entity(self._names.project_entity())

    def project(self, project: Key) -> Entity:
        """Any project is the one."""
        return _entity(self._names.project_entity())

    def person(self, person: Key) -> Entity:
        """Somebody, by name alone."""
        return _entity(self._names.person_entity(person))


def _entity(value: Any) -> Entity:
    return Entity(value=value, reply=Reply(url=value.home, status=200, body=b"{}"))


class Trial:
    """A workspace that reads `source` and writes through `sink`, as the command line does."""

    def __init__(self, folder: Path, source: Source, sink: Sink, **tables: Any) -> None:
        self.source = source
        self.sink = sink
        _settle(folder, source, sink, **tables)
        self.workspace = Workspace(folder)

    def close(self) -> None:
        """Close the workspace; source and sink are the caller's."""
        self.workspace.close()

    def target(self) -> Target:
        """The target, as a new run finds it."""
        target = Target(self.workspace, _NAME)
        target._sink, target._planner = self.sink, self.sink.planner
        if not _has_texts(self.source.tracker):
            target.decisions._blocks = lambda text, _home, _key: plain_blocks(text)
        return target

    def pull(self, **how: Any) -> Pulled:
        """Read what changed."""
        return Pull(self.source, self.workspace.archive, _NAME, connections=2).run(**how)

    def apply(self) -> Applied:
        """Write what is missing."""
        return Apply(self.target(), is_public=self.source.is_public).run()

    def verify(self) -> Verified:
        """Read everything back."""
        return Verify(self.target()).run()

    def adopt(self) -> Any:
        """Rebuild the ledger from what stands at the target."""
        return Adopt(self.target()).run()

    def undo(self) -> Undone:
        """Take back what was written."""
        return Undo(self.target()).run()

    def aside(self) -> list[Verdict]:
        """Issues that could not be written, with their reasons."""
        return list(self.workspace.ledger(_NAME).in_state("aside"))

    def retry(self) -> None:
        """Let what rests after a failure be tried at once: a suite can't wait for hours."""
        ledger = self.workspace.ledger(_NAME)
        ledger.set_verdicts(
            [Verdict(one.issue, "planned", "", "", 0) for one in ledger.in_state("aside")]
        ).result()


def _has_texts(tracker: str) -> bool:
    from tracker_migrate import registry

    return tracker in registry.names("texts")


@contextmanager
def trial_of(target: SinkUnderTest, folder: Path, *issues: Issue) -> Iterator[Trial]:
    """A sink under test, with a source in memory that has these issues."""
    sink = target.open()
    trial = Trial(
        folder,
        NamedSource(target.names, *issues),
        sink,
        names=target.names,
        policy=target.policy,
        account=target.account,
        options=target.options,
        states=target.states,
    )
    try:
        yield trial
    finally:
        trial.close()
        sink.close()


def _settle(
    folder: Path,
    source: Source,
    sink: Sink,
    *,
    names: Names,
    policy: Audience | None = None,
    account: Account | None = None,
    options: Any = None,
    states: Any = None,
) -> None:
    """Write the settings and tables of a workspace."""
    mappings = folder / "mappings"
    mappings.mkdir(parents=True, exist_ok=True)
    lines = ["[source]", f'specs = ["{source.tracker}:{names.project}"]', f"[targets.{_NAME}]"]
    lines += [f'sink = "{sink.tracker}:{_NAME}"']
    lines += [f"{name} = {_toml(value)}" for name, value in (options or {}).items()]
    (folder / "migration.toml").write_text("\n".join(lines) + "\n")
    if account is not None:
        row = f"{names.person},{_NAME},{account.id},{account.name},verified"
        (mappings / "people.csv").write_text(f"person,target,account,name,state\n{row}\n")
    if policy is not None:
        inside = sink.members(policy.groups) if policy.groups else {}
        also = sorted({*policy.users, *(one for m in inside.values() for one in m or ())})
        lines = ["[information_type]", '"Private" = "few"', f"[policies.few.{_NAME}]"]
        lines += [f"users = {json.dumps(list(policy.users))}"] if policy.users else []
        lines += [f"groups = {json.dumps(list(policy.groups))}"] if policy.groups else []
        lines += [f'space = "{policy.space}"'] if policy.space else []
        lines += [f"also = {json.dumps(also)}", 'without = "all"']
        (mappings / "privacy.toml").write_text("\n".join(lines) + "\n")
    if states is not None and states != shipped_states(sink.tracker):
        lines = []
        for table, words in states.items():
            lines += [f"[{sink.tracker}.{table}]"]
            lines += [f"{json.dumps(word)} = {json.dumps(to)}" for word, to in words.items()]
        (mappings / "states.toml").write_text("\n".join(lines) + "\n")


def _toml(value: Any) -> str:
    """An option's value; a table on one line."""
    if not isinstance(value, Mapping):
        return json.dumps(value)
    return "{" + ", ".join(f"{name} = {_toml(one)}" for name, one in value.items()) + "}"
