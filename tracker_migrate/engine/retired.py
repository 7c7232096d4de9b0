"""What stands at a target and is not as the source has it, where no field can be written anew.

A task that was removed at the source, or moved elsewhere, is told so. Nothing that stands at a
target is removed unasked, for people may have worked on it; but it must not stay open as if nothing
had happened. If it comes back at the source, its object is changed again.

A comment that was edited at the source after it was copied is told once more, as it reads by now:
no target lets a comment be changed. That is known by the date of the edit; and by value where it is
a little older than the copy, for what was sent had been read some time before, and the source's
clock is not ours. An older one was copied with it, and if it differs that is our way of writing.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import timedelta

from tracker_migrate.abilities import Retires, TellsEditions
from tracker_migrate.engine.authored import as_it_stands
from tracker_migrate.engine.diff import open_digests
from tracker_migrate.interfaces import Decisions, Kind, Planner, Wanted
from tracker_migrate.model import Comment, Issue, Key
from tracker_migrate.text.continued import edition, part_key, whole_key
from tracker_migrate.workspace.ledger import Held
from tracker_migrate.workspace.packing import moment

#: so long before it is sent may a text be read: a pull, people's decisions, an apply
_READ_BEFORE = timedelta(days=30)


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
        for comment in _edited(issue, list(found), planner.kinds, held):
            assert comment.edited is not None
            found += planner.edition(issue, comment, comment.edited, decisions)
    if isinstance(planner, Retires):
        found += _retired(planner, issue, found, held, decisions)
    return found


def _edited(
    issue: Issue, found: list[Wanted], kinds: Mapping[str, Kind], held: Mapping[Key, Held]
) -> Iterator[Comment]:
    """The comments that were edited since what stands there was read."""
    kind_of = {one.key: kinds[one.kind] for one in found}
    for one in issue.comments:
        there = held.get(one.key)
        if one.edited is None or there is None or there.state != "there":
            continue
        kind = kind_of.get(into := there.within or one.key)
        if kind is None or kind.editable:
            continue
        told, sent = part_key(one.key, edition(one.edited)) in held, moment(there.sent_at)
        since = one.edited > sent or (
            one.edited > sent - _READ_BEFORE and _differs(into, found, held)
        )
        if told or since:
            yield one


def _differs(into: Key, found: list[Wanted], held: Mapping[Key, Held]) -> bool:
    """Whether a comment stands there otherwise than it is wanted, in any of its parts."""
    for one in found:
        there = held.get(one.key)
        if whole_key(one.key) == into and there is not None and there.fields:
            marks = open_digests(as_it_stands(one, there))
            if any(there.fields.get(name, ("",))[0] != mark for name, mark in marks.items()):
                return True
    return False


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
