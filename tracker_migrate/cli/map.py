"""`map`: who becomes whom. Guesses are offered, and never used before somebody has looked."""

from __future__ import annotations

from typing import Any

import rich_click as click

from tracker_migrate.cli import screen
from tracker_migrate.cli.accounts import create
from tracker_migrate.cli.filling import fill
from tracker_migrate.cli.importing import import_
from tracker_migrate.cli.opening import opened, targets_of
from tracker_migrate.cli.options import folder_option, json_option, target_option

DONE, DIFFERENCES = 0, 4
_MANY = 20


@click.group("map")
def map_() -> None:
    """Look at the tables that say who and what becomes what.

    Example: `tracker-migrate map check -C nova-move`
    """


map_.add_command(create)


@map_.command()
@folder_option
@click.option("--ask", is_flag=True, help="Ask the targets whether the accounts are still there.")
@click.option(
    "--ask-source",
    is_flag=True,
    help="Ask the source who has the names of the rows now: a request for each row.",
)
@target_option
@json_option
def check(folder: str, ask: bool, ask_source: bool, target: str | None, as_json: bool) -> int:
    """What the tables say nothing of, by weight, and which of their rows are not right.

    That is: rows about nobody and nothing that occurs; two people on one account; rows of names
    that are somebody else's by now, which are not used; words without a row; with --ask, accounts
    that are not there any more. Asks no server without these options. Ends with 4 if it finds one.

    Example: `tracker-migrate map check -C nova-move -T new`
    """
    from contextlib import closing

    from tracker_migrate.engine.checking import check
    from tracker_migrate.engine.target import Target

    found = []
    with opened(folder) as workspace:
        names = targets_of(workspace, target)
        if ask_source:
            _refresh(workspace, names)
        for name in names:
            with closing(Target(workspace, name)) as at:
                found.append(check(at, ask=ask))
    if as_json:
        import msgspec

        screen.document({one.target: msgspec.to_builtins(one) for one in found})
    else:
        for one in found:
            _say_checked(one)
    return DIFFERENCES if any(one.wrong for one in found) else DONE


def _refresh(workspace: Any, names: list[str]) -> None:
    from tracker_migrate.engine import jobs
    from tracker_migrate.engine.checking import refresh
    from tracker_migrate.engine.target import Target

    with workspace.coordinating(), jobs.reading(workspace) as source:
        for name in names:
            refresh(Target(workspace, name), source)


def _say_checked(found: Any) -> None:
    share = 100 * found.covered / found.mentions if found.mentions else 100.0
    screen.echo(
        f"map {found.target}: {found.named} people are named; {found.mapped} have an account, "
        f"{found.bots} are bots: {share:.0f} % of where people are named"
    )
    if found.placeholders:
        screen.echo(f"  {found.placeholders} were looked at, and left without an account")
    if found.suggested:
        screen.echo(f"  {found.suggested} suggestions wait for somebody to make them verified")
    for one in found.unmapped[:_MANY]:
        screen.echo(f"  no account: {one.name}  {one.issues} issues, {one.comments} comments")
    if len(found.unmapped) > _MANY:
        screen.echo(f"  and {len(found.unmapped) - _MANY} more without an account")
    if found.undated:
        screen.echo(
            f"  {found.undated} rows have no date under created: if such a name is somebody "
            "else's one day, nobody will notice"
        )
    _say_wrong(found)


def _say_wrong(found: Any) -> None:
    for one in found.suspended:
        screen.echo(
            f"  suspended: {one.person} is of {one.row} in people.csv, and of {one.known} at the "
            "source: the name changed hands; look who it is, and correct the row"
        )
    for account, names in found.shared.items():
        screen.echo(f"  one account, several people: {account}: {', '.join(names)}")
    for account, names in found.gone.items():
        screen.echo(f"  no such account any more, or it is closed: {account}: {', '.join(names)}")
    for word, count in found.wordless.items():
        screen.echo(f"  a word without a row in states.toml: {word}, {count} times")
    for row in found.dead:
        screen.echo(f"  a row about nothing that occurs: {row}")


@map_.group()
def suggest() -> None:
    """Offer guesses, with a score and a reason.

    Example: `tracker-migrate map suggest people -C nova-move -T new`
    """


@suggest.command()
@folder_option
@click.option("-n", "--dry-run", is_flag=True, help="Write nothing; say what would be.")
@click.option(
    "--ask-source",
    is_flag=True,
    help="Ask the source whose each account's OpenID identifier or address is: a request for each.",
)
@target_option
@json_option
def people(folder: str, dry_run: bool, ask_source: bool, target: str | None, as_json: bool) -> int:
    """Who at the source may be who at the target: by what they are known by, then by their names.

    Adds a row to mappings/people.csv for each, with the state `suggested`: nothing is taken from it
    before somebody has made it `verified`. Who has a row gets no other. Above 0.90 there is little
    to look at; below it, look.

    Example: `tracker-migrate map suggest people -C nova-move -T new`
    """
    from tracker_migrate.engine import guessing

    told: dict[str, Any] = {}
    with opened(folder) as workspace:
        for name in targets_of(workspace, target):
            guesses = _guessed(workspace, name, ask_source)
            told[name] = guesses.found()
            if told[name] and not dry_run:
                path = workspace.mappings / "people.csv"
                guessing.write(path, name, told[name], guesses.people)
    if as_json:
        screen.document({name: guessing.told(found) for name, found in told.items()})
        return DONE
    for name, found in told.items():
        say_suggested(name, found, dry_run)
    return DONE


def _guessed(workspace: Any, name: str, ask_source: bool) -> Any:
    from contextlib import closing

    from tracker_migrate.engine import jobs
    from tracker_migrate.engine.guessing import Guesses
    from tracker_migrate.engine.target import Target

    with closing(Target(workspace, name)) as target:
        guesses = Guesses(target)
    if ask_source:
        with jobs.reading(workspace) as source:
            guesses.ask(source, workspace.settings.source.connections)
    return guesses


def say_suggested(target: str, found: Any, dry_run: bool) -> None:
    """The rows that were added, the surest first."""
    added = "would be added to" if dry_run else "added to"
    screen.echo(f"map {target}: {len(found)} suggestions {added} mappings/people.csv")
    for one in sorted(found, key=lambda guess: (-guess.score, guess.person)):
        there = one.candidate.login or one.candidate.full_name
        screen.echo(f"  {one.score:.2f}  {one.person} -> {there}  {one.reason}")


map_.add_command(fill)
map_.add_command(import_)
