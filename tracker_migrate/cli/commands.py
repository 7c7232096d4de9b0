"""The commands: what each takes, and what it prints. The work is done by `engine.jobs`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import rich_click as click

from tracker_migrate import __version__
from tracker_migrate.cli import output
from tracker_migrate.cli.adopt import adopt
from tracker_migrate.cli.backdate import backdate
from tracker_migrate.cli.compact import compact
from tracker_migrate.cli.completion import completion
from tracker_migrate.cli.display import Display
from tracker_migrate.cli.doctor import doctor
from tracker_migrate.cli.evaluate import evaluate
from tracker_migrate.cli.export import export
from tracker_migrate.cli.handover import handover
from tracker_migrate.cli.init import init
from tracker_migrate.cli.login import login
from tracker_migrate.cli.losses import losses
from tracker_migrate.cli.map import map_
from tracker_migrate.cli.opening import opened, targets_of
from tracker_migrate.cli.options import (
    common,
    json_option,
    only_option,
    target_option,
    workers_option,
)
from tracker_migrate.cli.plan import plan
from tracker_migrate.cli.privacy import hide, readers
from tracker_migrate.cli.purge import purge
from tracker_migrate.cli.show import show
from tracker_migrate.cli.status import status
from tracker_migrate.cli.sync import pause, resume, sync
from tracker_migrate.cli.undo import undo
from tracker_migrate.cli.verify import read_back, verify
from tracker_migrate.cli.worker import worker
from tracker_migrate.errors import UsageError

click.rich_click.TEXT_MARKUP = "markdown"
click.rich_click.MAX_WIDTH = 100

DONE, SOME_REFUSED, DIFFERENT = 0, 3, 4

EPILOG = (
    "Exit status: 0 done · 1 failed · 2 usage or settings · 3 done, some refused or set aside · "
    "4 differences found · 5 locked · 6 unreachable, try again · 7 login needed · "
    "8 a brake: a person decides · 130 Ctrl-C"
)


@click.group(epilog=EPILOG, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="tracker-migrate")
def cli() -> None:
    """Move bugs and blueprints from Launchpad to StoryBoard and Maniphest: once, and shown.

    Try it without any account: `tracker-migrate demo`
    """


for _command in (
    init, evaluate, plan, losses, map_, doctor, show, login, readers, hide, purge, adopt, backdate,
    export, verify, status, compact, completion, sync, pause, resume,
    undo, handover, worker,
):  # fmt: skip
    cli.add_command(_command)


@cli.command()
@common
@only_option
@json_option
@click.option("--full", is_flag=True, help="Read the whole listing again, not only what changed.")
@click.option("--limit", type=click.IntRange(1), help="Only the newest N bugs.")
@click.option("--accept", is_flag=True, help="Believe that issues are gone, however many.")
def pull(
    folder: str,
    level: int,
    dry_run: bool,
    only: Any,
    as_json: bool,
    full: bool,
    limit: int | None,
    accept: bool,
) -> int:
    """Read what changed at the source into the archive.

    Example: `tracker-migrate pull -C nova-move --limit 200`
    """
    from tracker_migrate.engine import jobs

    with opened(folder) as workspace:
        if dry_run:
            return _check_source(workspace, jobs, as_json)
        with workspace.coordinating(), Display(level) as display:
            pulled = jobs.pull(workspace, display, full=full, limit=limit, only=only, accept=accept)
        output.pulled(pulled, workspace.archive, as_json)
    return SOME_REFUSED if pulled.unread else DONE


def _check_source(workspace: Any, jobs: Any, as_json: bool) -> int:
    source = jobs.open_source(workspace)
    try:
        output.facts(source.check(), as_json)
    finally:
        source.close()
    return DONE


@cli.command()
@common
@target_option
@only_option
@json_option
@click.argument("planned", required=False, type=click.Path(path_type=Path))
@click.option("--limit", type=click.IntRange(1), help="Only the first N issues with news.")
@click.option("--retry", is_flag=True, help="Try now, too, what was set aside and rests.")
@workers_option
def apply(
    folder: str,
    level: int,
    dry_run: bool,
    target: str | None,
    only: Any,
    as_json: bool,
    planned: Path | None,
    limit: int | None,
    retry: bool,
    workers: bool,
) -> int:
    """Write what is missing at the target: once, however often it is run or interrupted.

    With the file of a plan it does just what that says, or stops. An issue that fails is set aside
    and the others go on; it is tried again by the next run, then at growing intervals, and at once
    when it or a table changes, or with --retry.

    Example: `tracker-migrate apply -C nova-move -T new first.plan`
    """
    from tracker_migrate.engine import jobs

    with opened(folder) as workspace:
        names = targets_of(workspace, target)
        if planned is not None and len(names) > 1:
            raise UsageError("a plan is one target's: name it with -T")
        if dry_run:
            results = {n: jobs.plan(workspace, n, only=only, losses=False) for n in names}
            output.planned(results, as_json)
            return DONE
        how = {"only": only, "limit": limit, "planned": planned, "retry": retry}
        how |= {"workers": workers}
        results = _apply(workspace, names, level, **how)
        output.applied(results, as_json)
    return _left(results)


def _apply(workspace: Any, names: list[str], level: int, **how: Any) -> dict[str, Any]:
    from tracker_migrate.engine import jobs

    results = {}
    with workspace.coordinating():
        with Display(level) as display:
            failed = jobs.close_first(workspace, names, display)
        for name in names:
            with Display(level) as display:
                results[name] = jobs.apply(workspace, name, display, **how)
    if failed:
        raise failed[0]
    return results


def _left(results: dict[str, Any]) -> int:
    return SOME_REFUSED if any(one.left for one in results.values()) else DONE


@cli.command()
@common
@target_option
@only_option
@json_option
@click.option("--limit", type=click.IntRange(1), help="Only the newest N bugs.")
@workers_option
def run(
    folder: str,
    level: int,
    dry_run: bool,
    target: str | None,
    only: Any,
    as_json: bool,
    limit: int | None,
    workers: bool,
) -> int:
    """Pull, plan, apply, verify: a whole migration, or what is left of it.

    Example: `tracker-migrate run -C nova-move`
    """
    from tracker_migrate.engine import jobs

    with opened(folder) as workspace:
        names = targets_of(workspace, target)
        with workspace.coordinating(), Display(level) as display:
            pulled = jobs.pull_for(workspace, names, display, limit=limit, only=only)
        plans = {name: jobs.plan(workspace, name, only=only) for name in names}
        if dry_run:
            output.planned(plans, as_json)
            return DONE
        if not as_json:
            output.pulled(pulled, workspace.archive, False)
            output.planned(plans, False)
        written = _apply(workspace, names, level, only=only, workers=workers)
        if not as_json:
            output.applied(written, False)
        checked = read_back(workspace, names, level, only=only)
        if as_json:
            output.whole_run(pulled, plans, written, checked, workspace.archive)
        else:
            output.verified(checked, False)
    if not all(one.agrees for one in checked.values()):
        return DIFFERENT
    return max(_left(written), SOME_REFUSED if pulled.unread else DONE)


@cli.command()
@click.argument("folder", type=click.Path(path_type=Path), default="demo")
@click.option(
    "--from",
    "source",
    metavar="SPEC",
    help="Read a real project of Launchpad, anonymously, instead of a made-up one.",
)
@click.option(
    "--limit",
    type=click.IntRange(1),
    default=200,
    show_default=True,
    help="With --from: only the newest N bugs.",
)
@click.option(
    "--bugs",
    type=click.IntRange(10),
    default=700,
    show_default=True,
    help="Size of the made-up project.",
)
@click.option("--blueprints", type=click.IntRange(0), default=60, show_default=True)
@click.option("--seed", type=int, default=1, show_default=True)
def demo(
    folder: Path, source: str | None, limit: int, bugs: int, blueprints: int, seed: int
) -> int:
    """Move a made-up project into both trackers, be killed half-way, go on, and verify.

    No account is needed, and nothing leaves this machine (but reads, with --from).

    Example: `tracker-migrate demo` · `tracker-migrate demo --from launchpad:lava --limit 100`
    """
    from tracker_migrate.cli.demo import Demo

    return Demo(folder, source, limit, bugs, blueprints, seed).run()
