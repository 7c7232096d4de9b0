"""`verify`: a target read back and compared with what was sent."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import rich_click as click

from tracker_migrate.cli import output, screen
from tracker_migrate.cli.display import Display
from tracker_migrate.cli.opening import opened, targets_of
from tracker_migrate.cli.options import common, json_option, only_option, target_option
from tracker_migrate.cli.outfile import keep, must_have_folder
from tracker_migrate.errors import UsageError

DONE, DIFFERENT = 0, 4
PAGE = "verify.html"


@click.command()
@common
@target_option
@only_option
@json_option
@click.option("--sample", type=click.IntRange(1), help="Only N issues, drawn at random.")
@click.option("--seed", type=int, default=0, help="Draws the same sample again.")
@click.option(
    "--html",
    "page",
    type=click.Path(path_type=Path, dir_okay=False),
    help="The page's file, instead of reports/TARGET/verify.html.",
)
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
    page: Path | None,
    outsider: bool,
) -> int:
    """Read the target back and compare it, field by field, with what was sent. Writes a page.

    The page, reports/TARGET/verify.html, shows each difference with both texts; of what is not
    public it names numbers alone.

    With --outsider: read each private object, the lists, feeds, tags and search hits as somebody
    who must not see them; ends with "0 of N readable".

    Example: `tracker-migrate verify -C nova-move -T new --sample 100`
    """
    with opened(folder) as workspace:
        names = targets_of(workspace, target)
        if outsider:
            return _as_outsider(workspace, names, as_json)
        if page is not None and len(names) > 1:
            raise UsageError("--html is one target's page: name the target with -T")
        must_have_folder("--html", page)
        how = {"only": only, "sample": sample, "seed": seed, "page": page}
        results = read_back(workspace, names, level, **how)
        output.verified(results, as_json)
        if not as_json:
            for name in names:
                screen.echo(f"look at: {page or workspace.reports(name) / PAGE}")
    return DONE if all(one.agrees for one in results.values()) else DIFFERENT


def _as_outsider(workspace: Any, names: list[str], as_json: bool) -> int:
    from tracker_migrate.engine import jobs

    seen = {name: jobs.verify_outsider(workspace, name) for name in names}
    output.outsiders(seen, as_json)
    return DIFFERENT if any(one.exposed for one in seen.values()) else DONE


def read_back(workspace: Any, names: list[str], level: int, **how: Any) -> dict[str, Any]:
    """Verify each of these targets, and keep what was seen in its folder of reports, as a document
    and as a page. page: where that goes instead."""
    from tracker_migrate.engine import jobs

    out, results = how.pop("page", None), {}
    for name in names:
        with Display(level) as display:
            results[name] = jobs.verify(workspace, name, display, **how)
        folder = workspace.reports(name)
        output.keep_verified(folder, results[name])
        _keep_page(workspace, name, results[name], out or folder / PAGE, _drawn(how))
    return results


def _keep_page(workspace: Any, name: str, seen: Any, out: Path, drawn: str) -> None:
    from tracker_migrate.report import verification

    address = workspace.settings.targets[name]["sink"].partition(":")[2]
    keep(out, [verification.page(name, address, seen, datetime.now(UTC), drawn)])


def _drawn(how: dict[str, Any]) -> str:
    """Which part was read, in words."""
    if how.get("sample") is not None:
        return f": {how['sample']} issues, drawn at random"
    return "" if how.get("only") is None else ": those issues that --only took"
