"""Where a target stands, issue by issue where somebody has to look: what is refused, set aside,
EXPOSED or stuck and why, whose edits were kept, what the last runs did, what is left. Asks no
server, and tells of what is private the number alone."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import closing, suppress
from datetime import datetime

import msgspec

from tracker_migrate.engine.due import Due, Left, due, left
from tracker_migrate.engine.jobs import naming
from tracker_migrate.engine.naming import Naming
from tracker_migrate.engine.some import NAMED, Named, Some
from tracker_migrate.engine.some import named as named_
from tracker_migrate.engine.target import Target
from tracker_migrate.errors import MigrateError
from tracker_migrate.model import Key
from tracker_migrate.workspace import Workspace
from tracker_migrate.workspace.archive import Archive
from tracker_migrate.workspace.worked import Run, Worked

#: so many edits of people are named
MANY = 500


class Group(msgspec.Struct, kw_only=True):
    """Issues that wait for the same reason. state: refused, aside, exposed, stuck, unread."""

    state: str
    reason: str
    some: Some


class Edit(msgspec.Struct, frozen=True, kw_only=True):
    """A field that somebody changed at the target. of: the object, as it may be told. policy: what
    is done about it. url: its address there, if everybody may go there."""

    of: str
    field: str
    policy: str = ""
    url: str = ""


class Overview(msgspec.Struct, kw_only=True):
    """One target. edits: the first `MANY` of `edited`. due: only if a deadline was named."""

    name: str
    sink: str
    states: dict[str, int]
    in_doubt: int
    left: Left
    groups: list[Group] = msgspec.field(default_factory=list)
    edits: list[Edit] = msgspec.field(default_factory=list)
    edited: int = 0
    runs: list[Run] = msgspec.field(default_factory=list)
    due: Due | None = None


def overviews(
    workspace: Workspace, names: Sequence[str], deadline: datetime | None
) -> list[Overview]:
    """Where these targets stand. With a deadline each is asked whether it answers."""
    found, told = [], naming(workspace)
    for name in names:
        with closing(Target(workspace, name)) as target:
            if deadline:
                with suppress(MigrateError):  # whatever is wrong with it stands in the answer
                    target.learn()
            rest = left(target)
            answer = due(target, deadline, rest) if deadline else None
            if answer is not None:
                answer.stops = [told.text(line) for line in answer.stops]
            found.append(overview(target, rest, answer))
    return found


def overview(target: Target, rest: Left, answer: Due | None = None) -> Overview:
    """Where one target stands. rest: what is left to write there. answer: to its deadline."""
    ledger, names = target.ledger, naming(target.workspace)
    verdicts = ledger.in_state("aside", "exposed")
    told = [(one.state, one.reason, one.issue) for one in verdicts]
    told += [("refused", item.reason, item.issue) for item in rest.refused]
    told += [("stuck", item.reason, item.issue) for item in rest.stuck]
    exposed = {one.issue for one in verdicts if one.state == "exposed"}
    conflicts = ledger.conflicts()
    return Overview(
        name=target.name,
        sink=target.spec,
        states=ledger.states(),
        in_doubt=len(ledger.open_intents()),
        left=rest,
        groups=groups(
            target.archive,
            names,
            [one for one in told if one[0] != "refused" or one[2] not in exposed],
        ),
        edits=_edits(target, names, conflicts[:MANY]),
        edited=len(conflicts),
        runs=Worked(target.workspace.engine, target.name).runs(),
        due=answer,
    )


def unread(archive: Archive, names: Naming) -> list[Group]:
    """What could not be read at the source."""
    return groups(archive, names, [("unread", one.reason, one.key) for one in archive.unread()])


def groups(archive: Archive, names: Naming, told: Iterable[tuple[str, str, Key]]) -> list[Group]:
    """Issues by state and reason; the largest group is first. An issue that is told of twice for
    one reason is one."""
    by: dict[tuple[str, str], dict[Key, None]] = {}
    for state, reason, issue in told:
        by.setdefault((state, names.text(reason)), {})[issue] = None
    found = [
        Group(state=state, reason=reason, some=_some(archive, names, list(keys)))
        for (state, reason), keys in by.items()
    ]
    return sorted(found, key=lambda one: (-one.some.issues, one.state, one.reason))


def _some(archive: Archive, names: Naming, keys: Sequence[Key]) -> Some:
    first = list(keys[:NAMED])
    known = archive.some(first)
    labels = [
        named_(known[key]) if key in known else Named(names.key(key).split(":", 1)[-1])
        for key in first
    ]
    return Some(issues=len(keys), places=len(keys), named=labels)


def _edits(target: Target, names: Naming, conflicts: Sequence[tuple[Key, str, str]]) -> list[Edit]:
    held = target.ledger.held([key for key, _, _ in conflicts])
    public = target.archive.public(list({one.issue for one in held.values()}))
    found = []
    for key, field, policy in conflicts:
        one = held.get(key)
        open_ = one is not None and one.audience == "public" and one.issue in public
        of = names.key(key) if open_ else names.key(key).partition("@")[0]
        url = one.at.url if one is not None and open_ else ""
        found.append(Edit(of=of, field=field, policy=policy, url=url))
    return found
