"""`map fill`: every name that occurs, offered in the tables."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING, Any

import rich_click as click

from tracker_migrate.cli import screen
from tracker_migrate.cli.opening import opened
from tracker_migrate.cli.options import folder_option, json_option

if TYPE_CHECKING:
    from tracker_migrate.workspace import Workspace

DONE = 0


@click.command()
@folder_option
@click.option("-n", "--dry-run", is_flag=True, help="Write nothing; say what would be.")
@click.option("--ask", is_flag=True, help="Ask the targets which projects they have.")
@json_option
def fill(folder: str, dry_run: bool, ask: bool, as_json: bool) -> int:
    """Offer every name that occurs in the tables: people, tags, projects, words, and how often.

    An offer is a line that begins with `#?`: nothing is taken from it before somebody takes the
    `#?` away. What a table tells of already stays as it is, to the letter; so this can be done
    again whenever more was read.

    Example: `tracker-migrate map fill -C nova-move`
    """
    from tracker_migrate.engine.filling import Filling

    with opened(folder) as workspace:
        places = places_of(workspace, list(workspace.settings.targets)) if ask else {}
        filled = Filling(workspace, places).run(dry_run=dry_run)
    if as_json:
        screen.document({"offered": filled.offered})
    else:
        say_filled(filled, dry_run)
    return DONE


def places_of(workspace: Workspace, names: list[str]) -> dict[str, list[str]]:
    """The names of each target's projects, where it tells them. Raises what asking does."""
    from tracker_migrate.abilities import ListsPlaces
    from tracker_migrate.engine.target import Target

    places = {}
    for name in names:
        with closing(Target(workspace, name)) as target:
            if isinstance(target.sink, ListsPlaces):
                places[name] = list(target.sink.places())
    return places


def say_filled(filled: Any, dry_run: bool = False) -> None:
    """How many lines were offered in each table."""
    would = "would be " if dry_run else ""
    for table, count in filled.offered.items():
        screen.echo(f"  {count} lines {would}offered in mappings/{table}")
