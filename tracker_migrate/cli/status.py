"""`status`: where a workspace stands, without asking any server, but for `--deadline`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import rich_click as click

from tracker_migrate.cli import kept, output, screen
from tracker_migrate.cli.opening import opened, targets_of
from tracker_migrate.cli.options import common, json_option, target_option
from tracker_migrate.cli.outfile import keep, must_have_folder

DONE, SOME_REFUSED, NO_GO = 0, 3, 4


@click.command()
@common
@target_option
@json_option
@click.option("--refused", is_flag=True, help="Name each issue that is refused or set aside.")
@click.option("--check", is_flag=True, help="End with 3 if anything is left to look at.")
@click.option(
    "--deadline",
    metavar="T",
    help="Say GO or NO-GO: 2026-12-01T18:00, or 36h from now. Ends with 4 for NO-GO.",
)
@click.option(
    "--html",
    "page",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Write it as a page, too.",
)
def status(
    folder: str,
    level: int,
    dry_run: bool,
    target: str | None,
    as_json: bool,
    refused: bool,
    check: bool,
    deadline: str | None,
    page: Path | None,
) -> int:
    """Say where we stand: what was read, written, refused, set aside. Asks no server.

    With --deadline: whether all that was read will be at the target by then, with how much time is
    left over, or what stops it. It goes by the rate of this workspace's own last runs; the target
    is asked whether it answers and takes the login.

    Example: `tracker-migrate status -C nova-move --deadline 36h`
    """
    from tracker_migrate.cli.standing import standing
    from tracker_migrate.engine.due import read_deadline

    until = None if deadline is None else read_deadline(deadline, datetime.now(UTC))
    must_have_folder("--html", page)
    with opened(folder) as workspace:
        names = targets_of(workspace, target) if until else workspace.targets(target)
        found = standing(workspace, names, refused)
        seen = _overviews(workspace, names, until) if until or page else []
        for one in seen:
            if one.due is not None:
                found["targets"][one.name]["due"] = _document(one.due)
        if page is not None:
            _keep_page(workspace, found, seen, page)
        output.standing(found, as_json)
        if not as_json:
            _say(seen, page)
    late = any(one.due is not None and not one.due.go for one in seen)
    return NO_GO if late else SOME_REFUSED if check and found["left"] else DONE


def _overviews(workspace: Any, names: list[str], until: datetime | None) -> list[Any]:
    from tracker_migrate.engine.outstanding import overviews

    return overviews(workspace, names, until)


def _document(due: Any) -> dict[str, Any]:
    rest = due.left
    return {
        "go": due.go,
        "deadline": due.deadline.isoformat(),
        "slack": due.slack,
        "stops": due.stops,
        "stays": due.stays,
        "requests": rest.requests,
        "seconds": rest.seconds,
        "by": rest.by,
        "rate": rest.rate,
    }


def _keep_page(workspace: Any, found: dict[str, Any], seen: Sequence[Any], page: Path) -> None:
    from tracker_migrate.engine.jobs import naming
    from tracker_migrate.engine.outstanding import unread
    from tracker_migrate.engine.upkeep import upkeep
    from tracker_migrate.report import standing

    logins = {name: list(_logins(one)) for name, one in found["targets"].items()}
    logins["source"] = list(kept.lines([found["source"]["login"]], "login"))
    groups = unread(workspace.archive, naming(workspace))
    when = datetime.now(UTC)
    made = standing.page(found["source"], groups, seen, logins, when, upkeep(workspace, when))
    keep(page, [made])


def _logins(one: dict[str, Any]) -> Iterator[str]:
    yield from kept.lines([one["login"]], "login")
    yield from kept.lines(one["outsiders"], "outsider")


def _say(seen: Sequence[Any], page: Path | None) -> None:
    from tracker_migrate.report.standing import how_long, sentence

    for one in seen:
        if one.due is None:
            continue
        screen.echo(f"{one.name}: {sentence(one.due)}")
        screen.echo(f"  {how_long(one.left)}")
        for line in one.due.stops:
            screen.echo(f"  stops it: {line}")
        if one.due.stays:
            screen.echo(f"  {one.due.stays} issues stay at the source, as projects.csv says")
    if page is not None:
        screen.echo(f"look at: {page}")
