"""`doctor`: what could spoil a run, before it is made."""

from __future__ import annotations

from typing import Any

import rich_click as click

from tracker_migrate.cli import screen
from tracker_migrate.cli.opening import opened, targets_of
from tracker_migrate.cli.options import folder_option, json_option, target_option

FINE, LOOK = 0, 4
_MARKS = {"fine": " ok ", "look": "LOOK", "stop": "STOP"}


@click.command()
@folder_option
@target_option
@json_option
def doctor(folder: str, target: str | None, as_json: bool) -> int:
    """Say what could spoil a run, each with its cure: logins, rights, words, people, mail.

    Asks the source and the targets, and writes nothing. Ends with 4 if there is something to look
    at (LOOK), or something with which a run would end before its first write (STOP).

    Example: `tracker-migrate doctor -C nova-move`
    """
    from tracker_migrate.engine.doctor import examine

    with opened(folder) as workspace:
        found = list(examine(workspace, targets_of(workspace, target)))
    if as_json:
        import msgspec

        screen.document([msgspec.to_builtins(one) for one in found])
    else:
        for one in found:
            _say(one)
    return FINE if all(one.level == "fine" for one in found) else LOOK


def _say(one: Any) -> None:
    screen.echo(f"{_MARKS[one.level]}  {one.about}: {one.what}")
    if one.cure:
        screen.echo(f"      -> {one.cure}")
