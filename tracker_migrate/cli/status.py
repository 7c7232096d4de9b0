"""`status`: where a workspace stands, without asking any server."""

from __future__ import annotations

import rich_click as click

from tracker_migrate.cli import output
from tracker_migrate.cli.opening import opened
from tracker_migrate.cli.options import common, json_option, target_option

DONE, SOME_REFUSED = 0, 3


@click.command()
@common
@target_option
@json_option
@click.option("--refused", is_flag=True, help="Name each issue that is refused or set aside.")
@click.option("--check", is_flag=True, help="End with 3 if anything is left to look at.")
def status(
    folder: str,
    level: int,
    dry_run: bool,
    target: str | None,
    as_json: bool,
    refused: bool,
    check: bool,
) -> int:
    """Say where we stand: what was read, written, refused, set aside. Asks no server.

    Example: `tracker-migrate status -C nova-move --refused`
    """
    from tracker_migrate.cli.standing import standing

    with opened(folder) as workspace:
        found = standing(workspace, workspace.targets(target), refused)
        output.standing(found, as_json)
    return SOME_REFUSED if check and found["left"] else DONE
