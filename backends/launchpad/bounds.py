"""Where this source reads: whether an issue is there, and what a project is called by now.

A bug has its number for good, and names its projects by what they are called at the time. Of a
project that was renamed nothing leads from the old name to the new one (facts 5, 12); but its bugs
are still its own, and nobody changes when a project was made.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence

from tracker_migrate.backends.launchpad import wire_places
from tracker_migrate.backends.launchpad.client import Client
from tracker_migrate.backends.launchpad.wire import TRACKER, below
from tracker_migrate.errors import Gone, ObjectError, Refused
from tracker_migrate.model import Issue, Key, Project, key, kind_of, name_of

#: issues that are asked where they are by now
_ASKED = 5
_MADE = "date_created"


class Bounds:
    """Of one Launchpad. Any number of threads may ask."""

    def __init__(self, client: Client, specs: Sequence[str]) -> None:
        self._client = client
        self._specs = tuple(specs)
        self._guard = threading.Lock()
        self._members: dict[str, frozenset[str]] = {}

    def forget(self) -> None:
        """Ask anew what is in a group."""
        with self._guard:
            self._members.clear()

    def holds(self, issue: Issue) -> bool:
        """See `abilities.KnowsBounds`. Only a group hides what it has in it: it is asked once."""
        paths = {name_of(of) for task in issue.tasks for of in (task.target, task.project)}
        if any(_is_below(path, spec) for path in paths for spec in self._specs):
            return True
        tops = {path.partition("/")[0] for path in paths}
        return any(not tops.isdisjoint(self._inside(spec)) for spec in self._specs)

    def _inside(self, spec: str) -> frozenset[str]:
        if "/" in spec:
            return frozenset()
        with self._guard:
            if spec not in self._members:
                self._members[spec] = frozenset(self._asked(spec))
            return self._members[spec]

    def _asked(self, spec: str) -> Iterator[str]:
        try:
            kind = wire_places.type_of(self._client.entry(spec).value)
        except (Gone, Refused):
            return  # whoever lists it tells
        if kind == "project_group":
            for got in self._client.collection(f"{spec}/projects"):
                yield from (below(row["self_link"]) for row in got.entries)

    def is_there(self, project: Key) -> bool:
        """See `abilities.FollowsProjects`."""
        try:
            self._client.entry(name_of(project))
        except (Gone, Refused):
            return False
        return True

    def called_now(self, was: Project, issues: Sequence[Key]) -> Key | None:
        """See `abilities.FollowsProjects`. One whose making is not known is not followed; nor is
        one of several that were made in the same instant, for a bug may have moved to another."""
        made = was.extra.get(_MADE)
        paths: set[str] = set()
        for issue in issues[:_ASKED] if made else ():
            paths |= self._where(issue)
        found = [one for one in sorted(paths - {was.name}) if self._made(one) == made]
        return key(TRACKER, "project", found[0]) if len(found) == 1 else None

    def _where(self, issue: Key) -> set[str]:
        """The projects and distributions that a bug is in now; none for what has no number."""
        if kind_of(issue) != "bug":
            return set()
        try:
            got = list(self._client.collection(f"bugs/{name_of(issue)}/bug_tasks"))
        except ObjectError:
            return set()
        links = (row["target_link"] for one in got for row in one.entries)
        return {below(link).partition("/")[0] for link in links}

    def _made(self, path: str) -> object:
        try:
            row = self._client.entry(path).value
        except ObjectError:
            return None
        return row.get(_MADE)


def _is_below(path: str, spec: str) -> bool:
    return path == spec or path.startswith(f"{spec}/")
