"""Parts of an issue that the source has no more: a task that was removed, or moved elsewhere.

Nothing that stands at a target is removed unasked, for people may have worked on it. But a task
must not stay open there as if nothing had happened: it is told, by the planner's fields, that it is
no more. If it comes back at the source, it is as it was: its object is changed again.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from tracker_migrate.abilities import Retires
from tracker_migrate.interfaces import Decisions, Planner, Wanted
from tracker_migrate.model import Issue, Key
from tracker_migrate.workspace.ledger import Held


def with_retired(
    planner: Planner,
    issue: Issue,
    wanted: Iterable[Wanted],
    held: Mapping[Key, Held],
    decisions: Decisions,
) -> list[Wanted]:
    """What is wanted of an issue, and what has to be said of objects that stand there and belong to
    nothing of it any more. wanted: all of it."""
    found = list(wanted)
    if not isinstance(planner, Retires):
        return found
    seen = {of for one in found for of in (one.key, *one.holds)}
    for of, one in held.items():
        if of in seen or one.state != "there" or one.within is not None:
            continue
        if fields := planner.retired(of, one.kind, issue, decisions):
            found.append(
                Wanted(
                    key=of,
                    kind=one.kind,
                    issue=issue.key,
                    fields=dict(fields),
                    audience=one.audience,
                )
            )
    return found
