"""`purge --private`: forgetting private text when the job is done."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import msgspec
import rich_click as click

from tracker_migrate.cli import screen
from tracker_migrate.cli.options import common, json_option
from tracker_migrate.errors import UsageError

DONE = 0
_WORDS = {
    "issues": "issues",
    "replies": "raw replies",
    "tags": "tags of theirs",
    "people": "people and teams",
    "places": "private projects, series, milestones",
    "reasons": "reasons why something was not read",
    "steps": "texts of requests",
    "said": "words of a handover",
    "files": "files of attachments",
}


@click.command()
@common
@json_option
@click.option("--private", is_flag=True, help="What is to be forgotten: all that is not public.")
@click.option("-y", "--yes", is_flag=True, help="Don't ask.")
def purge(folder: str, level: int, dry_run: bool, as_json: bool, private: bool, yes: bool) -> int:
    """Remove private text from the workspace, when the job is done. Nothing changes at a target.

    Issues that are not public, and those that vanished, go from the archive with their raw replies,
    and with people whom only they name; the database is rewritten without them. What was written
    where stays known: a later run writes nothing twice. docs/privacy.md says what stays.

    Example: `tracker-migrate purge --private -C nova-move`
    """
    from tracker_migrate.engine import jobs
    from tracker_migrate.workspace import Workspace, settings

    if not private:
        raise UsageError("say what is to be forgotten: --private")
    place = Path(folder).resolve()
    settings.load(place, backends=True)
    with Workspace(place) as workspace, workspace.coordinating():
        found = jobs.purge(workspace, dry_run=True)
        if not dry_run:
            if not yes:
                _ask(found.issues)
            found = jobs.purge(workspace)
        _report(found, dry_run, workspace.settings.source.private, as_json)
    return DONE


def _ask(issues: int) -> None:
    """Raises UsageError if nobody can be asked, Abort if the answer is no."""
    if not sys.stdin.isatty():
        raise UsageError("nobody is there to be asked whether to forget this: say so with -y")
    click.confirm(f"Forget {issues} issues that are not public?", abort=True, err=True)


def _report(found: Any, dry_run: bool, again: bool, as_json: bool) -> None:
    """again: whether the settings have what is private read."""
    counts = msgspec.to_builtins(found)
    if as_json:
        said = {"removed": counts, "dry_run": dry_run, "read_again": again}
        screen.document(said)
        return
    screen.echo("would remove:" if dry_run else "removed, and the database rewritten without it:")
    for name, count in counts.items():
        screen.echo(f"{count:>10} {_WORDS[name]}")
    if again:
        screen.echo(
            "source.private is true: a later pull reads again what has changed, and pull --full "
            "all of it. To stop that, set it to false in migration.toml"
        )
