"""Every name that occurs in an archive, and how often: what the tables are about.

Only public issues are counted: what private ones hold is told to nobody. That a name occurs on one
of them keeps a row about it from being called dead, and no more.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Self

from tracker_migrate.engine.people import Mentions
from tracker_migrate.model import Issue, name_of
from tracker_migrate.workspace.archive import Archive


class Occurring:
    """Counts while it goes over issues. people: who is named. tags: on how many issues. places:
    paths of projects, series and packages, by tasks. words: (table of states.toml, word), by tasks
    or work items. types: information types of what is not public, by issues. anywhere, everywhere:
    paths, and words, that occur on any issue, private ones too."""

    def __init__(self, archive: Archive) -> None:
        self.people = Mentions(archive)
        self.tags: Counter[str] = Counter()
        self.places: Counter[str] = Counter()
        self.words: Counter[tuple[str, str]] = Counter()
        self.types: Counter[str] = Counter()
        self.anywhere: set[str] = set()
        self.everywhere: set[tuple[str, str]] = set()

    @classmethod
    def in_(cls, archive: Archive) -> Self:
        """In all issues of an archive."""
        made = cls(archive)
        for issue in archive.issues():
            made.add(issue)
        return made

    def add(self, issue: Issue) -> None:
        """Count what an issue names."""
        for task in issue.tasks:
            self.anywhere |= {name_of(task.target), name_of(task.project)}
        words = Counter(_words(issue))
        self.everywhere |= words.keys()
        if issue.private:
            self.types[issue.information_type] += 1
            return
        self.words += words
        self.people.add(issue)
        self.tags.update(set(issue.tags))
        self.places.update(name_of(task.target) for task in issue.tasks)


def _words(issue: Issue) -> Iterator[tuple[str, str]]:
    blueprint = issue.kind == "blueprint"
    for task in issue.tasks:
        yield "blueprint" if blueprint else "status", task.status
        yield "importance", task.importance
    for item in issue.work_items:
        yield "work_item", item.status
    defined = issue.extra.get("definition_status") if blueprint else None
    if isinstance(defined, str):
        yield "definition", defined
