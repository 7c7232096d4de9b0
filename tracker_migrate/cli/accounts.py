"""`map create people`: accounts at a target for authors who have none there."""

from __future__ import annotations

import sys
from typing import Any

import rich_click as click

from tracker_migrate.cli import screen
from tracker_migrate.cli.opening import opened, targets_of
from tracker_migrate.cli.options import folder_option, json_option, target_option
from tracker_migrate.errors import UsageError

DONE, SOME = 0, 3
_SHOWN = 20


@click.group()
def create() -> None:
    """Have what is missing made at a target.

    Example: `tracker-migrate map create people -C nova-move -T new`
    """


@create.command()
@folder_option
@click.option("-n", "--dry-run", is_flag=True, help="Write nothing; say what would be.")
@click.option("-y", "--yes", is_flag=True, help="Don't ask.")
@target_option
@json_option
def people(folder: str, dry_run: bool, yes: bool, target: str | None, as_json: bool) -> int:
    """Make an account for each author of public issues who has no row in people.csv, and add one.

    It shows a name to everybody, and an address that leads nowhere; nobody can log in with it. It
    can't be deleted again through the API. StoryBoard alone, for a superuser, and only where the
    settings say people = "created".

    Example: `tracker-migrate map create people -C nova-move -T new`
    """
    from contextlib import closing

    from tracker_migrate.engine import accounts
    from tracker_migrate.engine.target import Target

    told: dict[str, Any] = {}
    with opened(folder) as workspace:
        for name in targets_of(workspace, target):
            at = Target(workspace, name)
            with closing(at):
                wanted = accounts.wanting(at)
                if dry_run or not wanted:
                    told[name] = [
                        accounts.Made(person=one.name, name=one.display_name) for one in wanted
                    ]
                    continue
                if not yes:
                    _ask(len(wanted), name)
                told[name] = accounts.make(at, wanted)
    _report(told, dry_run, as_json)
    return SOME if any(one.refused for made in told.values() for one in made) else DONE


def _ask(count: int, target: str) -> None:
    """Raises UsageError if nobody can be asked, Abort if the answer is no."""
    if not sys.stdin.isatty():
        raise UsageError(f"nobody is there to be asked about {count} new accounts: say so with -y")
    click.confirm(f"Make {count} accounts at {target}, for everybody to see?", abort=True, err=True)


def _report(told: dict[str, Any], dry_run: bool, as_json: bool) -> None:
    if as_json:
        import msgspec

        screen.document({name: msgspec.to_builtins(made) for name, made in told.items()})
        return
    for name, made in told.items():
        done = [one for one in made if not one.refused]
        verb = "would be made" if dry_run else "were made"
        screen.echo(f"map {name}: {len(done)} accounts {verb}")
        for one in done[:_SHOWN]:
            screen.echo(f"  {one.person}  {one.name}  {one.account}".rstrip())
        if len(done) > _SHOWN:
            screen.echo(f"  and {len(done) - _SHOWN} more")
        for one in made:
            if one.refused:
                screen.echo(f"  not made: {one.person}: {one.refused}")
