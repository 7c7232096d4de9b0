"""Which of Maniphest's projects, subprojects and milestones a task gets.

Of a project and its own milestone or subproject on one task only the last survives, and of two
milestones of one project too; a subproject and a milestone of the same project stay together
(facts/maniphest.md 1, 13, 14; recordings two-projects-on-one-task). So the most exact one is given
alone, and what does not fit beside it stays in the text.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

import msgspec

from tracker_migrate.interfaces import Decisions, Pointer, Wanted
from tracker_migrate.model import Issue, Key, Task, is_away, key

#: a tag becomes a project if it stands on at least so many public issues (facts: tables.md)
COMMON = 10
MAX_NAME = 128
_BANNED = re.compile(r"[\x00-\x19#%&+=? \\<>{}\[\]'\"`~!@$^*,:;(|)/]+")


class Chosen(msgspec.Struct, frozen=True, kw_only=True):
    """The outcome for one task of Maniphest.

    wanted: the shared objects, parents first. keys: those that the task carries. milestones: keys
    of the source's milestones, and branches: of the source's targets, that are carried natively.
    tags: the source's tags that are.
    """

    wanted: tuple[Wanted, ...] = ()
    keys: tuple[Key, ...] = ()
    milestones: frozenset[Key] = frozenset()
    branches: frozenset[Key] = frozenset()
    tags: frozenset[str] = frozenset()

    @property
    def pointers(self) -> tuple[Pointer, ...]:
        """What the task's field `projects` holds."""
        return tuple(Pointer(to=one) for one in self.keys)


def slug(name: str) -> str:
    """The hashtag that Phorge derives from a project's name: two names of one hashtag are one
    project ("c++", "c#" and "C" collide). `_` if nothing is left."""
    bare = re.sub("_+", "_", _BANNED.sub("_", name.lower()))
    if bare != "_":
        bare = bare.strip("_")
    return {".": "dot", "..": "dotdot", "": "_"}.get(bare, bare)


def possible(name: str) -> bool:
    """Whether Phorge takes this name for a project."""
    return 0 < len(name) <= MAX_NAME and slug(name) != "_" and name == " ".join(name.split())


def project(name: str) -> Wanted:
    """A project of this name. Public by what it is: its audience is left to the server."""
    named = key("maniphest", "project", slug(name))
    return Wanted(key=named, kind="project", issue=named, fields={"name": name})


def subproject(parent: Wanted, branch: str) -> Wanted:
    """A subproject, for a series or package; named after both, since hashtags are global."""
    name = f"{parent.fields['name']} {branch}"
    named = key("maniphest", "project", slug(name))
    fields = {"name": name, "parent": Pointer(to=parent.key)}
    return Wanted(key=named, kind="project", issue=named, fields=fields)


def milestone(parent: Wanted, name: str) -> Wanted:
    """A milestone of a project; it has no hashtag, so its key names the parent."""
    named = milestone_key(parent.fields["name"], name)
    fields = {"name": name, "parent": Pointer(to=parent.key)}
    return Wanted(key=named, kind="milestone", issue=named, fields=fields)


def milestone_key(parent: str, name: str) -> Key:
    """The key of a milestone, by its project's name and its own."""
    return key("maniphest", "milestone", f"{slug(parent)}@{name}")


def plain(tasks: Sequence[Task], tags: Iterable[str], decisions: Decisions) -> Chosen:
    """The projects alone, and the tags: for a parent whose subtasks carry the rest."""
    return _join([_project(name) for name in _by_project(tasks, decisions)], tags, decisions)


def exact(tasks: Sequence[Task], tags: Iterable[str], decisions: Decisions) -> Chosen:
    """Milestones and subprojects where they fit, else the projects; and the tags."""
    groups = _by_project(tasks, decisions).items()
    return _join([_exact(name, group, decisions) for name, group in groups], tags, decisions)


def _by_project(tasks: Sequence[Task], decisions: Decisions) -> dict[str, list[Task]]:
    groups: dict[str, list[Task]] = {}
    for task in tasks:
        name = decisions.place(task.target).name
        if possible(name):
            groups.setdefault(name, []).append(task)
    return groups


def _project(name: str) -> Chosen:
    one = project(name)
    return Chosen(wanted=(one,), keys=(one.key,))


def _exact(name: str, tasks: Sequence[Task], decisions: Decisions) -> Chosen:
    parent = project(name)
    aimed = _milestones(name, tasks, decisions)
    wanted = [parent]
    if len(aimed) == 1:
        wanted.append(milestone(parent, next(iter(aimed))))
    branches = set()
    for task in tasks:
        branch = decisions.place(task.target).branch
        if branch and possible(f"{name} {branch}"):
            branches.add(task.target)
            wanted.append(subproject(parent, branch))
    keys = tuple(dict.fromkeys(one.key for one in wanted[1:])) or (parent.key,)
    met = next(iter(aimed.values())) if len(aimed) == 1 else frozenset[Key]()
    return Chosen(
        wanted=tuple(wanted), keys=keys, milestones=frozenset(met), branches=frozenset(branches)
    )


def _milestones(
    name: str, tasks: Sequence[Task], decisions: Decisions
) -> dict[str, frozenset[Key]]:
    """Names of the milestones of this project where work goes on, or of all if the settings want
    those, with the source's keys of each."""
    aimed: dict[str, frozenset[Key]] = {}
    for task in tasks:
        known = decisions.milestone(task.milestone) if task.milestone else None
        if known is None or not possible(known.name):
            continue
        if not known.active and decisions.options.get("milestones") != "all":
            continue
        if decisions.place(known.project).name == name:
            aimed[known.name] = aimed.get(known.name, frozenset()) | {known.key}
    return aimed


def _join(parts: Sequence[Chosen], tags: Iterable[str], decisions: Decisions) -> Chosen:
    wanted = {one.key: one for part in parts for one in part.wanted}
    keys = dict.fromkeys(one for part in parts for one in part.keys)
    carried = set()
    for tag in tags:
        name = tag_project(tag, decisions)
        if name is None:
            continue
        one = project(name)
        if one.key in wanted and one.key not in keys:
            continue  # its milestone or subproject is there, and would be pushed out
        wanted.setdefault(one.key, one)
        keys[one.key] = None
        carried.add(tag)
    return Chosen(
        wanted=tuple(wanted.values()),
        keys=tuple(keys),
        milestones=frozenset(one for part in parts for one in part.milestones),
        branches=frozenset(one for part in parts for one in part.branches),
        tags=frozenset(carried),
    )


def tag_project(tag: str, decisions: Decisions) -> str | None:
    """The project that a tag becomes: if a table names it, or if it is common; else None.

    A project's name is public. A tag that no public issue carries becomes one only if a row of the
    tables gives it a name: whoever wrote that has decided it.
    """
    name = decisions.tag(tag)
    if name is None or not possible(name):
        return None
    uses = decisions.tag_uses(tag)
    listed = uses > 0 and tag in decisions.options.get("tag_projects", ())
    return name if name != tag or listed or uses >= COMMON else None


def moving(issue: Issue, decisions: Decisions) -> tuple[Task, ...]:
    """The tasks whose projects are moved; the others are only named in the text."""
    if is_away(issue):
        return ()
    return tuple(task for task in issue.tasks if decisions.place(task.target).move)
