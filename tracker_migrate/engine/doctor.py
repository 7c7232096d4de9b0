"""Before a run: everything that could spoil it, each with its cure. Writes nothing.

A finding is `fine`, something to `look` at, or a `stop`: with it a run would end before its first
write. What a target's own `check` tells of itself is taken as it is; a fact that begins with `no:`
or `none:` says its cure itself.
"""

from __future__ import annotations

import re
import shutil
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Literal

import msgspec

from tracker_migrate import __version__
from tracker_migrate.abilities import Foresees
from tracker_migrate.engine import checking, jobs
from tracker_migrate.engine.readers import NO_ACCOUNT, NOT_LET_IN, readers
from tracker_migrate.engine.survey import pages
from tracker_migrate.engine.target import Target
from tracker_migrate.errors import MigrateError
from tracker_migrate.interfaces import Source
from tracker_migrate.model import name_of
from tracker_migrate.workspace import Workspace

Level = Literal["fine", "look", "stop"]
#: seconds by which the clocks may differ: an overlap of minutes covers more than that
_CLOCK = 60.0
_LEAST_FREE = 1 << 30
#: of where people are named; below it a suggestion is worth a look
_COVERED = 0.5
#: why somebody reads less than at the source, and what can be done; what was decided is no finding
_LESS = {
    NO_ACCOUNT: "a row in people.csv, or a name under without in privacy.toml",
    NOT_LET_IN: "add them to the policy of privacy.toml",
}
_PAGE = 100
_OWN_CURE = re.compile(r"(no|none):")


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """about: `workspace`, `source`, or a target's name. what: what was found. cure: what to do."""

    about: str
    level: Level
    what: str
    cure: str = ""


def examine(workspace: Workspace, targets: list[str]) -> Iterator[Finding]:
    """Look at the workspace, the source and these targets, in this order. Asks the servers."""
    yield from _workspace(workspace)
    yield from _source(workspace)
    for name in targets:
        yield from _target(workspace, name)


# -- the workspace ---------------------------------------------------------------------------------


def _workspace(workspace: Workspace) -> Iterator[Finding]:
    about, archive = "workspace", workspace.archive
    python = ".".join(map(str, sys.version_info[:3]))
    database = workspace.engine.dialect.name
    what = f"tracker-migrate {__version__} on Python {python}, with {database}"
    yield Finding(about=about, level="fine", what=what)
    free = shutil.disk_usage(workspace.state).free
    if free < _LEAST_FREE:
        yield Finding(
            about=about,
            level="look",
            what=f"the disk of {workspace.state} has {free >> 20} MiB left",
            cure="make room: what is read, and the bytes of attachments, go there",
        )
    if not archive.count():
        cure = "tracker-migrate pull"
        yield Finding(about=about, level="stop", what="nothing was read yet", cure=cure)
        return
    yield Finding(about=about, level="fine", what=f"{archive.count()} issues were read")
    if unread := len(archive.unread()):
        yield Finding(
            about=about,
            level="look",
            what=f"{unread} issues could not be read",
            cure="tracker-migrate status --refused says why; the next pull tries again",
        )


# -- the source ------------------------------------------------------------------------------------


def _source(workspace: Workspace) -> Iterator[Finding]:
    wrong: list[Finding] = []
    with _told("source", wrong), jobs.reading(workspace) as source:
        yield from _facts("source", source.check())
        yield from _clock(source)
        if source.viewer == "anonymous":
            yield Finding(
                about="source",
                level="look",
                what="it is read as everybody may read it: what is private stays there",
                cure="tracker-migrate login, and source.private = true, if that is to move too",
            )
    yield from wrong


def _clock(source: Source) -> Iterator[Finding]:
    apart = abs((source.now() - datetime.now(UTC)).total_seconds())
    if apart > _CLOCK:
        yield Finding(
            about="source",
            level="look",
            what=f"its clock and ours are {apart:.0f} seconds apart",
            cure="set this machine's clock (NTP); dates are the source's, waits are ours",
        )


# -- a target --------------------------------------------------------------------------------------


def _target(workspace: Workspace, name: str) -> Iterator[Finding]:
    opened = list(_shielded(name, _opens(workspace, name)))
    if opened:
        yield from opened
        return
    target = Target(workspace, name)
    try:
        told = list(_shielded(name, _checked(target)))
        yield from told
        asks = all(one.level != "stop" for one in told)  # else it would be said again and again
        for look in (_issues(target, ask=asks), _private(target, ask=asks), _people(target)):
            for one in _shielded(name, look):
                if one not in told:
                    told.append(one)
                    yield one
        yield from _mail(target)
    finally:
        target.close()


def _opens(workspace: Workspace, name: str) -> Iterator[Finding]:
    """Nothing, but what keeps a target from being opened at all."""
    Target(workspace, name).close()
    yield from ()


def _checked(target: Target) -> Iterator[Finding]:
    yield from _facts(target.name, target.sink.check(target.decisions))


def _shielded(about: str, found: Iterator[Finding]) -> Iterator[Finding]:
    """The findings; what would stop a run is one, too, a line each."""
    wrong: list[Finding] = []
    with _told(about, wrong):
        yield from found
    yield from wrong


def _facts(about: str, facts: object) -> Iterator[Finding]:
    held = facts if isinstance(facts, dict) else dict(facts)  # type: ignore[call-overload]
    for name, value in held.items():
        own = _OWN_CURE.match(str(value))
        rest = str(value)[own.end() :].strip() if own else ""
        what = f"{name}: {own[1] if own else value}"
        yield Finding(about=about, level="look" if own else "fine", what=what, cure=rest)


def _issues(target: Target, *, ask: bool) -> Iterator[Finding]:
    """What would be refused, and what the others would meet. ask: whether the server answers."""
    reasons: Counter[str] = Counter()
    seen = target.sink.foresight(target.decisions) if isinstance(target.sink, Foresees) else None
    for page in pages(target.archive.issues(), _PAGE):
        there = target.ledger.held([issue.key for issue in page])
        for issue in page:
            reason = target.planner.refusal(issue, target.decisions)
            if reason is not None:
                reasons[reason] += 1
            elif seen is not None:
                seen.see(issue, issue.key in there)
    for reason, count in reasons.most_common():
        cure = "tracker-migrate plan names them; tables and settings decide"
        what = f"{count} issues would be refused: {reason}"
        yield Finding(about=target.name, level="look", what=what, cure=cure)
    if seen is None:
        yield from _places(target)
    elif ask:
        for one in seen.concerns():
            yield Finding(about=target.name, level=one.level, what=one.what, cure=one.cure)


def _private(target: Target, *, ask: bool) -> Iterator[Finding]:
    private = len(target.archive.private_keys())
    if private and not target.workspace.secret(f"{target.name}-outsider-token"):
        yield Finding(
            about=target.name,
            level="look",
            what=f"{private} private issues, and nobody tries whether others can read them there",
            cure=f"tracker-migrate login {target.name} --outsider, with an account that may not",
        )
    less = readers(target, ask=ask).readers if private else []
    for why, cure in _LESS.items():
        if count := sum(one.why == why for one in less):
            yield Finding(
                about=target.name,
                level="look",
                what=f"{count} who may read private issues at the source may not here: {why}",
                cure=f"{cure}; tracker-migrate readers -T {target.name} names them",
            )


def _people(target: Target) -> Iterator[Finding]:
    found = checking.check(target)
    share = found.covered / found.mentions if found.mentions else 1.0
    if share < _COVERED:
        yield Finding(
            about=target.name,
            level="look",
            what=f"people with an account here are {share:.0%} of where people are named",
            cure=f"tracker-migrate map suggest people -T {target.name}; without, names are text",
        )
    if found.suspended:
        yield Finding(
            about=target.name,
            level="look",
            what=f"{len(found.suspended)} rows of people.csv are not used: "
            "their names changed hands",
            cure="tracker-migrate map check names them",
        )
    if found.dead or found.shared:
        yield Finding(
            about=target.name,
            level="look",
            what=f"{len(found.dead)} rows of the tables are about nothing that occurs, and "
            f"{len(found.shared)} accounts have several people",
            cure="tracker-migrate map check names them",
        )


def _places(target: Target) -> Iterator[Finding]:
    """Projects that nobody meant to be one: their names differ in nothing that a tracker keeps."""
    named: dict[str, set[str]] = {}
    rows = target.decisions.tables.projects
    for project in target.archive.entities("project"):
        source = name_of(project.key)
        place = target.decisions.place(project.key)
        if place.move and not project.private and source not in rows:
            named.setdefault(re.sub(r"\W+", "", place.name.casefold()), set()).add(source)
    for names in named.values():
        if len(names) > 1:
            yield Finding(
                about=target.name,
                level="look",
                what=f"{', '.join(sorted(names))} may become one project: their names are alike",
                cure="say in mappings/projects.csv what each becomes",
            )


def _mail(target: Target) -> Iterator[Finding]:
    said = getattr(target.planner, "mail", "")
    accounts = target.decisions.tables.people.accounts
    if said and accounts:
        what = f"{len(accounts)} people of people.csv have an account and may be mailed"
        yield Finding(about=target.name, level="look", what=what, cure=said)


@contextmanager
def _told(about: str, wrong: list[Finding]) -> Iterator[None]:
    """What would stop a run is a finding, a line each."""
    try:
        yield
    except MigrateError as error:
        for line in str(error).splitlines():
            wrong.append(Finding(about=about, level="stop", what=line))
