"""`export`: what others need of a migration."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import rich_click as click

from tracker_migrate.cli import screen
from tracker_migrate.cli.opening import opened, targets_of
from tracker_migrate.cli.options import folder_option, json_option, target_option
from tracker_migrate.cli.outfile import keep, named
from tracker_migrate.errors import UsageError

DONE = 0


@click.group()
def export() -> None:
    """Give out what others need of a migration.

    Example: `tracker-migrate export redirects -C nova-move -T new -f nginx -o moved.map`
    """


@export.command()
@folder_option
@target_option
@click.option(
    "-f",
    "--format",
    "form",
    type=click.Choice(["csv", "json", "nginx", "apache", "gerrit"]),
    default="csv",
    help="A table, a map for a web server, or a rule for Gerrit.",
)
@click.option(
    "-o", "--out", type=click.Path(path_type=Path, dir_okay=False), help="A file, not the screen."
)
@click.option("--json", "as_json", is_flag=True, help="The same as -f json.")
@click.option("--base", default="", metavar="URL", help="gerrit: the host that serves a map.")
@click.option("--private", is_flag=True, help="Name private issues, too: not for publishing.")
def redirects(
    folder: str,
    target: str | None,
    form: str,
    out: Path | None,
    as_json: bool,
    base: str,
    private: bool,
) -> int:
    """Old addresses and new ones, of all issues that stand at a target. Asks no server.

    Example: `tracker-migrate export redirects -C nova-move -T new -f nginx -o moved.map`
    """
    from tracker_migrate.engine import jobs
    from tracker_migrate.report.redirects import FORMATS

    out = named(out)
    with opened(folder) as workspace:
        names = targets_of(workspace, target)
        if len(names) > 1:
            raise UsageError(f"name one target: -T {' or -T '.join(names)}")
        with jobs.moved(workspace, names[0], private=private) as rows:
            lines = FORMATS["json" if as_json else form](rows, base)
            if out is None:
                for line in lines:
                    screen.echo(line)
            else:
                keep(out, lines, private=private)
    return DONE


@export.command()
@folder_option
@click.option(
    "-f",
    "--format",
    "form",
    type=click.Choice(["jsonl", "parquet"]),
    default="jsonl",
    help="JSON Lines, or Parquet (needs duckdb).",
)
@click.option("--private", is_flag=True, help="Also what not everybody may read.")
@click.option("--pseudonyms", is_flag=True, help="Marks instead of people's names.")
@click.option("--no-texts", is_flag=True, help="Leave out what people wrote.")
@json_option
@click.argument("out", type=click.Path(path_type=Path, file_okay=False))
def tables(
    folder: str,
    form: Any,
    private: bool,
    pseudonyms: bool,
    no_texts: bool,
    as_json: bool,
    out: Path,
) -> int:
    """Issues, tasks, comments, attachments, history, relations, people: a file each in a new
    folder OUT, with a schema. What everybody may read, unless --private is given.

    --pseudonyms gives everybody the same mark in all tables; what people wrote stays as it is, and
    may name them: --no-texts leaves it out.

    Example: `tracker-migrate export tables -C nova-move --format parquet nova-tables`
    """
    from tracker_migrate.engine.tablefiles import SCHEMA_FILE, write

    with opened(folder) as workspace:
        how = {"private": private, "pseudonyms": pseudonyms, "texts": not no_texts}
        counts = write(workspace, out, form, **how)
    if as_json:
        screen.document({"folder": str(out), "rows": counts})
        return DONE
    screen.echo(", ".join(f"{many} {name}" for name, many in counts.items()))
    screen.echo(f"look at: {out / SCHEMA_FILE}")
    return DONE


@export.command()
@folder_option
@click.option(
    "-o", "--out", type=click.Path(path_type=Path, dir_okay=False), help="A file, not the screen."
)
@click.option("--json", "as_json", is_flag=True, help="Its lines as a JSON list.")
def unit(folder: str, out: Path | None, as_json: bool) -> int:
    """A unit for systemd that runs `sync`: with a watchdog, logins, and nothing that it may do but
    its work. Begin with docs/operating.md.

    Example: `tracker-migrate export unit -C nova-move -o /etc/systemd/system/nova-move.service`
    """
    from tracker_migrate.report.unit import unit as lines_of

    out = named(out)
    with opened(folder) as workspace:
        targets_of(workspace, None)
        lines = list(lines_of(workspace, _command()))
    if as_json:
        screen.document(lines)
    elif out is not None:
        keep(out, lines)
    else:
        for line in lines:
            screen.echo(line)
    return DONE


def _command() -> list[str]:
    """How this program is called, from anywhere."""
    beside = Path(sys.executable).with_name("tracker-migrate")
    if beside.is_file():
        return [str(beside)]
    return [sys.executable, "-m", "tracker_migrate"]


@export.command()
@folder_option
@click.option("--private", is_flag=True, help="Also what not everybody may read.")
@click.option("--files", is_flag=True, help="Also the bytes of attachments.")
@json_option
@click.argument("out", type=click.Path(path_type=Path, file_okay=False))
def archive(folder: str, private: bool, files: bool, as_json: bool, out: Path) -> int:
    """All that was read, as files in a new folder OUT: archive:OUT is a source of its own, without
    a network. What everybody may read, unless --private is given.

    Example: `tracker-migrate export archive -C nova-move nova-archive`
    """
    from tracker_migrate.engine.exporting import export_archive

    with opened(folder) as workspace:
        said = export_archive(workspace, out, private=private, files=files)
    if as_json:
        screen.document({"folder": str(out), "issues": said.issues, "digest": said.digest})
        return DONE
    screen.echo(f"{said.issues} issues of {', '.join(said.source)}, as {said.viewer} may read them")
    screen.echo(f"next: tracker-migrate init DIR --from archive:{out.resolve()}")
    return DONE
