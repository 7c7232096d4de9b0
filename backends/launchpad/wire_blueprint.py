"""A blueprint (Launchpad's API says: specification) and its collections become an `Issue`.

It has no history, no subscribers and no date of change there (facts 7).
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from tracker_migrate.backends.launchpad.wire import (
    MENDED,
    TRACKER,
    Entry,
    below,
    date,
    extra,
    is_private,
    milestone_key,
    person_key,
    place_keys,
    text,
)
from tracker_migrate.backends.launchpad.wire_bug import branch, to_bug
from tracker_migrate.backends.launchpad.work_items import parsed
from tracker_migrate.model import Issue, Key, Relation, Task, key


class Links(msgspec.Struct, kw_only=True):
    """What a blueprint's collections hold."""

    dependencies: Sequence[Entry] = ()
    bugs: Sequence[Entry] = ()
    branches: Sequence[Entry] = ()
    goal: Relation | None = None


def blueprint_key(link: str) -> Key:
    """The key of a blueprint that a link names."""
    return key(TRACKER, "blueprint", below(link))


def issue(spec: Entry, links: Links, *, mended: bool = False) -> Issue:
    """A blueprint, whole. Raises KeyError, TypeError or ValueError if it is none."""
    path = below(spec["self_link"])
    more = extra("specification", spec)
    if mended:
        more["note"] = MENDED
    items = parsed(text(spec["workitems_text"]), path, below(spec["target_link"]), spec["web_link"])
    if items.rest:
        more["workitems_text"] = items.rest
    return Issue(
        key=key(TRACKER, "blueprint", path),
        kind="blueprint",
        name=path,
        title=text(spec["title"]),
        home=spec["web_link"],
        description=text(spec["summary"]),
        author=person_key(spec["owner_link"]),
        created=date(spec["date_created"]),
        private=is_private(spec),
        information_type=spec["information_type"],
        tasks=(_task(path, spec),),
        relations=_relations(spec, links),
        work_items=items.items,
        extra=more,
    )


def _task(path: str, spec: Entry) -> Task:
    where = below(spec["target_link"])
    target, project, series = place_keys(where)
    started = date(spec["date_started"])
    return Task(
        key=key(TRACKER, "task", f"{path}@{where}"),
        target=target,
        target_name=where,
        project=project,
        home=spec["web_link"],
        series=series,
        status=spec["implementation_status"],
        importance=spec["priority"],
        assignee=person_key(spec["assignee_link"]),
        milestone=milestone_key(spec["milestone_link"]),
        closed=date(spec["date_completed"]),
        complete=spec["is_complete"],
        dates={"date_started": started} if started else {},
    )


def _relations(spec: Entry, links: Links) -> tuple[Relation, ...]:
    closed = is_private(spec)
    found = [_depends_on(row) for row in links.dependencies if closed or not is_private(row)]
    found += [
        to_bug("bug", row["id"], row["web_link"])
        for row in links.bugs
        if closed or not is_private(row)
    ]
    found += [branch(row, "specification_branch") for row in links.branches]
    return tuple(found if links.goal is None else [links.goal, *found])


def _depends_on(row: Entry) -> Relation:
    to = blueprint_key(row["self_link"])
    label = f"LP blueprint {below(row['self_link'])}"
    return Relation(kind="depends_on", label=label, url=row["web_link"], to=to)
