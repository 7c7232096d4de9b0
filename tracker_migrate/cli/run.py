"""Running a command, and turning what went wrong into one clear line and an exit status."""

from __future__ import annotations

import os
from collections.abc import Sequence

import click

from tracker_migrate.cli.commands import cli
from tracker_migrate.errors import MigrateError

INTERRUPTED = 130
USAGE = 2


def run(argv: Sequence[str] | None = None) -> int:
    """Run the command line; returns the exit status. Nothing but a bug escapes as an exception."""
    try:
        status = cli.main(args=argv, prog_name="tracker-migrate", standalone_mode=False)
    except click.exceptions.Abort:
        return _interrupted()
    except KeyboardInterrupt:
        return _interrupted()
    except click.ClickException as error:
        error.show()
        return USAGE
    except MigrateError as error:
        for line in str(error).splitlines():
            click.echo(f"error: {line}", err=True)
        return error.exit_status
    except BrokenPipeError:
        # whoever read our output has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        return 0
    except OSError as error:
        click.echo(
            f"error: {error.strerror or error}: {error.filename or ''}".rstrip(": "), err=True
        )
        return 1
    return status if isinstance(status, int) else 0


def _interrupted() -> int:
    click.echo("stopped; nothing is lost: run the same command again to go on", err=True)
    return INTERRUPTED
