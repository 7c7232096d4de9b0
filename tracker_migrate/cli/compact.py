"""`compact`: giving back the room that the database no longer needs."""

from __future__ import annotations

import msgspec
import rich_click as click

from tracker_migrate.cli import screen
from tracker_migrate.cli.opening import opened
from tracker_migrate.cli.options import common, json_option

DONE = 0


@click.command()
@common
@json_option
def compact(folder: str, level: int, dry_run: bool, as_json: bool) -> int:
    """Rewrite the workspace's database without what is free in it. Nothing is forgotten.

    It needs room for two more of them on the disk for as long as it works, and the workspace to
    itself: `sync` waits meanwhile.

    Example: `tracker-migrate compact -C nova-move`
    """
    from tracker_migrate.engine.compacting import compact as compact_

    with opened(folder) as workspace, workspace.coordinating():
        found = compact_(workspace, dry_run=dry_run)
    if as_json:
        screen.document({**msgspec.to_builtins(found), "dry_run": dry_run})
    elif not found.before:
        screen.echo("the database is not on this machine" if dry_run else "rewritten")
    else:
        would = "would be" if dry_run else "is"
        screen.echo(f"the database {would} {_mb(found.after)} MB; it was {_mb(found.before)}")
    return DONE


def _mb(size: int) -> str:
    return f"{size / 10**6:.1f}"
