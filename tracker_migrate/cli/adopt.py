"""`adopt`: rebuilding a lost ledger from what stands at the target."""

from __future__ import annotations

from typing import Any

import rich_click as click

from tracker_migrate.cli import counting, output, screen
from tracker_migrate.cli.opening import opened, targets_of
from tracker_migrate.cli.options import common, json_option, target_option

DONE, SOME_REFUSED, DIFFERENT = 0, 3, 4
_COUNTED = {
    "added": "of these, the ledger did not know",
    "shared": "projects, tags and the like, known by name",
    "absent": "issues that are not there: the next apply writes them",
    "left": "fields that the next apply writes",
    "foreign": "objects of other people, left alone",
}
_NAMED = {
    "gone": "not there any more, and not made again",
    "doubled": "there twice: the older is taken, the younger left alone",
    "unknown": "of ours, and not in the archive: pull first",
    "vanished": "of ours, and of no issue of the archive: pull first; what is named then is gone"
    " at the source, or not for this login, and should be closed by hand",
    "hidden": "closed there for all but the importer, and kept so: hide --release opens it",
}


@click.command()
@common
@target_option
@json_option
@click.option(
    "--source-wins",
    is_flag=True,
    help="Let the next apply overwrite what differs, instead of keeping it as a person's edit.",
)
def adopt(
    folder: str,
    level: int,
    dry_run: bool,
    target: str | None,
    as_json: bool,
    source_wins: bool,
) -> int:
    """Rebuild what the workspace knows of a target, when its state is lost or an old copy.

    Pull first. Only what the importing account made is taken in; nothing is written to the target,
    and the next apply writes nothing twice. It may be run again at any time. What differs from what
    would be written is kept as a person's edit is: verify shows it. With -n it says all that, and
    forgets it.

    Example: `tracker-migrate adopt -C nova-move -T new`
    """
    from tracker_migrate.cli.display import Display
    from tracker_migrate.engine import jobs

    found = {}
    with opened(folder) as workspace:
        names = targets_of(workspace, target)
        with workspace.coordinating():
            for name in names:
                with Display(level) as display:
                    found[name] = jobs.adopt(
                        workspace, name, display, source_wins=source_wins, dry_run=dry_run
                    )
        _say(found, dry_run, as_json)
    return _status(found)


def _status(found: dict[str, Any]) -> int:
    if any(one.unsettled for one in found.values()):
        return SOME_REFUSED
    seen = (one.differs or one.doubled or one.twins or one.vanished for one in found.values())
    return DIFFERENT if any(seen) else DONE


def _say(found: dict[str, Any], dry_run: bool, as_json: bool) -> None:
    if as_json:
        output.document({name: output.plain(one) for name, one in found.items()})
        return
    for name, one in found.items():
        said = "would adopt" if dry_run else "adopted"
        screen.echo(
            f"{said} {name}: {one.issues} issues, {one.objects} objects of ours stand there"
        )
        for field, meaning in _COUNTED.items():
            if count := getattr(one, field):
                screen.echo(f"{count:>10} {meaning}")
        _say_keys([_placed(each) for each in one.adds], "would be known from now on")
        for field, meaning in _NAMED.items():
            _say_keys(list(getattr(one, field)), meaning)
        _say_keys([_placed(each) for each in one.twins], "stand there beside another of ours")
        _say_keys([f"{each.key} {each.field}" for each in one.differs], "differs, and stays")
        _say_keys([f"{key}: {why}" for key, why in one.unsettled.items()], "not looked through")


def _placed(one: Any) -> str:
    return f"{one.kind} {one.key} at {one.where}"


def _say_keys(keys: list[str], meaning: str) -> None:
    for line in counting.some(keys, meaning):
        screen.echo(line)
