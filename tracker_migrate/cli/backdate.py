"""`backdate`: authors and dates in a target's own database, or the SQL for its administrator."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import rich_click as click

from tracker_migrate.cli import output, screen
from tracker_migrate.cli.opening import opened, targets_of
from tracker_migrate.cli.options import common, json_option, target_option
from tracker_migrate.cli.outfile import named
from tracker_migrate.errors import UsageError

DONE, SOME_LEFT, DIFFERENT = 0, 3, 4
_MANY = 40


@click.command()
@common
@target_option
@json_option
@click.option("--sql", "as_sql", is_flag=True, help="Print the statements, and run none.")
@click.option(
    "-o",
    "--out",
    type=click.Path(path_type=Path, dir_okay=False),
    help="With --sql: into a file that only you may read.",
)
@click.option(
    "--confirm",
    is_flag=True,
    help="Somebody has run them: look at the target, and know what stands there now.",
)
def backdate(
    folder: str,
    level: int,
    dry_run: bool,
    target: str | None,
    as_json: bool,
    as_sql: bool,
    out: Path | None,
    confirm: bool,
) -> int:
    """Set authors and dates in the target's own database, which no API of theirs can do.

    Needs [targets.NAME.database] in migration.toml; or its administrator, who runs what --sql
    prints, and --confirm afterwards. Who is who stands in mappings/people.csv: run it again
    whenever that has changed. What stands already is not touched, nor is what others have written.
    With -n it says how many rows of each table it would change.

    Example: `tracker-migrate backdate -C nova-move -T new`
    """
    out = named(out)
    _check(as_sql, as_json, out, confirm, dry_run)
    with opened(folder) as workspace:
        names = targets_of(workspace, target)
        if as_sql:
            found = _printed(workspace, names, out)
            _say_sql(found, out, as_json)
            return _status(found)
        with workspace.coordinating():
            found = {name: _done(workspace, name, level, dry_run, confirm) for name in names}
        _say(found, dry_run, as_json)
    return _status(found)


def _check(as_sql: bool, as_json: bool, out: Path | None, confirm: bool, dry_run: bool) -> None:
    if confirm and (as_sql or dry_run):
        raise UsageError("--confirm is for when the statements were run: without --sql and -n")
    if out is not None and not as_sql:
        raise UsageError("-o is for --sql")
    if as_sql and as_json and out is None:
        raise UsageError("--sql and --json together need a file for the SQL: -o FILE")


def _done(workspace: Any, name: str, level: int, dry_run: bool, confirm: bool) -> Any:
    from tracker_migrate.cli.display import Display
    from tracker_migrate.engine import jobs

    with Display(level) as display:
        if confirm:
            return jobs.backdate_confirm(workspace, name, display)
        return jobs.backdate(workspace, name, display, dry_run=dry_run)


def _status(found: dict[str, Any]) -> int:
    if any(one.left or one.unprintable for one in found.values()):
        return SOME_LEFT
    return DIFFERENT if any(one.waiting for one in found.values()) else DONE


# -- SQL ------------------------------------------------------------------------------------------


def _printed(workspace: Any, names: list[str], out: Path | None) -> dict[str, Any]:
    """All statements into a file, which is shown or kept when they are all there: they hold what
    not everybody may read."""
    from tracker_migrate.engine import jobs
    from tracker_migrate.workspace.outfile import written

    held, found = out or workspace.state / "backdate.sql", {}
    try:
        with written(held, private=True) as file:
            for name in names:

                def say(statement: str) -> None:
                    end = "" if statement.startswith("--") else ";"
                    file.write(f"{statement}{end}\n".encode())

                found[name] = jobs.backdate_statements(workspace, name, say)
        for line in _lines(held) if out is None else ():
            screen.echo(line, whole=True)
    finally:
        if out is None:
            held.unlink(missing_ok=True)
    return found


def _lines(path: Path) -> Iterator[str]:
    with open(path, encoding="utf-8") as file:
        for line in file:
            yield line.rstrip("\n")


def _say_sql(found: dict[str, Any], out: Path | None, as_json: bool) -> None:
    if as_json:
        output.document({name: output.plain(one) for name, one in found.items()})
        return
    for name, one in found.items():
        if out is None:
            for line in _notes(one):
                screen.echo(f"-- {line}")
        else:
            screen.echo(
                f"backdate {name}: have {out} run, then: tracker-migrate backdate --confirm"
            )
            for line in _notes(one):
                screen.echo(f"  {line}")


# -- results --------------------------------------------------------------------------------------


def _say(found: dict[str, Any], dry_run: bool, as_json: bool) -> None:
    if as_json:
        output.document({name: output.plain(one) for name, one in found.items()})
        return
    for name, one in found.items():
        rows = ", ".join(f"{count} {table}" for table, count in sorted(one.rows.items()))
        would = "would change" if dry_run else "changed"
        screen.echo(
            f"backdate {name}: {one.objects} objects, {one.moved} of them by another author · "
            f"{would} {rows or 'no row'}"
        )
        for line in _notes(one):
            screen.echo(f"  {line}")


def _notes(one: Any) -> Iterator[str]:
    """What somebody has to know, or to do."""
    if one.withdrawn:
        yield f"{len(one.withdrawn)} withdrawn that must not stand there: apply opens their issues"
    yield from _named("edited there by somebody, and kept", [f"{k} {f}" for k, f in one.edited])
    yield from _named("left alone", [f"{key}: {why}" for key, why in one.left.items()])
    if one.unprintable:
        yield f"{one.unprintable} not said: their source has changed since: apply, then again"
    if one.waiting:
        yield f"{one.waiting} do not stand so yet: were all statements run?"
    if one.afterwards:
        yield "now have these run on the server:"
        yield from (f"  {command}" for command in one.afterwards)


def _named(meaning: str, lines: list[str]) -> Iterator[str]:
    if not lines:
        return
    yield f"{len(lines)} {meaning}"
    yield from (f"  {line}" for line in lines[:_MANY])
    if len(lines) > _MANY:
        yield f"  … and {len(lines) - _MANY} more: --json names all"
