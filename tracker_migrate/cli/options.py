"""Options that many commands share."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import rich_click as click

from tracker_migrate.cli import completing

F = TypeVar("F", bound=Callable[..., Any])


def common(command: F) -> F:
    """`-C DIR`, `-n/--dry-run`, `-q`, `-v`: as folder, dry_run, level (-1, 0, 1)."""

    def quiet_or_verbose(context: Any, parameter: Any, value: bool) -> int:
        verbose = context.params.pop("verbose", False)
        return -1 if value else int(verbose)

    for decorate in (
        click.option(
            "-q",
            "--quiet",
            "level",
            is_flag=True,
            callback=quiet_or_verbose,
            help="Say nothing but results and errors.",
        ),
        click.option("-v", "--verbose", is_flag=True, is_eager=True, help="Name every object."),
        click.option("-n", "--dry-run", is_flag=True, help="Write nothing; say what would be."),
        folder_option,
    ):
        command = decorate(command)
    return command


def folder_option(command: F) -> F:
    """`-C DIR`: the workspace, as folder."""
    return click.option(
        "-C",
        "folder",
        default=".",
        metavar="DIR",
        help="The workspace's folder.",
        shell_complete=completing.folders,
    )(command)


def target_option(command: F) -> F:
    """`-T TARGET`: one target of the workspace, instead of all."""
    return click.option(
        "-T",
        "target",
        metavar="TARGET",
        help="Only this target.",
        shell_complete=completing.targets,
    )(command)


def json_option(command: F) -> F:
    """`--json`: results as JSON on the standard output."""
    return click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")(
        command
    )


def only_option(command: F) -> F:
    """`--only`: a filter."""

    def read(_context: Any, _parameter: Any, value: str | None) -> Any:
        from tracker_migrate.engine.filters import Only

        return None if value is None else Only(value)

    return click.option(
        "--only",
        callback=read,
        metavar="FILTER",
        shell_complete=completing.only,
        help="bug:1,2 · tag:x · status:open · private · since:2017-01-31 (| between parts: all).",
    )(command)


def as_option(command: F) -> F:
    """`--as TRACKER`, several times: as trackers."""
    return click.option(
        "--as",
        "trackers",
        multiple=True,
        metavar="TRACKER",
        shell_complete=completing.trackers,
        help="storyboard or maniphest; may be given several times. Without it: all that are known.",
    )(command)


def workers_option(command: F) -> F:
    """`--workers`: share the writing out, as workers."""
    return click.option(
        "--workers",
        is_flag=True,
        help="Have `tracker-migrate worker`, on other machines, do what can be shared out.",
    )(command)
