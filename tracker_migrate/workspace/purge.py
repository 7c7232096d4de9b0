"""Forgetting: what is private goes from the database.

What stays is what keeps a later run from writing twice: the ledger's rows (ids, digests, who may
read), verdicts, numbers, what was hidden by hand. Rows of the archive are deleted and not marked as
gone, for what is gone at the source would be closed at the targets.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import msgspec
import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine

from tracker_migrate.model import Access, Issue, Key, Milestone, Person, Project, Series
from tracker_migrate.workspace import schema
from tracker_migrate.workspace.archive import mentioned
from tracker_migrate.workspace.database import translated
from tracker_migrate.workspace.packing import pack, unpack
from tracker_migrate.workspace.sent import GIVEN_UP
from tracker_migrate.workspace.told import forgotten
from tracker_migrate.workspace.upsert import upsert

_PAGE = 100
_ISSUE, _INTENT = schema.issue.c, schema.intent.c
#: issues that are private for any viewer, and those that vanished: they may have become private
_PRIVATE = sa.select(_ISSUE.key).where(sa.or_(_ISSUE.private, _ISSUE.gone_at.is_not(None)))
#: requests that were sent again at once, and that nobody has waited for yet
_COMING = sa.and_(_INTENT.state == GIVEN_UP, _INTENT.step != b"")
#: stands where a reason stood
FORGOTTEN = "forgotten with what is private; the next pull tries again"


class Purged(msgspec.Struct, kw_only=True):
    """What was removed: issues, raw replies, tags of issues, people and teams, projects with their
    series and milestones, reasons why something could not be read, steps that were sent, words of a
    handover, files of attachments."""

    issues: int = 0
    replies: int = 0
    tags: int = 0
    people: int = 0
    places: int = 0
    reasons: int = 0
    steps: int = 0
    said: int = 0
    files: int = 0


class Purge:
    """Forgets what is private in one workspace. To be used by who alone works in it."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def in_doubt(self) -> dict[str, int]:
        """Writes of private issues whose result is not known, or that may still come, by target:
        their steps hold text, and it takes that to look for them."""
        query = (
            sa.select(_INTENT.target, sa.func.count())
            .where(sa.or_(_INTENT.state == "open", _COMING), _INTENT.issue.in_(_PRIVATE))
            .group_by(_INTENT.target)
        )
        with translated(), self._engine.connect() as connection:
            return {row[0]: row[1] for row in connection.execute(query)}

    def files_that_stay(self) -> set[str]:
        """The hashes of the files that belong to an issue that stays."""
        with translated(), self._engine.connect() as connection:
            return {
                one.file.sha256
                for issue in _issues(connection, _ISSUE.key.not_in(_PRIVATE))
                for one in issue.attachments
                if one.file is not None
            }

    def run(self, *, dry_run: bool = False) -> Purged:
        """Forget, all or nothing. dry_run: only count."""
        with translated(), self._engine.connect() as connection:
            if connection.dialect.name == "sqlite":
                connection.exec_driver_sql("PRAGMA secure_delete=ON")
            purged = _forget(connection)
            (connection.rollback if dry_run else connection.commit)()
        return purged


def _forget(connection: Connection) -> Purged:
    people, places = _of_private_issues(connection), _private_places(connection)
    teams = {one.key for one in _entities(connection, "person", Person) if one.private}
    named = _named_elsewhere(connection, people | places | teams)
    purged = Purged()
    purged.people = _drop(connection, (people | teams) - named, purged)
    purged.places = _drop(connection, places - named, purged)
    _bare(connection, (teams | places) & named, purged)
    purged.reasons = _forget_reasons(connection)
    purged.tags = _delete(connection, schema.tagging, schema.tagging.c.issue.in_(_PRIVATE))
    _delete(connection, schema.link, schema.link.c.issue.in_(_PRIVATE))
    _delete(connection, schema.foreseen, schema.foreseen.c.issue.in_(_PRIVATE))
    purged.replies += _delete(connection, schema.reply, schema.reply.c.owner.in_(_PRIVATE))
    purged.issues = connection.execute(
        sa.select(sa.func.count()).select_from(_PRIVATE.distinct().subquery())
    ).scalar_one()
    _delete(connection, schema.issue, _ISSUE.key.in_(_PRIVATE))
    over = _INTENT.state != "open", sa.not_(_COMING), _INTENT.step != b""
    sent = schema.intent.update().where(*over)
    purged.steps = connection.execute(sent.values(step=b"")).rowcount
    purged.said = _forget_said(connection)
    return purged


def _delete(connection: Connection, table: sa.Table, where: Any) -> int:
    return connection.execute(table.delete().where(where)).rowcount


def _forget_reasons(connection: Connection) -> int:
    """Reasons hold no text; but one may be of an older version of this program. What was never read
    is still to be tried."""
    table = schema.unread
    gone = _delete(connection, table, table.c.key.in_(_PRIVATE))
    left = table.update().where(table.c.reason != FORGOTTEN).values(reason=FORGOTTEN)
    return gone + connection.execute(left).rowcount


def _forget_said(connection: Connection) -> int:
    """The words of what a handover has said on issues that don't stay; also of those that went
    before, by an older version of this program."""
    table, many = schema.told, 0
    stay = sa.select(_ISSUE.key).where(_ISSUE.key.not_in(_PRIVATE))
    of = sa.select(table.c.issue).distinct().where(table.c.issue.not_in(stay))
    for some in _some(map(Key, connection.execute(of).scalars().all())):
        rows = connection.execute(sa.select(table).where(table.c.issue.in_(some))).all()
        left = [(row, forgotten(row)) for row in rows]
        changed = [bare for row, bare in left if bare != row._asdict()]
        if changed:
            upsert(connection, table, changed)
        many += len(changed)
    return many


# -- people and places -----------------------------------------------------------------------------


def _issues(connection: Connection, where: Any) -> Iterator[Issue]:
    query = sa.select(_ISSUE.model).where(where).execution_options(yield_per=_PAGE)
    return (unpack(row.model, Issue) for row in connection.execute(query))


def _of_private_issues(connection: Connection) -> set[Key]:
    """Everybody whom a private issue names."""
    people: set[Key] = set()
    for issue in _issues(connection, _ISSUE.key.in_(_PRIVATE)):
        access = issue.access or Access()
        people |= mentioned(issue) | {*access.people, *access.teams, *access.opaque}
    return people


def _named_elsewhere(connection: Connection, keys: set[Key]) -> set[Key]:
    """Which of these an issue names that stays."""
    named: set[Key] = set()
    for issue in _issues(connection, _ISSUE.key.not_in(_PRIVATE)):
        for task in issue.tasks:
            named |= {*filter(None, (task.target, task.project, task.series, task.milestone))}
        named |= mentioned(issue)
        named &= keys
    return named


def _private_places(connection: Connection) -> set[Key]:
    """Projects that are private at the source, with their series and milestones."""
    private = {one.key for one in _entities(connection, "project", Project) if one.private}
    kinds = (("series", Series), ("milestone", Milestone))
    of = [one for kind, made in kinds for one in _entities(connection, kind, made)]
    return private | {one.key for one in of if one.project in private}


def _entities(connection: Connection, kind: str, made: Any) -> Iterator[Any]:
    table = schema.entity
    query = sa.select(table.c.model).where(table.c.kind == kind)
    found = connection.execute(query.execution_options(yield_per=_PAGE))
    return (unpack(row.model, made) for row in found)


def _drop(connection: Connection, keys: set[Key], purged: Purged) -> int:
    """Forget people or places; of how many something was known."""
    known = 0
    for some in _some(keys):
        known += _delete(connection, schema.entity, schema.entity.c.key.in_(some))
        _delete(connection, schema.mention, schema.mention.c.person.in_(some))
        purged.replies += _delete(connection, schema.reply, schema.reply.c.owner.in_(some))
    return known


def _bare(connection: Connection, keys: set[Key], purged: Purged) -> None:
    """Keep of private teams and projects that a public issue names only that they are private: if
    nothing were known of them, their names would be written. The digest stays, so that reading them
    again is no news."""
    table = schema.entity
    for some in _some(keys):
        purged.replies += _delete(connection, schema.reply, schema.reply.c.owner.in_(some))
        where = table.c.key.in_(some), table.c.kind.in_(("person", "project"))
        for row in connection.execute(sa.select(table).where(*where)).all():
            model = pack(_nothing_but_private(Key(row.key), row.kind, row.model))
            connection.execute(table.update().where(table.c.key == row.key).values(model=model))


def _nothing_but_private(key: Key, kind: str, model: bytes) -> Person | Project:
    if kind == "person":
        return Person(key=key, name="", display_name="", home="", is_team=True, private=True)
    held = unpack(model, Project)
    return Project(key=key, kind=held.kind, name=held.name, title="", home="", private=True)


def _some(keys: Iterable[Key], size: int = 500) -> Iterator[list[Key]]:
    ordered = sorted(keys)
    return (ordered[start : start + size] for start in range(0, len(ordered), size))
