"""Where tasks are and how they stand, as the source says and as they were read back: `verify`
counts them at both ends."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from typing import Any

from tracker_migrate.backends.storyboard import fields, shape, work_items
from tracker_migrate.backends.storyboard.account import Site
from tracker_migrate.backends.storyboard.planner import MASTER
from tracker_migrate.errors import Gone
from tracker_migrate.interfaces import Decisions, Observed, Standing
from tracker_migrate.model import Issue, Key, Task, name_of
from tracker_migrate.text.cells import IN_TEXT, column

GONE = "(not there any more)"


def due(issue: Issue, decisions: Decisions) -> Iterator[tuple[Key, Standing]]:
    """See `interfaces.CountsTasks`: a task for each of the source's that is moved, and for each
    work item."""
    for task, place in work_items.written(issue, decisions):
        branch = MASTER if place.branch is None else fields.branch_name(place.branch)
        yield (
            task.key,
            Standing(
                project=fields.project_name(place.name),
                series=branch,
                milestone=shape.milestone(issue, task, decisions) or _told(task, decisions),
                status=shape.status(issue, task, decisions),
            ),
        )


def _told(task: Task, decisions: Decisions) -> str:
    """The milestone of a task that can have none: its story's text names it."""
    if task.milestone is None:
        return ""
    known = decisions.milestone(task.milestone)
    return f"{known.name if known else name_of(task.milestone).rpartition('/')[2]}{IN_TEXT}"


class Standings:
    """Reads how tasks stand: their places have numbers there, whose names are asked for once."""

    def __init__(self, site: Site) -> None:
        self._api = site.api
        self._guard = threading.Lock()
        self._names: dict[tuple[str, Any], str] = {}

    def read(
        self, due: Mapping[Key, Standing], seen: Mapping[Key, Observed]
    ) -> Iterator[tuple[Key, Standing]]:
        """See `interfaces.CountsTasks.standings`."""
        said = _said(seen) if any(IN_TEXT in one.milestone for one in due.values()) else set()
        for key, wanted in due.items():
            if key in seen:
                yield key, self._standing(seen[key].fields, wanted, said)

    def _standing(self, held: Mapping[str, Any], wanted: Standing, said: set[str]) -> Standing:
        """StoryBoard takes names that differ in case for one."""
        project, branch, milestone = (
            self._name(many, held.get(f"{name}_id")) for name, many in _LISTS.items()
        )
        if not milestone and wanted.milestone.removesuffix(IN_TEXT) in said:
            milestone = wanted.milestone if wanted.milestone.endswith(IN_TEXT) else ""
        return Standing(
            project=_same(project, wanted.project),
            series=_same(branch, wanted.series),
            milestone=_same(milestone, wanted.milestone),
            status=str(held.get("status") or ""),
        )

    def _name(self, many: str, number: Any) -> str:
        if number is None:
            return ""
        with self._guard:
            if (many, number) not in self._names:
                self._names[many, number] = self._asked(many, number)
            return self._names[many, number]

    def _asked(self, many: str, number: Any) -> str:
        try:
            return str(self._api.get(f"/{many}/{int(number)}")["name"] or "")
        except Gone:
            return GONE


_TEXTS = {"description", "content"}
_LISTS = {"project": "projects", "branch": "branches", "milestone": "milestones"}


def _said(seen: Mapping[Key, Observed]) -> set[str]:
    """The milestones that texts name."""
    texts = [str(one.fields[name]) for one in seen.values() for name in _TEXTS & one.fields.keys()]
    return column(texts, "Affects", "Milestone") | column(texts, "Work item", "Milestone")


def _same(name: str, wanted: str) -> str:
    return wanted if name.lower() == wanted.lower() else name
