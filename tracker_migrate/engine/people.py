"""The people whom issues name: how much hangs on each, and who has an account.

Only public issues count: who has to do with a private one is told to nobody.
"""

from __future__ import annotations

from collections import Counter
from typing import Self

import msgspec

from tracker_migrate.engine.target import Target
from tracker_migrate.mappings import people as table
from tracker_migrate.mappings.table import Mistakes, rows
from tracker_migrate.model import Issue, Key, Person, name_of
from tracker_migrate.workspace.archive import Archive


class Weight(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody. issues: on how many somebody is named; comments: how many are theirs."""

    name: str
    issues: int
    comments: int


class Checked(msgspec.Struct, kw_only=True):
    """A target's tables against the archive. named: people; mentions: how often, once an issue.
    mapped, bots, suggested: how many people, and (`covered`) mentions of those that are mapped or
    bots. unmapped: the others, those who are named most first. dead: rows about nobody and nothing
    that occurs, as `people.csv: jdoe`. shared: accounts with several people."""

    target: str
    named: int = 0
    mentions: int = 0
    mapped: int = 0
    bots: int = 0
    suggested: int = 0
    covered: int = 0
    unmapped: list[Weight] = msgspec.field(default_factory=list)
    dead: list[str] = msgspec.field(default_factory=list)
    shared: dict[str, list[str]] = msgspec.field(default_factory=dict)


class Mentions:
    """Everybody whom a public issue names, but for private teams. Memory: a few counts a person."""

    def __init__(self, archive: Archive) -> None:
        self._archive = archive
        self._on: Counter[Key] = Counter()
        self._said: Counter[Key] = Counter()

    @classmethod
    def of(cls, archive: Archive) -> Self:
        """Of all issues of an archive."""
        made = cls(archive)
        for issue in archive.issues():
            made.add(issue)
        return made

    def add(self, issue: Issue) -> None:
        """Count those whom an issue names, if it is public."""
        if issue.private:
            return
        said = [one.author for one in issue.comments if one.author and not one.withheld]
        self._said.update(said)
        named = {issue.author, *said, *(task.assignee for task in issue.tasks)}
        self._on.update(one for one in named if one is not None)

    def weights(self) -> list[Weight]:
        """Everybody, who is named most first."""
        found = sorted(self._on.items(), key=lambda pair: (-pair[1], pair[0]))
        return [
            Weight(name=name_of(key), issues=issues, comments=self._said[key])
            for key, issues in found
            if not self._is_private(key)
        ]

    def people(self) -> list[Person]:
        """Those of whom more than the name is known."""
        found = (self._archive.person(key) for key in self._on)
        return [one for one in found if one is not None and not one.private]

    def _is_private(self, key: Key) -> bool:
        known = self._archive.person(key)
        return known is not None and known.private


def check(target: Target) -> Checked:
    """Who is mapped at a target, by weight, and what in its tables is about nothing."""
    known, weights = target.decisions.tables.people, Mentions.of(target.archive).weights()
    found = Checked(target=target.name, named=len(weights))
    waiting = {row["person"] for row in rows_of(target) if row["state"] == "suggested"}
    for one in weights:
        found.mentions += one.issues
        if one.name in known.accounts or one.name in known.groups:
            found.mapped += 1
        elif one.name in known.bots:
            found.bots += 1
        else:
            found.suggested += one.name in waiting
            found.unmapped.append(one)
            continue
        found.covered += one.issues
    found.dead = _dead(target)
    found.shared = _shared(known)
    return found


def _dead(target: Target) -> list[str]:
    """Rows about people and tags that no issue of the archive has to do with."""
    tables, archive = target.decisions.tables, target.archive
    tags = archive.public_tags().keys() | archive.withheld_tags()
    people = {name_of(key) for key in archive.named()}
    return [
        *(f"people.csv: {row['person']}" for row in rows_of(target) if row["person"] not in people),
        *(f"tags.csv: {tag}" for tag in sorted(tables.tags) if tag not in tags),
    ]


def _shared(known: table.People) -> dict[str, list[str]]:
    by_account: dict[str, list[str]] = {}
    for person, account in sorted(known.accounts.items()):
        by_account.setdefault(account.id, []).append(person)
    return {account: names for account, names in by_account.items() if len(names) > 1}


def rows_of(target: Target) -> list[dict[str, str]]:
    """All rows about a target, or about every target, whatever their state."""
    path = target.workspace.mappings / "people.csv"
    found = rows(path, table.COLUMNS, ("person", "state"), Mistakes())
    return [row for _, row in found if row["target"] in ("", target.name)]
