"""One issue, before anything is written: what was decided about it, what is lost of it, which
requests would carry it, and the very texts that would stand at the target.

No server is asked and nothing is noted anywhere: it may be done in the middle of a migration.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import closing
from typing import Any, cast

import msgspec

from tracker_migrate import registry
from tracker_migrate.engine.close import Closer, Link
from tracker_migrate.engine.diff import diff
from tracker_migrate.engine.retired import with_retired
from tracker_migrate.engine.target import Target
from tracker_migrate.errors import ObjectError, UsageError
from tracker_migrate.interfaces import (
    Account,
    Audience,
    Decisions,
    Loss,
    Place,
    Pointer,
    Seal,
    Wanted,
)
from tracker_migrate.model import Issue, Key, name_of


class Decided(msgspec.Struct, frozen=True, kw_only=True):
    """What one of the source's words or names becomes. table: which decision it was (`status`,
    `person`, `project`, `tag`, `readers` …)."""

    table: str
    source: str
    becomes: str


class ShownObject(msgspec.Struct, frozen=True, kw_only=True):
    """An object of the target as it would be. state: `new`, `changed`, `there`, `gone`. at: its
    address or number, if it has one. fields: with their references put in."""

    key: Key
    kind: str
    state: str
    at: str
    fields: dict[str, Any]


class ShownStep(msgspec.Struct, frozen=True, kw_only=True):
    """A request that would be sent: its kind, and the objects that it carries."""

    kind: str
    keys: tuple[Key, ...]


class Shown(msgspec.Struct, kw_only=True):
    """An issue at one target. refused: why it would not be written, or an empty text. verdict: what
    the last run said of it."""

    target: str
    sink: str
    verdict: str = ""
    refused: str = ""
    decided: list[Decided] = msgspec.field(default_factory=list)
    losses: list[Loss] = msgspec.field(default_factory=list)
    objects: list[ShownObject] = msgspec.field(default_factory=list)
    steps: list[ShownStep] = msgspec.field(default_factory=list)


def show(target: Target, issue: Issue) -> Shown:
    """What an issue becomes at a target. Raises what its tables and settings raise."""
    asked = Asked(target.decisions)
    decisions = cast(Decisions, asked)
    found = Shown(target=target.name, sink=target.spec)
    verdict = target.ledger.verdict(issue.key)
    if verdict is not None:
        found.verdict = f"{verdict.state}: {verdict.reason}" if verdict.reason else verdict.state
    try:
        found.refused = target.planner.refusal(issue, decisions) or ""
        found.losses = list(target.planner.losses(issue, decisions))
        _objects(target, issue, decisions, found)
    except (ObjectError, UsageError) as error:
        found.refused = found.refused or str(error)
    found.decided = asked.decided()
    return found


def _objects(target: Target, issue: Issue, decisions: Decisions, found: Shown) -> None:
    held = target.ledger.of_issue(issue.key)
    planned = target.planner.wanted(issue, decisions)
    wanted = with_retired(target.planner, issue, planned, held, decisions)
    held |= target.ledger.held([one.key for one in wanted])
    difference = diff(wanted, held, target.planner.kinds, target.places)
    states = dict.fromkeys(difference.gone, "gone")
    states |= {one.wanted.key: _STATE[one.op] for one in difference.actions}
    with closing(registry.open_sink(target.spec, target.options, _ANY_TOKEN)) as sink:
        preview = Preview(target, sink.link)
        found.objects = [preview.object(one, states.get(one.key, "there")) for one in wanted]
    if not found.refused:
        found.steps = [
            ShownStep(kind=step.kind, keys=tuple(one.wanted.key for one in step.actions))
            for step in target.planner.compose(difference.actions)
        ]


#: a sink does not open without a token; nothing is ever sent with this one
_ANY_TOKEN = "none"
_STATE = {"create": "new", "update": "changed"}


class Preview(Closer):
    """Closes references as they would be closed now: what is there gets its address; what is not
    there yet is named by its key where a request would name it by its id."""

    def __init__(self, target: Target, link: Link) -> None:
        super().__init__(
            target.places, link, lambda _issue: False, lambda permalink: Seal(of=permalink).text
        )
        self._places = target.places

    def object(self, wanted: Wanted, state: str) -> ShownObject:
        """An object with its fields as people would read them."""
        at = self._places.where(wanted.key)
        return ShownObject(
            key=wanted.key,
            kind=wanted.kind,
            state=state,
            at=(at.url or at.number or at.id) if at is not None else "",
            fields={name: self._value(value)[0] for name, value in wanted.fields.items()},
        )

    def _pointer(self, pointer: Pointer) -> str | None:
        at = self._places.where(pointer.to)
        return at.id if at is not None else f"<{pointer.to}>"


class Asked:
    """Decisions that remember what they were asked, in that order. The rest is theirs."""

    def __init__(self, decisions: Decisions) -> None:
        self._decisions = decisions
        self._asked: dict[tuple[str, str], str] = {}

    def decided(self) -> list[Decided]:
        """What was asked, and what was answered."""
        return [
            Decided(table=table, source=source, becomes=becomes)
            for (table, source), becomes in self._asked.items()
        ]

    def state(self, table: str, word: str) -> str:
        """See `interfaces.Decisions`; so for all below."""
        becomes = self._decisions.state(table, word)
        self._asked[table, word] = becomes
        return becomes

    def account(self, person: Key | None) -> Account | None:
        account = self._decisions.account(person)
        if person is not None:
            self._asked["person", name_of(person)] = account.name if account else _NO_ACCOUNT
        return account

    def place(self, target: Key) -> Place:
        place = self._decisions.place(target)
        branch = f", branch {place.branch}" if place.branch else ""
        self._asked["project", name_of(target)] = (
            f"{place.name}{branch}" if place.move else "stays; named in the text"
        )
        return place

    def tag(self, name: str) -> str | None:
        becomes = self._decisions.tag(name)
        self._asked["tag", name] = "named in the text" if becomes is None else becomes
        return becomes

    def audience(self, issue: Issue) -> Audience:
        audience = self._decisions.audience(issue)
        let_in = ", ".join([*audience.users, *audience.groups])
        said = f"{audience.name}{f' ({let_in})' if let_in else ''}"
        self._asked["readers", issue.information_type] = audience.refused or said
        return audience

    def __getattr__(self, name: str) -> Any:
        return getattr(self._decisions, name)


_NO_ACCOUNT = "no account: named in the text"


def by_outcome(losses: Sequence[Loss]) -> Mapping[str, dict[str, str]]:
    """Losses by outcome: `entity.field` → the reason, in the order of their names."""
    found: dict[str, dict[str, str]] = {"native": {}, "text": {}, "lost": {}}
    for one in sorted(losses, key=lambda loss: (loss.entity, loss.field)):
        found[one.outcome][f"{one.entity}.{one.field}"] = one.reason
    return found
