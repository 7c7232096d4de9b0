"""`sync`, `pause` and `resume`: the daemon, and how to make it hold still."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

import rich_click as click

from tracker_migrate.cli import output, screen
from tracker_migrate.cli.display import Display
from tracker_migrate.cli.opening import opened, targets_of
from tracker_migrate.cli.options import common, json_option, only_option, target_option
from tracker_migrate.errors import UsageError
from tracker_migrate.interfaces import Event

if TYPE_CHECKING:
    from tracker_migrate.cli.logs import Log

Listen = Callable[[Event], None]

DONE, SOME_REFUSED = 0, 3


@click.command()
@common
@target_option
@only_option
@json_option
@click.option(
    "--every",
    type=click.FloatRange(1),
    help="Seconds between two rounds; else sync.every of the settings, which is 300.",
)
@click.option("--once", is_flag=True, help="One round only.")
@click.option(
    "--final", "last", is_flag=True, help="Take the last difference, verify, and say GO or NO-GO."
)
@click.option("--quick", is_flag=True, help="With --final: read what changed, and no more.")
@click.option(
    "--log",
    "log",
    metavar="FILE",
    help="One JSON line an event, into a file, or - for the standard output; else sync.log.",
)
def sync(
    folder: str,
    level: int,
    dry_run: bool,
    target: str | None,
    only: Any,
    as_json: bool,
    every: float | None,
    once: bool,
    last: bool,
    quick: bool,
    log: str | None,
) -> int:
    """Keep the targets up to date: pull and apply, again and again, until SIGTERM or Ctrl-C.

    Example: `tracker-migrate sync -C nova-move --every 600`
    """
    from tracker_migrate.engine.daemon import rounds
    from tracker_migrate.engine.watch import Watch

    with opened(folder) as workspace, ExitStack() as stack:
        names = targets_of(workspace, target)
        if last or quick:
            return _final(workspace, names, level, last, quick, dry_run, only, as_json)
        settings = workspace.settings.sync
        log = log or settings.log
        display = stack.enter_context(Display(-1 if log == "-" else level))
        told = _log(stack, workspace, log, level, as_json)
        hear = _all([display, told.hear] if told else [display])
        with workspace.keeping_up():
            pass  # a second one is told so before it finds the port taken
        watch = Watch(workspace, names, hear, keep=not dry_run)
        _look_after(stack, watch, told, settings.listen if not once else None)
        if told:
            told.began(names, settings.every if every is None else every)
        left = False
        for outcome in rounds(
            workspace, names, only=only, every=every, once=once, dry_run=dry_run, watch=watch
        ):
            if told:
                told.round(output.plain(outcome))
            if told is None or log != "-":
                output.round_ended(outcome, as_json)
            left = outcome.left
    return SOME_REFUSED if left else DONE


def _log(
    stack: ExitStack, workspace: Any, where: str | None, level: int, as_json: bool
) -> Log | None:
    """The log, if there is to be one."""
    if where is None:
        return None
    if where == "-" and as_json:
        raise UsageError("--log - and --json both want the standard output: leave one out")
    from tracker_migrate.cli.logs import log_to

    return stack.enter_context(log_to(where, workspace.folder, level))


def _look_after(stack: ExitStack, watch: Any, told: Log | None, listen: str | None) -> None:
    """Have the log, the service manager and a monitor hear how it goes."""
    from tracker_migrate.cli.listening import listening
    from tracker_migrate.cli.notifying import notifying

    if told:
        watch.told.append(told.told)
    if listen is not None:
        stack.enter_context(listening(listen, watch))
    stack.enter_context(notifying(watch))


def _all(listeners: Sequence[Listen]) -> Listen:
    def hear(event: Event) -> None:
        for listen in listeners:
            listen(event)

    return hear


def _final(
    workspace: Any,
    names: Sequence[str],
    level: int,
    last: bool,
    quick: bool,
    dry_run: bool,
    only: Any,
    as_json: bool,
) -> int:
    from tracker_migrate.cli.final import final

    if not last or only is not None:
        raise UsageError("--quick is for --final, and --only is not: the last difference is whole")
    return final(workspace, names, level, quick=quick, dry_run=dry_run, as_json=as_json)


@click.command()
@common
@json_option
def pause(folder: str, level: int, dry_run: bool, as_json: bool) -> int:
    """Have `sync` leave the trackers alone until `resume`: it ends what it is sending, within
    seconds, and waits. Other commands go on as ever.

    Example: `tracker-migrate pause -C nova-move`
    """
    with opened(folder) as workspace:
        new = not dry_run and workspace.paused.begin()
        since = workspace.paused.since()
    if as_json:
        output.document({"paused": since is not None, "since": since, "new": new})
    elif dry_run:
        screen.echo("would pause sync" if since is None else f"is paused since {since}")
    else:
        screen.echo(f"{'paused' if new else 'was paused'} since {since}: resume it with resume")
    return DONE


@click.command()
@common
@json_option
def resume(folder: str, level: int, dry_run: bool, as_json: bool) -> int:
    """Have `sync` go on after `pause`.

    Example: `tracker-migrate resume -C nova-move`
    """
    with opened(folder) as workspace:
        since = workspace.paused.since()
        ended = not dry_run and workspace.paused.end()
    if as_json:
        output.document({"paused": since is not None and not ended, "since": since, "ended": ended})
    elif since is None:
        screen.echo("was not paused")
    else:
        screen.echo(f"{'goes on' if ended else 'would go on'}: it was paused since {since}")
    return DONE
