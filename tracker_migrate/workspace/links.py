"""Which issue names which: what a source tells at one end only is told at both.

A blueprint names its bugs, a bug does not name its blueprints; and a source's own list of a bug's
duplicates hangs on a counter that may be wrong. Only what everybody may read names anything: the
name of a private issue must not stand in another one.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import Any

import msgspec
import sqlalchemy as sa
from sqlalchemy.engine import Connection

from tracker_migrate.digest import digest
from tracker_migrate.model import Issue, Key, Relation, name_of
from tracker_migrate.workspace import schema
from tracker_migrate.workspace.packing import unpack

#: what a relation is called at its other end
BACK = {"bug": "blueprint", "depends_on": "needed_by", "duplicate_of": "duplicate"}
_LINK = schema.link.c
_PAGE = 100

Back = dict[Key, tuple[Relation, ...]]


def note(connection: Connection, viewer: str, issue: Issue) -> None:
    """Note what an issue names, instead of what it named before."""
    drop(connection, viewer, issue.key)
    rows = {(one["kind"], one["to"]): one for one in _rows(viewer, issue)}
    if rows:
        connection.execute(schema.link.insert(), list(rows.values()))


def drop(connection: Connection, viewer: str, issue: Key) -> None:
    """Forget what an issue named."""
    where = _LINK.viewer == viewer, _LINK.issue == issue
    connection.execute(schema.link.delete().where(*where))


def fill(connection: Connection) -> None:
    """Note what all issues name that were read before anybody noted it."""
    query = sa.select(schema.issue.c.viewer, schema.issue.c.model).where(
        schema.issue.c.gone_at.is_(None)
    )
    for row in connection.execute(query).all():
        note(connection, row.viewer, unpack(row.model, Issue))


def back(connection: Connection, viewer: str, issues: Sequence[Key]) -> Back:
    """What names these issues, up to a page of them, as relations of theirs; in order."""
    issue = schema.issue.c
    query = (
        sa.select(schema.link)
        .join(schema.issue, sa.and_(issue.key == _LINK.issue, issue.viewer == _LINK.viewer))
        .where(_LINK.viewer == viewer, _LINK.to.in_(issues))
        .where(issue.private.is_(False), issue.gone_at.is_(None))
        .order_by(_LINK.to, issue.position, _LINK.kind)
    )
    found: dict[Key, list[Relation]] = defaultdict(list)
    for row in connection.execute(query).all():
        relation = Relation(kind=BACK[row.kind], label=row.label, url=row.url, to=Key(row.issue))
        found[Key(row.to)].append(relation)
    return {key: tuple(relations) for key, relations in found.items()}


def beside(connection: Connection, viewer: str, issues: Sequence[Key]) -> set[Key]:
    """The issues that name one of these, or are named by one; up to a page of them."""
    query = sa.union(
        sa.select(_LINK.issue).where(_LINK.viewer == viewer, _LINK.to.in_(list(issues))),
        sa.select(_LINK.to).where(_LINK.viewer == viewer, _LINK.issue.in_(list(issues))),
    )
    return {Key(key) for key in connection.execute(query).scalars()}


def with_back(issue: Issue, named: Back) -> Issue:
    """The issue with what names it, unless it tells that itself."""
    told = {(one.kind, one.to) for one in issue.relations}
    fresh = [one for one in named.get(issue.key, ()) if (one.kind, one.to) not in told]
    if not fresh:
        return issue
    return msgspec.structs.replace(issue, relations=(*issue.relations, *fresh))


def mark(content: str, issue: Key, named: Back) -> str:
    """The digest of an issue together with that of what names it."""
    return digest((content, named[issue])) if issue in named else content


def _rows(viewer: str, issue: Issue) -> Iterator[dict[str, Any]]:
    for one in issue.relations:
        if one.kind in BACK and one.to is not None and one.to != issue.key:
            yield {
                "viewer": viewer,
                "issue": issue.key,
                "kind": one.kind,
                "to": one.to,
                "label": _label(issue, one),
                "url": issue.home,
            }


def _label(issue: Issue, relation: Relation) -> str:
    """What the issue is called, by the word with which its source begins such a name."""
    source = relation.label.partition(" ")[0]
    if issue.kind == "bug":
        return f"{source} #{name_of(issue.key)}"
    return f"{source} {issue.kind} {issue.name}"
