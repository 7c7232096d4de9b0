"""`init`: a new workspace."""

from __future__ import annotations

from pathlib import Path

import rich_click as click

from tracker_migrate.cli import output
from tracker_migrate.cli.options import json_option

DONE = 0


@click.command()
@click.argument("folder", type=click.Path(path_type=Path))
@click.option(
    "--from",
    "sources",
    multiple=True,
    required=True,
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
@json_option
def init(
    folder: Path,
    sources: tuple[str, ...],
    targets: tuple[str, ...],
    address: str | None,
    private: bool,
    as_json: bool,
) -> int:
    """Make a workspace: settings, tables, and a place for state.

    Example: `tracker-migrate init nova-move --from launchpad:nova --to
    new=storyboard:https://storyboard.example.org/api`
    """
    from tracker_migrate.cli.making import make

    output.made(make(folder, sources, targets, address, private), as_json)
    return DONE
