"""`handover`: telling the source, and whoever reads there, where everything is by now."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import Any

import rich_click as click

from tracker_migrate.cli import counting, output, screen
from tracker_migrate.cli.display import Display
from tracker_migrate.cli.opening import opened
from tracker_migrate.cli.options import common, json_option, only_option, target_option
from tracker_migrate.errors import UsageError

DONE, SOME_LEFT = 0, 3


@click.command()
@common
@target_option
@only_option
@json_option
@click.option("--all", "every", is_flag=True, help="Closed bugs and duplicates, too.")
@click.option("--undo", is_flag=True, help="Take back what was said.")
@click.option("-y", "--yes", is_flag=True, help="Don't ask.")
def handover(
    folder: str,
    level: int,
    dry_run: bool,
    target: str | None,
    only: Any,
    as_json: bool,
    every: bool,
    undo: bool,
    yes: bool,
) -> int:
    """Say on each open bug at the source where it is by now: a comment, a tag, a status, as
    [handover] of migration.toml says.

    It counts first who will be mailed, and asks; with -n it does no more. It may be interrupted and
    run again at any time: nothing is said twice. --undo hides its comments and puts tags and
    statuses back, unless somebody has changed them since. docs/handover.md goes through a cut-over.

    Example: `tracker-migrate handover -C nova-move -n`
    """
    from tracker_migrate.engine import cutover

    with opened(folder) as workspace:
        name = cutover.handover_target(workspace, target)
        with workspace.coordinating():
            if undo:
                done = _undone(workspace, name, level, only, dry_run, yes)
                _say(done, undo=True, dry_run=dry_run, as_json=as_json)
                return _status(done)
            about, left_out = cutover.handover_mailing(workspace, name, only=only, every=every)
            if dry_run:
                _say_plan(about, left_out, as_json)
                return DONE
            if about.issues and not yes:
                _ask(name, about, left_out)
            with Display(level) as display:
                done = cutover.handover(workspace, name, display, only=only, every=every)
        _say(done, undo=False, dry_run=False, as_json=as_json)
    return _status(done)


def _undone(workspace: Any, name: str, level: int, only: Any, dry_run: bool, yes: bool) -> Any:
    from tracker_migrate.engine import cutover

    if not dry_run and not yes:
        would = cutover.handover_undo(workspace, name, only=only, dry_run=True)
        if would.issues:
            _must_be_asked()
            for line in _counts(would, "would be taken back"):
                screen.echo(line, err=True)
            screen.echo("tags and statuses that are put back are mailed to people", err=True)
            click.confirm("Take this back?", abort=True, err=True)
    with Display(level) as display:
        return cutover.handover_undo(workspace, name, display, only=only, dry_run=dry_run)


def _must_be_asked() -> None:
    if not sys.stdin.isatty():
        raise UsageError("nobody is there to be asked whether to do this: say so with -y")


def _ask(name: str, about: Any, left_out: Any) -> None:
    """Raises UsageError if nobody can be asked, Abort if the answer is no."""
    _must_be_asked()
    for line in (f"where they are at {name}:", *_about(about, left_out)):
        screen.echo(line, err=True)
    click.confirm("Say this at the source?", abort=True, err=True)


def _status(done: Any) -> int:
    return SOME_LEFT if done.refused or done.left else DONE


# -- in words -------------------------------------------------------------------------------------


def _say_plan(about: Any, left_out: Any, as_json: bool) -> None:
    if as_json:
        found = {**output.plain(about), "already": left_out.already}
        output.document({**found, "skipped": dict(left_out.skipped)})
        return
    for line in ("would say where they are:", *_about(about, left_out)):
        screen.echo(line)


def _about(about: Any, left_out: Any) -> Iterator[str]:
    private = f", {about.private} of them not public" if about.private else ""
    yield f"{about.issues:>10} bugs{private}"
    yield f"{'':>10} {about.comments} comments, {about.tags} tags, {about.statuses} statuses"
    yield from _mails(about)
    if left_out.already:
        yield f"{left_out.already:>10} on which all is said already"
    yield from _skipped(left_out)


def _mails(about: Any) -> Iterator[str]:
    if about.quiet:
        yield f"{'':>10} nobody is mailed (handover.mail = false)"
        return
    yield (
        f"{about.mails:>10} mails to {about.people} people and {about.teams} teams that have "
        "subscribed to these bugs, or are assigned"
    )
    for place, many in about.beside.items():
        if many is None:
            yield f"{'?':>10} more to who has subscribed to {place}: the source does not say"
        elif many:
            yield f"{many:>10} more have subscribed to {place}: each gets up to all of it"


def _skipped(done: Any) -> Iterator[str]:
    for reason, many in sorted(done.skipped.items()):
        yield f"{many:>10} left out: {reason}"


def _say(done: Any, *, undo: bool, dry_run: bool, as_json: bool) -> None:
    if as_json:
        output.document({**output.plain(done), "skipped": dict(done.skipped)})
        return
    did = ("would be taken back" if dry_run else "taken back") if undo else "said"
    for line in _counts(done, did):
        screen.echo(line)
    if done.already:
        screen.echo(f"{done.already:>10} on which all was said already")
    if done.found:
        screen.echo(f"{done.found:>10} requests in doubt, and found carried out")
    if done.was:
        screen.echo(f"{done.was:>10} tags or statuses that were so already")
    for line in (*_skipped(done), *counting.reasons(done.left, "left as somebody has changed it")):
        screen.echo(line)
    for line in counting.reasons(
        done.refused, "could not be told: run it again when that is mended"
    ):
        screen.echo(line)


def _counts(done: Any, did: str) -> Iterator[str]:
    yield f"handover, {did}: {done.issues} bugs"
    yield f"{'':>10} {done.comments} comments, {done.tags} tags, {done.statuses} statuses"
