"""`worker`: does a part of the work of an `apply --workers` that runs on another machine."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import rich_click as click

from tracker_migrate.cli import output, screen
from tracker_migrate.cli.display import Display
from tracker_migrate.cli.options import common, json_option

DONE = 0


@click.command()
@common
@json_option
@click.option(
    "--until-idle", is_flag=True, help="End when nobody has shared out work for ten seconds."
)
def worker(folder: str, level: int, dry_run: bool, as_json: bool, until_idle: bool) -> int:
    """Write for an `apply --workers` or `run --workers` that goes on elsewhere, until SIGTERM.

    The workspace's state has to be in PostgreSQL, and its folder to say the same on each machine.
    Start as many as you like, before or while it goes on.

    Example: `tracker-migrate worker -C nova-move`
    """
    from tracker_migrate.engine.worker import Worker
    from tracker_migrate.workspace import settings
    from tracker_migrate.workspace.outpost import Outpost

    settings.load(Path(folder).resolve(), backends=True)
    with Outpost(folder) as outpost, _until_asked() as stop, Display(level) as display:
        one = Worker(outpost, display, stop=stop, until_idle=until_idle)
        if not dry_run:
            one.run()
    if as_json:
        output.document({"issues": one.done})
    elif dry_run:
        screen.echo("would work here: the database and its schema are as they must be")
    else:
        screen.echo(f"wrote {one.done} issues")
    return DONE


@contextmanager
def _until_asked() -> Iterator[threading.Event]:
    """SIGTERM and Ctrl-C let what is being sent be sent, and no other request leave."""
    from tracker_migrate import waiting

    stop = threading.Event()

    def ask(*_: object) -> None:
        stop.set()
        waiting.end()

    waiting.begin()
    before: dict[signal.Signals, Any] = {}
    for one in (signal.SIGTERM, signal.SIGINT):
        before[one] = signal.signal(one, ask)
    try:
        yield stop
    finally:
        for one, handler in before.items():
            signal.signal(one, handler)
        waiting.begin()
