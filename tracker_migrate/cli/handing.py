"""`status`: how far a handover is, and what came to the source after it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from tracker_migrate.engine.jobs import naming
from tracker_migrate.workspace import Workspace

#: counts that wait for a person
WAITING = ("meant", "taking", "refused", "reported")
_MANY = 20


def handed_over(workspace: Workspace, name_issues: bool) -> dict[str, Any]:
    """Counts of issues, by what is said on them; empty before the first handover."""
    told = workspace.told
    counts, ended, arrivals = told.counts(), told.ended(), told.arrivals()
    if not counts and ended is None:
        return {}
    names = naming(workspace)
    found: dict[str, Any] = {
        "ended": ended.at if ended else None,
        "target": ended.target if ended else None,
        "after": workspace.settings.handover.after,
        **{state: counts.get(state, 0) for state in ("said", "meant", "taking", "refused", "left")},
        "reported": sum(not one.followed for one in arrivals),
        "followed": sum(one.followed for one in arrivals),
        "new": sum(one.new for one in arrivals),
        "comments": sum(one.comments for one in arrivals),
    }
    if name_issues:
        untold = [one for one in told.in_state("refused", "meant") if one.reason]
        found["named"] = [
            {"issue": names.key(one.issue), "reason": names.text(one.reason), "state": one.state}
            for one in untold
        ]
        found["arrived"] = [
            {"issue": names.key(one.issue), "new": one.new, "comments": one.comments, "at": one.at}
            for one in arrivals
            if not one.followed
        ]
    return found


def lines(found: Mapping[str, Any]) -> Iterator[str]:
    """The same in words."""
    if not found:
        return
    where = f"people are sent to {found['target']}" if found["ended"] else "not ended"
    yield (
        f"handover: {where} · {found['said']} told · {found['refused']} refused · "
        f"{found['meant'] + found['taking']} in doubt"
    )
    if found["meant"] or found["taking"] or found["refused"]:
        yield "  tracker-migrate handover goes on with it"
    for one in found.get("named", [])[:_MANY]:
        word = "in doubt" if one["state"] == "meant" else "not told"
        yield f"  {word} {one['issue']}: {one['reason']}"
    if found["reported"]:
        yield (
            f"  {found['reported']} issues have news since, of which {found['new']} are new, "
            f"{found['comments']} comments: not followed (handover.after)"
        )
    for one in found.get("arrived", [])[:_MANY]:
        what = "new" if one["new"] else f"{one['comments']} comments" if one["comments"] else "news"
        yield f"  {one['issue']}: {what}, seen {one['at']}"
    if found["followed"]:
        yield f"  {found['followed']} issues had news since, which were followed"
