"""Whom a handover mails at the source, before it does: as far as the archive and the source tell.

A source sends a mail for each thing that is said, or one for all that happens to an issue within
some minutes: what is counted is one for each issue and person, and that is the most of it, not the
least. Who gets what through a team, a filter or another project only the source knows.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence

import msgspec

from tracker_migrate.abilities import Announcer, Notice
from tracker_migrate.engine.naming import Naming
from tracker_migrate.model import Issue, Key
from tracker_migrate.workspace.archive import Archive
from tracker_migrate.workspace.handing import HandoverSettings

#: which subscribers hear of what, by the level that they chose; one without a level hears all
_DEAF = {"Lifecycle": frozenset({"comment", "tag"}), "Details": frozenset({"comment"})}


class Mailing(msgspec.Struct, kw_only=True):
    """What is about to be said, and who will hear it.

    issues, private: on so many, and of those, so many that not everybody may read. comments, tags,
    statuses: so many things. mails: to people and teams that have subscribed to these issues
    themselves, or are assigned to them. people, teams: how many of each. beside: by project or
    series, how many more have subscribed to all that happens there; None: the source does not say.
    quiet: nobody is mailed.
    """

    issues: int = 0
    private: int = 0
    comments: int = 0
    tags: int = 0
    statuses: int = 0
    mails: int = 0
    people: int = 0
    teams: int = 0
    beside: dict[str, int | None] = msgspec.field(default_factory=dict)
    quiet: bool = False


def mailing(
    due: Iterable[tuple[Issue, Sequence[Notice]]],
    settings: HandoverSettings,
    archive: Archive,
    announcer: Announcer,
    names: Naming,
) -> Mailing:
    """Count. Asks the source once for each project and series that is concerned."""
    found = Mailing()
    everybody: set[Key] = set()
    places: dict[Key, str] = {}
    for issue, notices in due:
        whats = {one.what for one in notices}
        heard = whats if settings.mail else whats - {"comment"}
        hearers = _hearers(issue, heard)
        everybody |= hearers
        found.issues += 1
        found.private += issue.private
        found.mails += len(hearers)
        for one in notices:
            found.comments += one.what == "comment"
            found.tags += one.what == "tag"
            found.statuses += one.what == "status"
        if heard:
            places |= {task.target: names.text(task.target_name) for task in issue.tasks}
    found.quiet = not settings.mail and not found.tags and not found.statuses
    teams = {one.key for one in archive.people(sorted(everybody)) if one.is_team}
    found.teams, found.people = len(teams), len(everybody - teams)
    found.beside = {name: announcer.hearers(place) for place, name in sorted(places.items())}
    return found


def _hearers(issue: Issue, heard: Collection[str]) -> set[Key]:
    """Who hears of one of these things on an issue."""
    if not heard:
        return set()
    found = {
        one.person
        for one in issue.subscriptions
        if set(heard) - _DEAF.get(one.level or "", frozenset())
    }
    return found | {task.assignee for task in issue.tasks if task.assignee is not None}
