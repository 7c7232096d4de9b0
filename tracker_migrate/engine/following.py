"""Projects that are called otherwise by now: what the settings name leads nowhere, and is followed.

The project keeps its first key, and so does all that is named by it: what stands at the targets is
changed, not made again. Only the settings go on to name what is not there: that is told until
somebody has changed the line.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from tracker_migrate.abilities import FollowsProjects
from tracker_migrate.engine.survey import pages
from tracker_migrate.interfaces import Source
from tracker_migrate.model import Key, key, name_of
from tracker_migrate.workspace.archive import Archive
from tracker_migrate.workspace.names import Names

_ISSUES = 5
_PAGE = 100


def spec_now(spec: str, names: Names) -> str:
    """What a spec of the settings (`launchpad:nova/kilo`) names, as it is called now."""
    return _spec(spec, names, now=True)


def spec_first(spec: str, names: Names) -> str:
    """The same as it was called at first: it stays, whatever the settings call it."""
    return _spec(spec, names, now=False)


def _spec(spec: str, names: Names, *, now: bool) -> str:
    tracker, _, path = spec.partition(":")
    top, slash, rest = path.partition("/")
    of = names.first(key(tracker, "project", top))
    return f"{tracker}:{name_of(names.now(of) if now else of)}{slash}{rest}"


def read_as(specs: Sequence[str], archive: Archive) -> str:
    """The name under which the archive keeps up to when these were read."""
    names = archive.names()
    return " ".join(sorted(spec_first(spec, names) for spec in specs))


def outdated(specs: Sequence[str], names: Names) -> Iterator[str]:
    """A line for each spec that names what is called otherwise by now."""
    for spec in specs:
        now = spec_now(spec, names)
        if now != spec:
            yield f"{spec} is called {now} by now: write that into migration.toml, source.specs"


def follow(source: Source, specs: Sequence[str], archive: Archive) -> bool:
    """Look for what specs name that is not there any more; whether something was found under
    another name. specs: as they are called now, without the tracker. Raises Unreachable,
    LoginNeeded."""
    if not isinstance(source, FollowsProjects):
        return False
    found = False
    names = archive.names()
    for of in dict.fromkeys(source.project_of(spec) for spec in specs):
        first = names.first(of)
        was = archive.project(first)
        if was is None or source.is_there(of):
            continue
        now = source.called_now(was, _some_of(first, archive))
        if now is not None:
            names.put(now, first)
            found = True
    return found


def _some_of(project: Key, archive: Archive) -> list[Key]:
    """A few issues of a project, those that everybody may read."""
    found: list[Key] = []
    for page in pages(archive.issue_keys(), _PAGE):
        for issue in archive.some(page).values():
            if not issue.private and any(task.project == project for task in issue.tasks):
                found.append(issue.key)
                if len(found) == _ISSUES:
                    return found
    return found
