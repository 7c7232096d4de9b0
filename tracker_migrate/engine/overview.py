"""What a page about a plan shows: each figure with the issues behind it.

It hears what becomes of each issue and adds that up. Memory grows with the number of different
fields, reasons, years and people, not with that of the issues.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Container

import msgspec

from tracker_migrate.engine.people import Mentions
from tracker_migrate.engine.plan import Outcome, Planned
from tracker_migrate.engine.some import Some
from tracker_migrate.engine.target import Target
from tracker_migrate.model import Issue
from tracker_migrate.workspace.foreseen import Fate

#: so many people are named, those on the most issues
_PEOPLE = 40
#: stands for the state of what not everybody may read
WITHHELD = "not public"


class State(msgspec.Struct, frozen=True):
    """A state that issues are in, by the source's word. complete: whether nothing is left to do."""

    name: str
    complete: bool


class Somebody(msgspec.Struct, frozen=True, kw_only=True):
    """A person who is named. issues: on how many. state: `account`, `bot`, or "" for neither."""

    name: str
    issues: int
    comments: int
    state: str


class Overview(msgspec.Struct, kw_only=True):
    """A plan for one target. ops: issues by what becomes of them. reasons: by op and reason. years:
    year of filing → state → issues. fields: issues by field and outcome; fates: by reason, too.
    people: those without an
    account, who is named most first. coverage: the part of all mentions that is of the first, of
    the first two … people, if those with an account and bots come first. persons: how many people
    are named; mentions: how often, once an issue; mapped, bots: how many have an account, or are
    programs."""

    target: str
    sink: str
    issues: int = 0
    comments: int = 0
    kinds: Counter[str] = msgspec.field(default_factory=Counter)
    planned: Planned = msgspec.field(default_factory=Planned)
    ops: dict[str, Some] = msgspec.field(default_factory=dict)
    reasons: dict[tuple[str, str], Some] = msgspec.field(default_factory=dict)
    years: dict[str, dict[State, Some]] = msgspec.field(default_factory=dict)
    fields: dict[tuple[str, str], Some] = msgspec.field(default_factory=dict)
    fates: dict[Fate, Some] = msgspec.field(default_factory=dict)
    people: list[Somebody] = msgspec.field(default_factory=list)
    coverage: list[float] = msgspec.field(default_factory=list)
    persons: int = 0
    mentions: int = 0
    mapped: int = 0
    bots: int = 0


class Overlook:
    """Makes an `Overview`: call it with the outcome of each issue, then `result`. Needs outcomes
    that hold their issues."""

    def __init__(self, target: Target) -> None:
        self._target = target
        self._found = Overview(target=target.name, sink=target.spec)
        self._mentions = Mentions(target.archive)

    def __call__(self, one: Outcome) -> None:
        """Hear what becomes of an issue."""
        issue, found = one.issue, self._found
        if issue is None:
            return
        found.issues += 1
        found.comments += len(issue.comments)
        found.kinds[issue.kind] += 1
        found.ops.setdefault(one.op, Some()).add(issue)
        year = str(issue.created.year) if issue.created else "?"
        found.years.setdefault(year, {}).setdefault(state_of(issue), Some()).add(issue)
        self._reasons(one, issue)
        named = self._target.workspace.fates.named(number for number, _ in one.fates)
        fields: Counter[tuple[str, str]] = Counter()
        for number, count in one.fates:
            fate = named[number]
            found.fates.setdefault(fate, Some()).add(issue, count)
            fields[f"{fate.entity}.{fate.field}", fate.outcome] += count
        for at, count in fields.items():
            found.fields.setdefault(at, Some()).add(issue, count)
        self._mentions.add(issue)

    def _reasons(self, one: Outcome, issue: Issue) -> None:
        told = Counter(
            (item.op, item.reason)
            for item in one.items
            if item.op in ("refuse", "stuck", "gone", "unwanted")
        )
        for at, count in told.items():
            self._found.reasons.setdefault(at, Some()).add(issue, count)

    def result(self, planned: Planned) -> Overview:
        """All of it. planned: the plan added up."""
        found = self._found
        found.planned = planned
        found.years = dict(sorted(found.years.items()))
        self._count_people()
        return found

    def _count_people(self) -> None:
        """Who has an account first, then who is named most."""
        found, known = self._found, self._target.decisions.tables.people
        accounts = {*known.accounts, *known.groups}
        everybody = [
            Somebody(
                name=one.name,
                issues=one.issues,
                comments=one.comments,
                state=_state(one.name, accounts, known.bots),
            )
            for one in self._mentions.weights()
        ]
        everybody.sort(key=lambda one: not one.state)
        found.persons, found.mentions = len(everybody), sum(one.issues for one in everybody)
        found.mapped = sum(one.state == "account" for one in everybody)
        found.bots = sum(one.state == "bot" for one in everybody)
        found.people = [one for one in everybody if not one.state][:_PEOPLE]
        so_far = 0
        for one in everybody:
            so_far += one.issues
            found.coverage.append(so_far / found.mentions)


def _state(name: str, accounts: Container[str], bots: Container[str]) -> str:
    if name in accounts:
        return "account"
    return "bot" if name in bots else ""


def state_of(issue: Issue) -> State:
    """The state that an issue as a whole is in: that of the first of its tasks where something is
    left to do, else of its first."""
    if issue.private:
        return State(WITHHELD, False)
    left = [one for one in issue.tasks if not one.complete]
    task = next(iter(left or issue.tasks), None)
    return State(task.status, task.complete) if task is not None else State("no task", True)
