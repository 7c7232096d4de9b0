"""`undo`: taking back what this workspace wrote to a target."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from typing import Any

import rich_click as click

from tracker_migrate.cli import counting, output, screen
from tracker_migrate.cli.opening import opened, targets_of
from tracker_migrate.cli.options import common, json_option, only_option, target_option
from tracker_migrate.errors import UsageError

DONE, SOME_LEFT = 0, 3


@click.command()
@common
@target_option
@only_option
@json_option
@click.option("-y", "--yes", is_flag=True, help="Don't ask.")
def undo(
    folder: str,
    level: int,
    dry_run: bool,
    target: str | None,
    only: Any,
    as_json: bool,
    yes: bool,
) -> int:
    """Take back what this workspace wrote to a target, where the target allows that.

    StoryBoard deletes; Maniphest closes for all but the importing account, and the commands are
    printed with which an administrator destroys the rest. What somebody else has worked on stays as
    it is, and is named. It asks first, may be interrupted and run again at any time, and the next
    apply or run makes everything anew. docs/undo.md says what stays.

    Example: `tracker-migrate undo -C nova-move -T rehearsal`
    """
    from tracker_migrate.cli.display import Display
    from tracker_migrate.engine import jobs

    undone = {}
    with opened(folder) as workspace:
        names = targets_of(workspace, target)
        if len(names) > 1:
            raise UsageError("undo takes back at one target: name it with -T")
        with workspace.coordinating():
            for name in names:
                if not dry_run and not yes:
                    sink = workspace.settings.targets[name]["sink"]
                    _ask(name, str(sink), jobs.undo_outlook(workspace, name, only))
                with Display(level) as display:
                    undone[name] = jobs.undo(workspace, name, display, only=only, dry_run=dry_run)
        _say(undone, dry_run, as_json)
    return SOME_LEFT if any(one.spared or one.failed for one in undone.values()) else DONE


def _ask(name: str, sink: str, outlook: Any) -> None:
    """Raises UsageError if nobody can be asked, Abort if the answer is no."""
    if not sys.stdin.isatty():
        raise UsageError("nobody is there to be asked whether to take this back: say so with -y")
    screen.echo(f"at {name} ({sink}), of {outlook.issues} issues:", err=True)
    for line in _counts(outlook, "would be"):
        screen.echo(line, err=True)
    screen.echo("what somebody else has worked on is left as it is", err=True)
    click.confirm("Take this back?", abort=True, err=True)


def _say(undone: Mapping[str, Any], dry_run: bool, as_json: bool) -> None:
    if as_json:
        output.document({name: output.plain(one) for name, one in undone.items()})
        return
    for name, one in undone.items():
        said = "would take back" if dry_run else "taken back"
        screen.echo(f"{said} {name}: {one.issues} issues")
        for line in _lines(one, "would be" if dry_run else "were"):
            screen.echo(line)
        for line in one.advice:
            screen.echo(line, whole=True)  # commands, to be run as they are


def _lines(one: Any, would: str) -> Iterator[str]:
    yield from _counts(one, would)
    if one.found:
        yield f"{one.found:>10} requests in doubt, and found carried out"
    yield from counting.reasons(one.spared, "issues left as they are")
    yield from counting.reasons(one.failed, "issues that could not be taken back: run it again")
    for kind, names in one.shared.items():
        some = ", ".join(names[: counting.MANY]) + (" …" if len(names) > counting.MANY else "")
        yield f"{len(names):>10} {kind}: stays, for others may use it: {some}"
    if one.left:
        yield f"{len(one.left):>10} taken back, and there until an administrator destroys them"


def _counts(one: Any, would: str) -> Iterator[str]:
    for kind, many in sorted(one.deleted.items()):
        yield f"{many:>10} {kind}: {would} deleted"
    for kind, many in sorted(one.closed.items()):
        yield f"{many:>10} {kind}: {would} closed for all but the importing account"
