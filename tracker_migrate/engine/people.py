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


def rows_of(target: Target) -> list[dict[str, str]]:
    """All rows about a target, or about every target, whatever their state."""
    path = target.workspace.mappings / "people.csv"
    found = rows(path, table.COLUMNS, ("person", "state"), Mistakes())
    return [row for _, row in found if row["target"] in ("", target.name)]
