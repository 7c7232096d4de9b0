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
from tracker_migrate.model import Issue, Key

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
                milestone=shape.milestone(issue, task, decisions) or "",
                status=shape.status(issue, task, decisions),
            ),
        )


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
        for key, one in seen.items():
            places = {
                name: self._name(many, one.fields.get(f"{name}_id"))
                for name, many in _LISTS.items()
            }
            project, branch = places["project"], places["branch"]
            wanted = due[key]
            yield (
                key,
                Standing(
                    # StoryBoard takes names that differ in case for one
                    project=_same(project, wanted.project),
                    series=_same(branch, wanted.series),
                    milestone=_same(places["milestone"], wanted.milestone),
                    status=str(one.fields.get("status") or ""),
                ),
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


_LISTS = {"project": "projects", "branch": "branches", "milestone": "milestones"}


def _same(name: str, wanted: str) -> str:
    return wanted if name.lower() == wanted.lower() else name
