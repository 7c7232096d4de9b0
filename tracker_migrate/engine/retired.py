"""What stands at a target and is not as the source has it, where no field can be written anew.

A task that was removed at the source, or moved elsewhere, is told so. Nothing that stands at a
target is removed unasked, for people may have worked on it; but it must not stay open as if nothing
had happened. If it comes back at the source, its object is changed again.

A comment that was edited at the source after it was copied is told once more, as it reads by now:
no target lets a comment be changed.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from tracker_migrate.abilities import Retires, TellsEditions
from tracker_migrate.interfaces import Decisions, Kind, Planner, Wanted
from tracker_migrate.model import Comment, Issue, Key
from tracker_migrate.text.continued import edition, part_key
from tracker_migrate.workspace.ledger import Held
from tracker_migrate.workspace.packing import moment


def with_retired(
    planner: Planner,
    issue: Issue,
    wanted: Iterable[Wanted],
    held: Mapping[Key, Held],
    decisions: Decisions,
) -> list[Wanted]:
    """What is wanted of an issue, and what has to be said besides, because of what stands there.
    wanted: all of it. Raises Refused."""
    found = list(wanted)
    if isinstance(planner, TellsEditions):
        kinds = planner.kinds
        for comment in _edited(issue, {one.key: kinds[one.kind] for one in found}, held):
            assert comment.edited is not None
            found += planner.edition(issue, comment, comment.edited, decisions)
    if isinstance(planner, Retires):
        found += _retired(planner, issue, found, held, decisions)
    return found


def _edited(issue: Issue, kinds: Mapping[Key, Kind], held: Mapping[Key, Held]) -> Iterator[Comment]:
    """The comments that were edited since they were written there."""
    for one in issue.comments:
        there = held.get(one.key)
        if one.edited is None or there is None or there.state != "there":
            continue
        kind = kinds.get(there.within or one.key)
        if kind is None or kind.editable:
            continue
        told = part_key(one.key, edition(one.edited)) in held
        if told or one.edited > moment(there.sent_at):
            yield one


def _retired(
    planner: Retires,
    issue: Issue,
    found: Iterable[Wanted],
    held: Mapping[Key, Held],
    decisions: Decisions,
) -> Iterator[Wanted]:
    seen = {of for one in found for of in (one.key, *one.holds)}
    for of, one in held.items():
        if of in seen or one.state != "there" or one.within is not None:
            continue
        if fields := planner.retired(of, one.kind, issue, decisions):
            yield Wanted(
                key=of, kind=one.kind, issue=issue.key, fields=dict(fields), audience=one.audience
            )
