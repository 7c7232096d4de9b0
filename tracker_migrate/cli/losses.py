"""`losses`: what a target makes of every field that a source exports, before anything is read."""

from __future__ import annotations

import rich_click as click

from tracker_migrate.cli import screen
from tracker_migrate.cli.options import as_option, json_option
from tracker_migrate.errors import UsageError

DONE = 0


@click.command()
@as_option
@click.option("--from", "source", default="launchpad", help="The tracker that is read from.")
@click.option("--markdown", "as_markdown", is_flag=True, help="A page, of one tracker.")
@json_option
def losses(trackers: tuple[str, ...], source: str, as_markdown: bool, as_json: bool) -> int:
    """Show what becomes of every field: native, text, or lost and why. Asks no server.

    Every field of Launchpad's API is named, type by type. `plan` counts what becomes of the fields
    that your own issues fill.

    Example: `tracker-migrate losses --as storyboard`
    """
    from tracker_migrate import registry
    from tracker_migrate.report import losses as report

    names = trackers or tuple(registry.names("planners"))
    if as_markdown and len(names) > 1:
        raise UsageError(f"a page is of one tracker: --as {' or --as '.join(names)}")
    found = {name: report.rows(source, name) for name in names}
    if as_json:
        screen.document({name: report.document(held) for name, held in found.items()})
        return DONE
    written = report.markdown if as_markdown else report.lines
    for name, held in found.items():
        for line in written(source, name, held):
            screen.echo(line, whole=True)
    return DONE
