"""`evaluate`: StoryBoard, Maniphest, or stay? Needs no target, and no workspace."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import rich_click as click

from tracker_migrate.cli import screen
from tracker_migrate.cli.display import Display
from tracker_migrate.cli.options import as_option, json_option
from tracker_migrate.cli.outfile import keep, must_have_folder
from tracker_migrate.errors import UsageError

DONE, SOME_UNREAD = 0, 3
_FEW = 5


@click.command()
@click.option("-C", "folder", metavar="DIR", help="A workspace: its archive, tables, targets.")
@click.option(
    "--sample",
    type=click.IntRange(1),
    default=200,
    show_default=True,
    help="Look at so many issues, drawn evenly from all that are listed.",
)
@click.option("--all", "everything", is_flag=True, help="Look at all issues instead.")
@as_option
@click.option("--address", help="The source's API, if it is not the usual one.")
@click.option(
    "-o", "--out", type=click.Path(path_type=Path, dir_okay=False), help="The page's file."
)
@click.option(
    "--rows",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Write project, sink, field, outcome, n as CSV, too.",
)
@click.option("-q", "--quiet", is_flag=True, help="Say nothing but results and errors.")
@json_option
@click.argument("specs", nargs=-1, metavar="[SPEC]...")
def evaluate(
    folder: str | None,
    sample: int,
    everything: bool,
    trackers: tuple[str, ...],
    address: str | None,
    out: Path | None,
    rows: Path | None,
    quiet: bool,
    as_json: bool,
    specs: tuple[str, ...],
) -> int:
    """StoryBoard, Maniphest, or stay? What each would keep, and lose; what it takes. Writes a page.

    Reads a sample of a project as everybody may read it, and asks no target. With -C it is about
    what that workspace has read, by its tables, for its targets.

    Example: `tracker-migrate evaluate launchpad:lava --sample 200`
    """
    from tracker_migrate.engine.evaluate import evaluate as evaluated
    from tracker_migrate.engine.target import Target
    from tracker_migrate.report import evaluation

    must_have_folder("-o", out)
    must_have_folder("--rows", rows)
    with (
        Display(-1 if quiet else 0) as display,
        _held(folder, specs, trackers, 0 if everything else sample, address, display) as held,
    ):
        workspace, names, listed = held
        targets = [Target(workspace, name) for name in names]
        found = evaluated(workspace.archive, targets, workspace.settings.source.specs, listed)
    if not found.issues:
        raise UsageError(f"{', '.join(found.specs)} has no issue that {found.viewer} may read")
    out = out or Path(f"evaluate-{_file_name(found.specs)}.html")
    keep(out, [evaluation.page(found)])
    if rows is not None:
        keep(rows, evaluation.table(found.rows))
    _say(found, out, as_json)
    return SOME_UNREAD if found.unread else DONE


@contextmanager
def _held(
    folder: str | None,
    specs: tuple[str, ...],
    trackers: tuple[str, ...],
    most: int,
    address: str | None,
    display: Display,
) -> Iterator[tuple[Any, list[str], int]]:
    """The workspace, the names of its targets that are asked for, and how many issues there are."""
    if folder is not None:
        if specs or address:
            raise UsageError(
                "with -C it is that workspace's archive: name no SPEC and no --address"
            )
        from tracker_migrate.cli.opening import opened, targets_of

        with opened(folder) as workspace:
            yield workspace, _wanted(workspace, targets_of(workspace, None), trackers), 0
        return
    if not specs:
        raise UsageError("name what to look at, as launchpad:PROJECT, or a workspace with -C")
    from tracker_migrate import registry
    from tracker_migrate.engine.glimpse import sample

    names = list(trackers or registry.names("planners"))
    for name in names:
        registry.known("planners", name)
    with sample(specs, names, most, address, display) as (workspace, listed):
        yield workspace, names, listed


def _wanted(workspace: Any, names: list[str], trackers: tuple[str, ...]) -> list[str]:
    sinks = {name: workspace.settings.targets[name]["sink"].partition(":")[0] for name in names}
    found = [one for one in names if not trackers or one in trackers or sinks[one] in trackers]
    if not found:
        raise UsageError(f"--as {' --as '.join(trackers)}: the workspace has no such target")
    return found


def _file_name(specs: list[str]) -> str:
    kept = [one.partition(":")[2] for one in specs[:3]]
    return "".join(c if c.isalnum() or c in "-._" else "-" for c in "-".join(kept)).lstrip(".")


def _say(found: Any, out: Path, as_json: bool) -> None:
    if as_json:
        import msgspec

        screen.document({**msgspec.to_builtins(found), "page": str(out)})
        return
    screen.echo(
        f"{found.issues} of {found.listed} issues, as {found.viewer} may read them"
        + (f"; {found.unread} could not be read" if found.unread else "")
    )
    for name, cells in _lines(found):
        screen.echo(f"{name:18}" + "".join(f"{cell:>32}" for cell in cells).rstrip())
    for column in found.columns:
        _say_losses(column)
    if found.method:
        screen.echo(f"in all: {found.method}")
    together = [wave for wave in found.waves if len(wave) > 1]
    if together:
        screen.echo(f"move together: {'; '.join(', '.join(wave) for wave in together[:_FEW])}")
    screen.echo(f"look at: {out}")


def _lines(found: Any) -> Iterator[tuple[str, list[str]]]:
    from tracker_migrate.report.plots import hours

    columns = found.columns
    yield "", [one.sink for one in columns]
    yield "would be there", [f"{one.moved}{_all(one.whole_moved)}" for one in columns]
    yield "refused", [str(sum(some.issues for some in one.refused.values())) for one in columns]
    for outcome in ("native", "text", "lost"):
        yield f"fields {outcome}", [str(one.outcomes()[outcome]) for one in columns]
    yield (
        "requests",
        [f"{sum(one.requests.values())}{_all(one.whole_requests)}" for one in columns],
    )
    yield "time, in all", [_time(one, hours) for one in columns]
    for state in ("lifted", "partly", "open"):
        yield f"blockers {state}", [str(_count(one, state)) for one in columns]


def _all(estimate: Any) -> str:
    """About how much it is in all, if it was found in a sample."""
    return f" (in all {estimate.low} to {estimate.high})" if estimate is not None else ""


def _time(column: Any, hours: Callable[[float | None], str]) -> str:
    whole = column.whole_seconds
    return hours(column.seconds) if whole is None else f"{hours(whole.low)} to {hours(whole.high)}"


def _count(column: Any, state: str) -> int:
    """Complaints in a state that at least one issue has to do with."""
    return sum(each.blocker.state == state and each.some.issues > 0 for each in column.hindrances)


def _say_losses(column: Any) -> None:
    from tracker_migrate.report.evaluation import losses

    lost = losses(column)
    for one in lost[:_FEW]:
        screen.echo(f"  {column.sink} loses {one.what} ({one.some.issues}): {one.reason}")
    if len(lost) > _FEW:
        screen.echo(f"  {column.sink}: {len(lost) - _FEW} more losses are on the page")
