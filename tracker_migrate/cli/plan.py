"""`plan`: what would be written to a target, what would be lost; and a file that `apply` keeps
to."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import rich_click as click

from tracker_migrate.cli import planned, screen
from tracker_migrate.cli.display import Display
from tracker_migrate.cli.opening import opened, targets_of
from tracker_migrate.cli.options import common, json_option, only_option, target_option
from tracker_migrate.cli.outfile import keep, must_have_folder
from tracker_migrate.errors import UsageError

DONE, DIFFERENT = 0, 4


@click.command()
@common
@target_option
@only_option
@json_option
@click.option(
    "-o",
    "--out",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Keep the plan in a file, for apply.",
)
@click.option(
    "--html",
    "page",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Write a page about the plan: what, why, what is lost, who, how long.",
)
@click.option(
    "--objects", is_flag=True, help="Name every object, those that stay as they are, too."
)
@click.option("--exit-code", is_flag=True, help="End with 4 if there is something to write.")
@click.option("--limit", type=click.IntRange(1), help="Only the first N issues.")
@click.option(
    "--processes",
    type=click.IntRange(1),
    help="How many processes may work at once (as many as processors, up to 8).",
)
def plan(
    folder: str,
    level: int,
    dry_run: bool,
    target: str | None,
    only: Any,
    as_json: bool,
    out: Path | None,
    page: Path | None,
    objects: bool,
    exit_code: bool,
    limit: int | None,
    processes: int | None,
) -> int:
    """See what would be written, and what would be lost. Asks no server, writes nothing.

    The page is one file that works offline; each figure in it opens the issues behind it.

    Example: `tracker-migrate plan -C nova-move -T new -o first.plan --html first.html`
    """
    from tracker_migrate.engine.processes import usual

    with opened(folder) as workspace:
        names = targets_of(workspace, target)
        _check(names, out, page)
        results: dict[str, Any] = {}
        with planned.Objects(workspace.fates) as listed:
            for name in names:
                hear = [listed.of(name)] if objects else []
                how = {"only": only, "limit": limit, "out": out, "whole": objects}
                how["processes"] = processes or usual()
                results[name] = _planned(workspace, name, level, page, hear, **how)
            planned.show(results, as_json, listed if objects else None)
        if page is not None and not as_json:
            screen.echo(f"look at: {page}")
    return DIFFERENT if exit_code and any(one.writes for one in results.values()) else DONE


def _check(names: list[str], out: Path | None, page: Path | None) -> None:
    if out is not None and out.suffix.lower() in (".html", ".htm"):
        raise UsageError(f"-o {out} would be a plan for apply to keep to: --html writes a page")
    if len(names) > 1:
        if out is not None:
            raise UsageError("-o keeps one target's plan: name it with -T")
        if page is not None:
            raise UsageError("--html is one target's page: name the target with -T")
    must_have_folder("-o", out)
    must_have_folder("--html", page)


def _planned(
    workspace: Any,
    name: str,
    level: int,
    page: Path | None,
    hear: list[Callable[[Any], None]],
    **how: Any,
) -> Any:
    from tracker_migrate.engine import planning

    overlook = None
    if page is not None:
        from tracker_migrate.engine.overview import Overlook
        from tracker_migrate.engine.target import Target
        from tracker_migrate.report.plan import page as drawn

        overlook = Overlook(Target(workspace, name))
    with Display(level) as display:
        found = planning.plan(
            workspace,
            name,
            display,
            hear=[*hear, *([overlook] if overlook else ())],
            looks=overlook is not None,
            **how,
        )
    if overlook is not None and page is not None:
        keep(page, [drawn(overlook.result(found))])
    return found
