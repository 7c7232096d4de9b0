"""Making a plan: for a screen, for a file that `apply` keeps to, for a page; in one go."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

import msgspec

from tracker_migrate.engine.events import Listen, silent
from tracker_migrate.engine.filters import Only
from tracker_migrate.engine.naming import Naming
from tracker_migrate.engine.plan import Item, Outcome, Plan, Planned
from tracker_migrate.engine.planfile import head, lines, write_file
from tracker_migrate.engine.target import Target
from tracker_migrate.workspace import Workspace

#: is told what becomes of each issue
Hear = Callable[[Outcome], None]


def plan(
    workspace: Workspace,
    target: str,
    listen: Listen = silent,
    *,
    only: Only | None = None,
    limit: int | None = None,
    out: Path | None = None,
    losses: bool = True,
    hear: Sequence[Hear] = (),
    whole: bool = False,
    looks: bool = False,
    processes: int = 1,
) -> Planned:
    """What would be written to a target, and what would be lost. Asks no server.

    out: a file that keeps the plan, for `apply`. hear: are told what becomes of each issue, by the
    names that others may hear; whole: of its objects that stay as they are, too; looks: every issue
    itself is wanted. processes: how many others may render: see `Plan`.
    """
    bound = Target(workspace, target)
    names = Naming(workspace.archive, workspace.archive.salt()).settled()
    job = Plan(
        bound,
        names.heard_by(listen),
        losses,
        whole=whole,
        looks=looks,
        marked=out is not None,
        processes=processes,
    )
    told = (_as_told(one, names) for one in job.outcomes(only, limit))
    outcomes = _heard(told if hear or out is not None else job.outcomes(only, limit), hear)
    if out is not None:
        write_file(out, head(bound, only, limit), lines(outcomes))
    else:
        for _ in outcomes:
            pass
    return job.result()


def _heard(outcomes: Iterable[Outcome], hear: Sequence[Hear]) -> Iterator[Outcome]:
    for one in outcomes:
        for tell in hear:
            tell(one)
        yield one


def _as_told(one: Outcome, names: Naming) -> Outcome:
    items = tuple(_item(item, names) for item in one.items)
    return msgspec.structs.replace(one, key=names.key(one.key), items=items)


def _item(item: Item, names: Naming) -> Item:
    told = {"issue": names.key(item.issue), "key": names.key(item.key)}
    return msgspec.structs.replace(item, **told, reason=names.text(item.reason))
