"""Where tasks are and how they stand, as the source says and as they were read back: `verify`
counts them at both ends."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence

from tracker_migrate.backends.maniphest import fields, projects, work_items
from tracker_migrate.backends.maniphest.lookups import Finder
from tracker_migrate.backends.maniphest.wire import ProjectRow
from tracker_migrate.interfaces import Decisions, Observed, Standing
from tracker_migrate.model import Issue, Key, Task, name_of
from tracker_migrate.text.cells import IN_TEXT, column, labelled

#: between the names of several, where several tasks of the source are one
_AND = " + "


def due(issue: Issue, decisions: Decisions, single: bool) -> Iterator[tuple[Key, Standing]]:
    """See `interfaces.CountsTasks`: a subtask for each task of the source, or the issue's own task
    for all (`single`, or it is the only one); a subtask for each work item."""
    moving = projects.moving(issue, decisions)
    apart = list(work_items.subtasks(issue, decisions))
    if moving and (single or len(moving) == 1):
        opened = fields.opened(decisions)
        words = [fields.status(issue, task, decisions) for task in moving]
        yield issue.key, _due(moving, fields.joint_status(words, opened), decisions)
    else:
        apart = [*moving, *apart]
    for task in apart:
        yield task.key, _due((task,), fields.status(issue, task, decisions), decisions)


def _due(tasks: Sequence[Task], status: str, decisions: Decisions) -> Standing:
    chosen = projects.exact(tasks, (), decisions)
    carried = [one for one in chosen.wanted if one.key in chosen.keys]
    return Standing(
        project=_joined(one.fields["name"] for one in chosen.wanted if _is_root(one.fields)),
        series=_joined(
            one.fields["name"]
            for one in carried
            if one.kind == "project" and not _is_root(one.fields)
        ),
        milestone=_joined(_aims(tasks, chosen, decisions)),
        status=status,
    )


def _aims(tasks: Sequence[Task], chosen: projects.Chosen, decisions: Decisions) -> Iterator[str]:
    """The milestones that are projects there, and those that only the text names."""
    for task in tasks:
        if task.milestone is None:
            continue
        known = decisions.milestone(task.milestone)
        name = known.name if known else name_of(task.milestone).rpartition("/")[2]
        yield name if task.milestone in chosen.milestones else f"{name}{IN_TEXT}"


def _is_root(made: Mapping[str, object]) -> bool:
    return "parent" not in made


def _joined(names: Iterable[str]) -> str:
    return _AND.join(sorted(set(names)))


class Standings:
    """Reads how tasks stand: what they are in has a PHID there, whose name is asked for once."""

    def __init__(self, finder: Finder) -> None:
        self._finder = finder
        self._guard = threading.Lock()
        self._known: dict[str, ProjectRow | None] = {}

    def read(
        self, due: Mapping[Key, Standing], seen: Mapping[Key, Observed]
    ) -> Iterator[tuple[Key, Standing]]:
        """See `interfaces.CountsTasks.standings`."""
        there = {key: seen[key].fields for key in due if key in seen}
        held = {key: [str(phid) for phid in one["projects"]] for key, one in there.items()}
        self._learn(phid for phids in held.values() for phid in phids)
        said = _said(seen) if any(IN_TEXT in one.milestone for one in due.values()) else set()
        for key, one in there.items():
            rows = [row for phid in held[key] if (row := self._known[phid]) is not None]
            yield key, _standing(rows, due[key], str(one["status"]), said)

    def _learn(self, phids: Iterable[str]) -> None:
        with self._guard:
            new = {phid for phid in phids if phid not in self._known}
            if new:
                found = {row.phid: row for row in self._finder.projects_by_phid(new)}
                self._known |= {phid: found.get(phid) for phid in new}


def _said(seen: Mapping[Key, Observed]) -> set[str]:
    """The milestones that texts name."""
    texts = [str(one.fields[name]) for one in seen.values() for name in _TEXTS & one.fields.keys()]
    return column(texts, "Affects", "Milestone") | labelled(texts, "Milestone")


_TEXTS = {"description", "text"}


def _standing(rows: Sequence[ProjectRow], due: Standing, status: str, said: set[str]) -> Standing:
    """How a task stands that is in these projects; those that somebody, or a tag, has added are
    left out. The server knows a project by the hashtag of its name: so do we."""
    wanted = {projects.slug(name): name for name in due.project.split(_AND)}
    ours = [row for row in rows if projects.slug(row.parent or row.name) in wanted]
    told = (name for name in due.milestone.split(_AND) if name.endswith(IN_TEXT))
    aims = [row.name for row in ours if row.is_milestone]
    return Standing(
        project=_joined(wanted[projects.slug(row.parent or row.name)] for row in ours),
        series=_names((row for row in ours if row.parent and not row.is_milestone), due.series),
        milestone=_joined([*aims, *(one for one in told if one.removesuffix(IN_TEXT) in said)]),
        status=status,
    )


def _names(rows: Iterable[ProjectRow], wanted: str) -> str:
    known = {projects.slug(name): name for name in wanted.split(_AND)}
    return _joined(known.get(projects.slug(row.name), row.name) for row in rows)
