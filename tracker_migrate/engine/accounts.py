"""Accounts at a target that are made for people of the source who have none there: so that what
they wrote is theirs, and becomes somebody's who claims it later.

Only authors of public issues get one: a target shows all accounts to all. Who has a row in
people.csv, whatever its state, has been decided about, and gets none.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import msgspec

from tracker_migrate.abilities import MakesAccounts
from tracker_migrate.engine.events import Listen, silent
from tracker_migrate.engine.target import Target
from tracker_migrate.errors import Refused, UsageError
from tracker_migrate.interfaces import Event
from tracker_migrate.mappings import people as table
from tracker_migrate.mappings import sheet
from tracker_migrate.mappings.table import Mistakes, rows
from tracker_migrate.model import Issue, Key, Person, name_of

NOTE = "made by tracker-migrate: nobody can log in yet"


class Made(msgspec.Struct, frozen=True, kw_only=True):
    """An account that was made, or would be (account ""). refused: why it was not."""

    person: str
    name: str
    account: str = ""
    refused: str = ""


def wanting(target: Target) -> list[Person]:
    """The authors of public issues, their tasks and comments, who have no row; by name. Teams, bots
    and closed accounts are none. Asks no server."""
    archive, settled = target.archive, _settled(target)
    authors: set[Key] = set()
    for issue in archive.issues():
        if not issue.private:
            authors.update(_authors(issue))
    found = (archive.person(key) for key in sorted(authors) if name_of(key) not in settled)
    return [one for one in found if one is not None and _is_somebody(one)]


def _authors(issue: Issue) -> Iterator[Key]:
    said = (one.author for one in issue.comments if not one.withheld)
    for one in (issue.author, *(task.author for task in issue.tasks), *said):
        if one is not None:
            yield one


def _is_somebody(person: Person) -> bool:
    closed = person.state in ("suspended", "missing")
    return not (person.is_team or person.private or closed)


def _settled(target: Target) -> set[str]:
    path = target.workspace.mappings / "people.csv"
    found = rows(path, table.COLUMNS, ("person", "state"), Mistakes())
    return {row["person"] for _, row in found if row["target"] in ("", target.name)}


def make(target: Target, people: Sequence[Person], listen: Listen = silent) -> list[Made]:
    """Have an account made for each of these, and add a `verified` row to people.csv for it. What
    was made has its row though the rest could not be: an account that has none yet is found again
    by the next call. Raises UsageError, Unreachable, LoginNeeded."""
    sink = target.sink
    if not isinstance(sink, MakesAccounts):
        raise UsageError(f"{target.name}: no accounts can be made at a {target.tracker}")
    made: list[Made] = []
    try:
        for number, one in enumerate(people, 1):
            made.append(_one(sink, one))
            listen(Event(name="made", target=target.name, done=number, total=len(people)))
    finally:
        _note(target, people, made)
    return made


def _one(sink: MakesAccounts, person: Person) -> Made:
    try:
        account = sink.make_account(person)
    except Refused as error:
        return Made(person=person.name, name=person.display_name, refused=str(error))
    return Made(person=person.name, name=account.name, account=account.id)


def _note(target: Target, people: Sequence[Person], made: Sequence[Made]) -> None:
    """The rows of what was made."""
    path = target.workspace.mappings / "people.csv"
    since = {one.name: one.created for one in people}
    held = sheet.read(path, table.COLUMNS)
    for one in made:
        if one.account:
            created = since[one.person]
            row = {
                "person": one.person,
                "target": target.name,
                "account": one.account,
                "name": one.name,
                "state": "verified",
                "created": created.date().isoformat() if created is not None else "",
                "note": NOTE,
            }
            held.add(row, ("person", "target"))
    if any(one.account for one in made):
        sheet.save(path, held.text)
