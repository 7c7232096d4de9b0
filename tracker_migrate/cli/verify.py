"""`verify`: a target read back and compared with what was sent."""

from __future__ import annotations

from typing import Any

import rich_click as click

from tracker_migrate.cli import output
from tracker_migrate.cli.display import Display
from tracker_migrate.cli.opening import opened, targets_of
from tracker_migrate.cli.options import common, json_option, only_option, target_option

DONE, DIFFERENT = 0, 4


@click.command()
@common
@target_option
@only_option
@json_option
@click.option("--sample", type=click.IntRange(1), help="Only N issues, drawn at random.")
@click.option("--seed", type=int, default=0, help="Draws the same sample again.")
@click.option(
    "--outsider",
    is_flag=True,
    help="Read every private object as nobody, and with each outsider's token; nothing else.",
)
def verify(
    folder: str,
    level: int,
    dry_run: bool,
    target: str | None,
    only: Any,
    as_json: bool,
    sample: int | None,
    seed: int,
    outsider: bool,
) -> int:
    """Read the target back and compare it, field by field, with what was sent.

    With --outsider: read each private object, the lists, feeds, tags and search hits as somebody
    who must not see them; ends with "0 of N readable".

    Example: `tracker-migrate verify -C nova-move -T new --sample 100`
    """
    with opened(folder) as workspace:
        names = targets_of(workspace, target)
        if outsider:
            return _as_outsider(workspace, names, as_json)
        results = read_back(workspace, names, level, only=only, sample=sample, seed=seed)
        output.verified(results, as_json)
    return DONE if all(one.agrees for one in results.values()) else DIFFERENT


def _as_outsider(workspace: Any, names: list[str], as_json: bool) -> int:
    from tracker_migrate.engine import jobs

    seen = {name: jobs.verify_outsider(workspace, name) for name in names}
    output.outsiders(seen, as_json)
    return DIFFERENT if any(one.exposed for one in seen.values()) else DONE


def read_back(workspace: Any, names: list[str], level: int, **how: Any) -> dict[str, Any]:
    """Verify each of these targets, and keep what was seen in its folder of reports."""
    from tracker_migrate.engine import jobs

    results = {}
    for name in names:
        with Display(level) as display:
            results[name] = jobs.verify(workspace, name, display, **how)
        output.keep_verified(workspace.reports(name), results[name])
    return results
