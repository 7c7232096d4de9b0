"""`login`: getting a login for a tracker, proving it, and keeping it for its owner alone."""

from __future__ import annotations

import re
import select
import sys
import time
from pathlib import Path

import rich_click as click

from tracker_migrate.cli import completing, screen
from tracker_migrate.cli.options import common, json_option
from tracker_migrate.errors import UsageError

DONE = 0


@click.command()
@common
@json_option
@click.argument("name", shell_complete=completing.logins)
@click.option("--read-only", is_flag=True, help="Launchpad: a login that can change nothing.")
@click.option(
    "--outsider",
    is_flag=True,
    help="A target: the token of somebody who must see nothing private there. May be repeated.",
)
@click.option("--keyring", is_flag=True, help="Keep it in the keyring, not in a file.")
@click.option(
    "--timeout",
    type=click.FloatRange(min=0, min_open=True),
    default=900.0,
    show_default=True,
    help="Launchpad: seconds to wait for somebody to approve.",
)
def login(
    folder: str,
    level: int,
    dry_run: bool,
    as_json: bool,
    name: str,
    read_only: bool,
    outsider: bool,
    keyring: bool,
    timeout: float,
) -> int:
    """Log in to Launchpad, or to a target by its name; also from a machine without a browser.

    Launchpad: open the address that is printed in any browser, on any machine. A target: paste its
    token, or give it on the standard input. It is tried at the server before it is kept.

    Example: `tracker-migrate login launchpad -C nova-move --read-only`
    """
    from tracker_migrate import registry
    from tracker_migrate.cli.logins import Wanted, report
    from tracker_migrate.workspace import keeping, settings

    place = Path(folder).resolve()
    wanted = Wanted.of(settings.load(place, backends=True), name, outsider)
    if keyring:
        from tracker_migrate.workspace import keyrings

        keyrings.check()
    wish = wanted.wish(read_only=read_only, timeout=timeout)
    granted = registry.log_in(wanted.tracker, wish, Terminal())
    wanted.check(place, granted)
    at = None
    if not dry_run:
        at = keeping.keep(place, wanted.secret, granted, keyring=keyring, beside=outsider)
    report(place, wanted, granted, at, as_json)
    return DONE


class Terminal:
    """`logins.Person`: somebody at a terminal, or a script that gives a token on standard input.

    What is told goes to the standard error, so that the standard output is the result alone.
    """

    def show(self, line: str) -> None:
        """Tell something."""
        screen.echo(line, err=True)

    def secret(self, what: str) -> str:
        """Ask for a secret: hidden on a terminal, else all of the standard input. It is never an
        argument, which everybody on the machine could read. Raises UsageError."""
        if sys.stdin.isatty():
            given: str = click.prompt(what, hide_input=True, err=True)
        else:
            given = sys.stdin.read()
        if not given.strip():
            raise UsageError(f"no {what} was given: paste it, or pipe it into the command")
        if not re.fullmatch(r"[\x21-\x7e]+", given.strip()):
            raise UsageError(f"that is no {what}: it holds a blank, or what no token has")
        return given.strip()

    def pause(self, seconds: float) -> None:
        """Wait, or until Enter is pressed, if somebody can press it."""
        if not sys.stdin.isatty():
            time.sleep(seconds)
        elif select.select([sys.stdin], [], [], seconds)[0] and not sys.stdin.readline():
            time.sleep(seconds)  # the terminal is gone, and would be ready for ever
