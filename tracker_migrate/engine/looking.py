"""A first look at the source and at the targets of a new workspace: some issues are read, the
targets are asked who and what they have, and the tables are filled with what was found. What can't
be looked at is told, with how to do it later; nothing is waited for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from typing import Any

import msgspec

from tracker_migrate import registry
from tracker_migrate.abilities import ListsPlaces
from tracker_migrate.engine import jobs
from tracker_migrate.engine.events import Listen, silent
from tracker_migrate.engine.filling import Filling
from tracker_migrate.engine.guessing import Guesses, write
from tracker_migrate.engine.target import Target
from tracker_migrate.errors import LoginNeeded, MigrateError, UsageError
from tracker_migrate.interfaces import ListsAccounts
from tracker_migrate.workspace import Workspace

#: seconds that a first look waits for an answer; nobody's patience is tried
_TIMEOUT = 20.0


class Unseen(msgspec.Struct, frozen=True, kw_only=True):
    """What could not be looked at. about: `source` or a target's name. later: the command."""

    about: str
    why: str
    later: str


class Looked(msgspec.Struct, kw_only=True):
    """What a first look saw. issues: how many were read. facts: by target, what it says of itself.
    suggested: by target, how many people got a suggestion. offered: lines, by table."""

    issues: int = 0
    facts: dict[str, dict[str, str]] = {}
    suggested: dict[str, int] = {}
    offered: dict[str, int] = {}
    unseen: list[Unseen] = []


def what_is_there(specs: Sequence[str], address: str | None) -> Mapping[str, str]:
    """What the source says of each spec, as everybody sees it. Raises UsageError, before anything
    is made, if there is no such project; what can't be reached says nothing."""
    options: dict[str, Any] = {"address": address} if address else {}
    tracker = specs[0].partition(":")[0]
    for hasty in ({"patience": 0, "timeout": _TIMEOUT}, {}):
        try:
            source = registry.open_source(specs, {**options, **hasty}, None)
        except UsageError:
            continue  # a source of somebody else's may have no such options
        with closing(source):
            try:
                facts = source.check()
            except UsageError:
                raise
            except MigrateError:
                return {}
            return {name: said for name, said in facts.items() if name.startswith(f"{tracker}:")}
    return {}


def look(workspace: Workspace, most: int, listen: Listen = silent) -> Looked:
    """Read so many of the newest issues, ask the targets, and fill the tables. Raises Locked."""
    seen = Looked()
    with _hasty(workspace):
        _source(workspace, most, listen, seen)
        places: dict[str, list[str]] = {}
        for name in workspace.settings.targets:
            _target(workspace, name, places, seen)
    seen.offered = Filling(workspace, places).run().offered
    return seen


def _source(workspace: Workspace, most: int, listen: Listen, seen: Looked) -> None:
    later = "tracker-migrate pull, then tracker-migrate map fill"
    try:
        with workspace.coordinating():
            jobs.pull(workspace, listen, limit=most)
    except MigrateError as error:
        seen.unseen.append(Unseen(about="source", why=_why(error), later=later))
    seen.issues = workspace.archive.count()


def _target(workspace: Workspace, name: str, places: dict[str, list[str]], seen: Looked) -> None:
    later = f"tracker-migrate map suggest people -T {name}; tracker-migrate doctor -T {name}"
    try:
        with closing(Target(workspace, name)) as target:
            facts = target.sink.check(target.decisions)
            seen.facts[name] = {str(key): str(value) for key, value in dict(facts).items()}
            if isinstance(target.sink, ListsPlaces):
                places[name] = list(target.sink.places())
            if isinstance(target.sink, ListsAccounts):
                _suggest(workspace, target, seen)
    except LoginNeeded as error:
        login = f"tracker-migrate login {name}, then {later}"
        seen.unseen.append(Unseen(about=name, why=_why(error), later=login))
    except MigrateError as error:
        seen.unseen.append(Unseen(about=name, why=_why(error), later=later))


def _suggest(workspace: Workspace, target: Target, seen: Looked) -> None:
    guesses = Guesses(target)
    found = guesses.found()
    if found:
        write(workspace.mappings / "people.csv", target.name, found, guesses.people)
    seen.suggested[target.name] = len(found)


def _why(error: MigrateError) -> str:
    return str(error).splitlines()[0] if str(error) else type(error).__name__


@contextmanager
def _hasty(workspace: Workspace) -> Iterator[None]:
    """Nothing is waited for, no bytes of attachments are read, and without a login no more is asked
    for than what everybody sees."""
    before = workspace.settings
    source = before.source
    tracker = source.specs[0].partition(":")[0]
    hurry: dict[str, Any] = {"patience": 0.0, "timeout": min(source.timeout, _TIMEOUT)}
    hurry |= {"attachments": False}
    if workspace.secret(tracker) is None:
        hurry["private"] = False
    targets = {name: _in_haste(options) for name, options in before.targets.items()}
    fresh = {"source": source.model_copy(update=hurry), "targets": targets}
    workspace.settings = before.model_copy(update=fresh)
    try:
        yield
    finally:
        workspace.settings = before


def _in_haste(options: Mapping[str, Any]) -> dict[str, Any]:
    """A target's settings, with no patience where it has any."""
    hasty = {**options, "patience": 0, "timeout": _TIMEOUT}
    tracker = registry.split(options["sink"], "target")[0]
    try:
        registry.planner(tracker, {name: one for name, one in hasty.items() if name != "sink"})
    except UsageError:
        return dict(options)
    return hasty


def has_project(workspace: Workspace, name: str) -> bool:
    """Whether the source has a project of this name that everybody may see. One or two requests.
    Raises Unreachable, LoginNeeded."""
    settings = workspace.settings.source
    tracker = settings.specs[0].partition(":")[0]
    options = {"address": settings.address} if settings.address else {}
    options["state_dir"] = str(workspace.state)
    try:
        with closing(registry.open_source([f"{tracker}:{name}"], options, None)) as source:
            source.check()
    except UsageError:
        return False
    return True
