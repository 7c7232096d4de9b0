"""`map import`: tables that a community has already."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

import rich_click as click

from tracker_migrate.cli import screen
from tracker_migrate.cli.opening import opened, targets_of
from tracker_migrate.cli.options import folder_option, json_option, target_option

if TYPE_CHECKING:
    from tracker_migrate.workspace import Workspace

DONE, DIFFERENCES = 0, 4
_MANY = 20


@click.command("import")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@folder_option
@click.option("-n", "--dry-run", is_flag=True, help="Write nothing; say what would be.")
@click.option(
    "--column",
    "columns",
    multiple=True,
    metavar="WHAT=NAME",
    help="Which column of a CSV file holds what: person, account, login, name, email, created, "
    "project, place. Without it: guessed by the names of the columns.",
)
@click.option("--all", "everything", is_flag=True, help="Of projects: take all, not only those "
              "that the list says are to move (use-storyboard).")  # fmt: skip
@click.option("--ask-source", is_flag=True, help="Of projects: ask the source for unread ones.")
@target_option
@json_option
def import_(
    file: Path,
    folder: str,
    dry_run: bool,
    columns: tuple[str, ...],
    everything: bool,
    ask_source: bool,
    target: str | None,
    as_json: bool,
) -> int:
    """Take suggestions from a table that you have: who is who, or which projects are to move.

    FILE is stackalytics' default_data.json, a JSON object of user names at Launchpad and elsewhere,
    a CSV file with a header, or OpenStack's projects.yaml. People get rows with the state
    `suggested`, projects lines that begin with `#?`: nothing is taken from either, and no row that
    is there is changed. E-mail addresses are compared, and written nowhere. Ends with 4 if a list
    of projects is not quite right.

    Example: `tracker-migrate map import default_data.json -C nova-move -T new`
    """
    from tracker_migrate.mappings import importers

    table = importers.read(file, _columns(columns))
    with opened(folder) as workspace:
        names = targets_of(workspace, target)
        if table.projects:
            with _asking(workspace, ask_source) as is_there:
                done = [_projects(workspace, one, table, is_there, everything, dry_run)
                        for one in names]  # fmt: skip
        else:
            done = [_people(workspace, one, table, dry_run) for one in names]
    if as_json:
        screen.document({one.target: _plain(one) for one in done})
    else:
        screen.echo(f"{file}: {table.kind}")
        for one in done:
            (_say_projects if table.projects else _say_people)(one, dry_run)
    wrong = table.projects and any(one.twice or one.unfit or one.unknown for one in done)
    return DIFFERENCES if wrong else DONE


def _columns(columns: tuple[str, ...]) -> dict[str, str]:
    pairs = (one.partition("=") for one in columns)
    return {what.strip(): name.strip() for what, _, name in pairs}


class _asking:  # noqa: N801
    """Asks the source whether it has a project, if it may be asked."""

    def __init__(self, workspace: Workspace, wanted: bool) -> None:
        self._workspace, self._wanted = workspace, wanted

    def __enter__(self) -> Callable[[str], bool] | None:
        return self._is_there if self._wanted else None

    def __exit__(self, *_error: object) -> None:
        pass

    def _is_there(self, name: str) -> bool:
        from tracker_migrate.engine.looking import has_project

        return has_project(self._workspace, name)


def _people(workspace: Workspace, name: str, table: Any, dry_run: bool) -> Any:
    from tracker_migrate.engine import importing
    from tracker_migrate.engine.target import Target

    with closing(Target(workspace, name)) as target:
        return importing.people(target, table, dry_run=dry_run)


def _projects(
    workspace: Workspace, name: str, table: Any, is_there: Any, everything: bool, dry_run: bool
) -> Any:
    from tracker_migrate.engine import importing
    from tracker_migrate.engine.target import Target

    with closing(Target(workspace, name)) as target:
        how = {"everything": everything, "dry_run": dry_run}
        return importing.projects(target, table, is_there, **how)


def _plain(done: Any) -> dict[str, Any]:
    import msgspec

    from tracker_migrate.engine.guessing import told

    plain: dict[str, Any] = msgspec.structs.asdict(done)
    if "suggested" in plain:
        plain["suggested"] = told(plain["suggested"])
    return plain


def _say_people(done: Any, dry_run: bool) -> None:
    from tracker_migrate.cli.map import say_suggested

    screen.echo(
        f"  {done.read} people, of whom {done.here} occur here; {done.decided} have a row already"
    )
    if done.nameless:
        screen.echo(f"  {done.nameless} have no name of the source: nothing says who they are here")
    if done.others:
        screen.echo(f"  of another date here, and so somebody else: {', '.join(done.others)}")
    if not done.asked:
        screen.echo(f"  {done.target} was not asked who has an account: {done.unasked}")
        screen.echo(f"  later: tracker-migrate map import again, with -T {done.target}")
    say_suggested(done.target, done.suggested, dry_run)
    if done.programs:
        screen.echo(f"  said to be programs: {', '.join(done.programs[:_MANY])}")


def _say_projects(done: Any, dry_run: bool) -> None:
    would = "would be " if dry_run else ""
    screen.echo(
        f"map {done.target}: {done.read} projects, {done.moving} to move; "
        f"{done.offered} lines {would}offered in mappings/projects.csv"
    )
    for source, names in sorted(done.twice.items()):
        screen.echo(f"  several are {source} at the source: {', '.join(names)}")
    for name, becomes in sorted(done.unfit.items()):
        said = f"would be called {becomes}" if becomes else "can't be there"
        screen.echo(f"  twice in the list: {name}" if becomes == name else f"  {name} {said}")
    for name in done.unknown[:_MANY]:
        screen.echo(f"  nothing that was read at the source is called so: {name}")
    if len(done.unknown) > _MANY:
        screen.echo(f"  and {len(done.unknown) - _MANY} more: --json names all")
    if done.unread:
        screen.echo(f"  not in specs of migration.toml: {', '.join(done.unread)}")
