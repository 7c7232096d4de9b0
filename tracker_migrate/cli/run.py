"""Running a command, and turning what went wrong into one clear line and an exit status."""

from __future__ import annotations

import os
import signal
import sys
import threading
import traceback
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

import click

from tracker_migrate import waiting
from tracker_migrate.cli import screen
from tracker_migrate.cli.commands import cli
from tracker_migrate.errors import TRACE, MigrateError
from tracker_migrate.interfaces import Event

INTERRUPTED = 130
USAGE = 2


def run(argv: Sequence[str] | None = None) -> int:
    """Run the command line; returns the exit status. Nothing escapes as an exception."""
    try:
        with _patient_interrupts(), waiting.heard_otherwise_by(_tell):
            return _run(argv)
    except (click.exceptions.Abort, KeyboardInterrupt):
        return _interrupted()
    except BrokenPipeError:
        # whoever read our output has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        return 0
    except click.exceptions.NoArgsIsHelpError as error:
        error.show()
        return USAGE
    except click.ClickException as error:
        return _say(error.format_message().rstrip(".") + _see_help(error), USAGE)
    except MigrateError as error:
        return _say(str(error), error.exit_status)
    except OSError as error:
        where = f"{error.filename}: " if error.filename else ""
        return _say(f"{where}{error.strerror or type(error).__name__}", 1)
    except Exception as error:  # noqa: BLE001  a traceback helps nobody who did not write this
        return _say(_bug(error), 1)


def _run(argv: Sequence[str] | None) -> int:
    try:
        status = cli.main(args=argv, prog_name="tracker-migrate", standalone_mode=False)
    except Exception as error:
        if type(error).__module__.partition(".")[0] != "sqlalchemy":
            raise
        from tracker_migrate.workspace.database import translated

        with translated():
            raise
    return status if isinstance(status, int) else 0


@contextmanager
def _patient_interrupts() -> Iterator[None]:
    """The first Ctrl-C lets the requests that are under way end, so that their results are known;
    the second ends the process: what was under way is then in doubt, and the next run looks."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def second(*_: object) -> None:
        _interrupted()
        os._exit(INTERRUPTED)

    def first(*_: object) -> None:
        signal.signal(signal.SIGINT, second)
        waiting.end()  # the threads that wait for a server
        screen.echo("stopping when the requests under way are answered; Ctrl-C: at once", err=True)
        raise KeyboardInterrupt

    waiting.begin()
    before = signal.signal(signal.SIGINT, first)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def _tell(event: Event) -> None:
    """What is waited for in a command that shows no progress."""
    screen.echo(event.detail, err=True)


def _say(text: str, status: int) -> int:
    for line in text.splitlines():
        screen.echo(f"error: {line}", err=True)
    return status


def _see_help(error: click.ClickException) -> str:
    context = getattr(error, "ctx", None)
    return f" (see {context.command_path} --help)" if context else ""


def _bug(error: Exception) -> str:
    """A bug of ours: its kind and place, and no word of what it was about."""
    if os.environ.get(TRACE):
        traceback.print_exc()
    frames = traceback.extract_tb(error.__traceback__)
    own = [frame for frame in frames if "tracker_migrate" in frame.filename] or frames
    where = f" at {Path(own[-1].filename).name}:{own[-1].lineno}" if own else ""
    return (
        f"a bug in tracker-migrate ({type(error).__name__}{where}): nothing is lost, the next run "
        f"goes on; please report it ({TRACE}=1 shows more, maybe private text)"
    )


def _interrupted() -> int:
    with suppress(OSError):
        sys.stdout.flush()
    screen.echo("stopped; nothing is lost: run the same command again to go on", err=True)
    return INTERRUPTED
