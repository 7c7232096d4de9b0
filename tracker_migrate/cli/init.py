"""`init`: a new workspace, with tables that hold what is there."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import rich_click as click

from tracker_migrate.cli import screen
from tracker_migrate.cli.options import json_option
from tracker_migrate.errors import UsageError

if TYPE_CHECKING:
    from tracker_migrate.cli.asking import Answers

DONE = 0


@click.command()
@click.argument("folder", required=False, type=click.Path(path_type=Path))
@click.option(
    "--from",
    "sources",
    multiple=True,
    metavar="SPEC",
    help="What to read: launchpad:PROJECT, launchpad:GROUP, "
    "launchpad:ubuntu/+source/PACKAGE. May be given several times.",
)
@click.option(
    "--to",
    "targets",
    multiple=True,
    metavar="NAME=SINK:URL",
    help="Where to write: new=storyboard:https://… or old=maniphest:https://…",
)
@click.option("--address", help="The source's API, if it is not the usual one.")
@click.option("--private", is_flag=True, help="Read issues that are not public, too.")
@click.option(
    "--look",
    type=click.IntRange(1),
    default=100,
    show_default=True,
    help="How many of the newest bugs to read for a first look.",
)
@click.option("--offline", is_flag=True, help="Look at nothing: write settings and empty tables.")
@json_option
def init(
    folder: Path | None,
    sources: tuple[str, ...],
    targets: tuple[str, ...],
    address: str | None,
    private: bool,
    look: int,
    offline: bool,
    as_json: bool,
) -> int:
    """Make a workspace: settings, and tables that hold every name that was seen.

    Without FOLDER and --from it asks, if somebody is at the terminal. It reads some of the newest
    bugs, asks the targets for which there is a token, and offers what it found in the tables, with
    how often it occurs. What could not be looked at is told, and how to do so later.

    Example: `tracker-migrate init nova-move --from launchpad:nova --to
    new=storyboard:https://storyboard.example.org/api`
    """
    from tracker_migrate.cli.making import check, make

    said = _said(folder, sources, targets, private, as_json)
    check(said.folder, said.sources, said.targets, address, said.private)
    seen = _there(said.sources, address) if not offline else {}
    made = make(said.folder, said.sources, said.targets, address, said.private, said.chosen, seen)
    try:
        looked = None if offline else _looked(said.folder, look, as_json)
    except KeyboardInterrupt:  # it is made, and can be used: the look was only begun
        _say(made, None, as_json)
        raise
    _say(made, looked, as_json)
    return DONE


def _said(
    folder: Path | None,
    sources: tuple[str, ...],
    targets: tuple[str, ...],
    private: bool,
    as_json: bool,
) -> Answers:
    """What was said by flags, and what is asked for else. Raises UsageError if nobody is there."""
    from tracker_migrate.cli import asking

    if folder is not None and sources:
        return asking.Answers(folder=folder, sources=sources, targets=targets, private=private)
    if not as_json and asking.somebody_is_there():
        return asking.answers(folder, sources, targets, private)
    missing = "FOLDER, where the workspace is to be" if folder is None else "--from launchpad:…"
    raise UsageError(f"init needs {missing}; at a terminal it asks")


def _there(sources: tuple[str, ...], address: str | None) -> Any:
    from tracker_migrate.engine.looking import what_is_there

    return what_is_there(sources, address)


def _looked(folder: Path, most: int, as_json: bool) -> Any:
    from tracker_migrate.cli.display import Display
    from tracker_migrate.engine.looking import look
    from tracker_migrate.workspace import Workspace

    with Workspace(folder) as workspace, Display(-1 if as_json else 0) as display:
        return look(workspace, most, display)


def _say(made: Any, looked: Any, as_json: bool) -> None:
    import msgspec

    if as_json:
        seen = {} if looked is None else msgspec.to_builtins(looked)
        screen.document({**msgspec.to_builtins(made), **seen})
        return
    screen.echo(
        f"made {made.folder}: look at {made.folder}/migration.toml and {made.folder}/mappings/"
    )
    used = {} if looked is None else looked.facts
    for name, places in made.tokens.items():
        if name not in used:
            screen.echo(f"token of {name}: {places}")
    if looked is not None:
        _say_looked(looked)
    screen.echo(f"next: {made.next}")


def _say_looked(looked: Any) -> None:
    screen.echo(f"a first look: {looked.issues} issues were read")
    for table, count in looked.offered.items():
        screen.echo(f"  {count} lines offered in mappings/{table}")
    for name, facts in looked.facts.items():
        screen.echo(f"  {name}: {facts.get('tracker', 'it is there')}")
    for name, count in looked.suggested.items():
        screen.echo(f"  {name}: {count} suggestions in mappings/people.csv")
    for one in looked.unseen:
        screen.echo(f"  not looked at: {one.about}: {one.why}")
        screen.echo(f"    later: {one.later}")
