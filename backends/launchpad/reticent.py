"""What an issue that is not public may name of other things that are not: what its readers know.

A number says nothing, so bugs may stand as they are. The name of a blueprint or a branch says
something: it stands only where everybody who may read the issue may read that, too.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from msgspec import structs

from tracker_migrate.backends.launchpad.client import Client
from tracker_migrate.backends.launchpad.wire import Entry, given, is_private
from tracker_migrate.backends.launchpad.wire_blueprint import Links, blueprint_key
from tracker_migrate.backends.launchpad.wire_blueprint import issue as blueprint
from tracker_migrate.model import Access, Issue, Relation


def known_branches(client: Client, rows: Sequence[Entry]) -> list[Entry]:
    """The links whose branch everybody sees; a request for each. Raises as `client.entry`."""
    return [row for row in rows if _is_open(client, given(row["branch_link"]))]


def _is_open(client: Client, branch: str | None) -> bool:
    return branch is not None and client.everybody_sees(branch)


def with_hidden_branches(issue: Issue, count: int) -> Issue:
    """The issue, with so many links to branches that are not named."""
    hidden = (_unnamed(issue, "branch", "a branch that is not public"),) * count
    return structs.replace(issue, relations=(*issue.relations, *hidden)) if count else issue


def with_known_dependencies(
    issue: Issue, rows: Sequence[Entry], readers: Callable[[Issue], Access]
) -> Issue:
    """The blueprint, with only those dependencies named that all its readers may read. rows: all
    its dependencies."""
    hidden = {
        blueprint_key(row["self_link"])
        for row in rows
        if is_private(row) and not _covers(readers(blueprint(row, Links())), issue.access)
    }
    unnamed = _unnamed(issue, "depends_on", "a blueprint that is not public")
    shown = (unnamed if one.to in hidden else one for one in issue.relations)
    return structs.replace(issue, relations=tuple(shown)) if hidden else issue


def _unnamed(issue: Issue, kind: str, label: str) -> Relation:
    """Something that is only said to be there; Launchpad's page tells it to whom it may."""
    return Relation(kind=kind, label=label, url=issue.home)


def _covers(wide: Access, narrow: Access | None) -> bool:
    """Whether all readers of the one are readers of the other, for sure."""
    if narrow is None or wide.unreadable or narrow.unreadable:
        return False
    return set(narrow.people) <= set(wide.people) and set(narrow.opaque) <= set(wide.opaque)
