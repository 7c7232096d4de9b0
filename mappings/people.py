"""Who is who: people.csv, one row for a person (or team) at a target.

    person,target,account,name,state,created,note
    jdoe,new,PHID-USER-abc,jane,verified,2009-03-02,
    vmt,new,4,security team,group,,
    hudson,,,,bot,,

`state`: verified (used), group (a team of the source's that is this team or project of the
target's), suggested (never used until somebody confirms it), placeholder, bot.

`created`: when the account at the source was made. A name there can be given up, and taken by
somebody else: a person is a name with its date, and a row whose date is not the one that is known
of the name now is suspended, as if it were not there.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import msgspec

from tracker_migrate.interfaces import Account
from tracker_migrate.mappings.table import Mistakes, did_you_mean, known_target, rows

COLUMNS = ("person", "target", "account", "name", "state", "created", "note")
_ADDRESS = re.compile(r"\S@\S")
STATES = ("verified", "group", "suggested", "placeholder", "bot")
_USED = ("verified", "group")


class People(msgspec.Struct):
    """The rows of one target, by the name at the source. accounts: of people. groups: what a team
    is there. bots: those of whom nobody expects an account. created: of these, the dates that their
    rows give. suspended: rows that are not used, because the name is somebody else's: the row's
    date, and the one that is known. followed: names that somebody has by now, and the name that the
    row of that person still has."""

    accounts: dict[str, Account] = {}
    groups: dict[str, str] = {}
    bots: set[str] = set()
    created: dict[str, date] = {}
    suspended: dict[str, tuple[date, date]] = {}
    followed: dict[str, str] = {}

    def follow(self, renamed: Iterable[tuple[str, str]]) -> None:
        """Let the rows of people who are called otherwise by now count for the names that they
        have. renamed: other names of people, and their first ones; a name with a row of its own is
        that row's."""
        for name, first in renamed:
            if name in self._named() or first not in self._named():
                continue
            tables: tuple[dict[str, Any], ...] = (self.accounts, self.groups, self.created)
            for table in (one for one in tables if first in one):
                table[name] = table[first]
            if first in self.bots:
                self.bots.add(name)
            self.followed[name] = first

    def _named(self) -> set[str]:
        return {*self.accounts, *self.groups, *self.bots}

    def suspend(self, known: Callable[[Collection[str]], dict[str, date]]) -> None:
        """Leave out the rows of names that changed hands. known: when the accounts of these names
        were made, as far as that is known."""
        dates = known(self.created) if self.created else {}
        for name, told in self.created.items():
            if name in dates and dates[name] != told:
                self.suspended[name] = told, dates[name]
                self.accounts.pop(name, None)
                self.groups.pop(name, None)
                self.bots.discard(name)


def load(
    path: Path, target: str, mistakes: Mistakes, targets: Collection[str] | None = None
) -> People:
    """Who is who at a target. targets: all that there are."""
    people = People()
    for place, row in rows(path, COLUMNS, ("person", "state"), mistakes):
        known_target(place, row["target"], targets, mistakes)
        if wrong := _wrong(row):
            mistakes.add(place, wrong)
        elif row["state"] == "bot" and row["target"] in ("", target):
            people.bots.add(row["person"])
            _date_it(people, row)
        elif row["state"] in _USED and row["target"] == target:
            if row["person"] in people.accounts or row["person"] in people.groups:
                mistakes.add(place, f"{row['person']} has two accounts at {target}")
            _take(people, row)
            _date_it(people, row)
    return people


def day(text: str) -> date | None:
    """A date as people write it (2009-03-02), or as an API does; in UTC. None: it is none."""
    try:
        when = datetime.fromisoformat(text)
    except ValueError:
        return None
    return (when.astimezone(UTC) if when.tzinfo else when).date()


def _date_it(people: People, row: dict[str, str]) -> None:
    told = day(row["created"])
    if told is not None:
        people.created[row["person"]] = told


def _wrong(row: dict[str, str]) -> str:
    if row["state"] not in STATES:
        hint = did_you_mean(row["state"], STATES)
        return f'no such state "{row["state"]}"{hint} ({", ".join(STATES)})'
    if any(_ADDRESS.search(cell) for cell in row.values()):
        return "holds an e-mail address: name the account by its number or PHID instead"
    if row["created"] and day(row["created"]) is None:
        return f'"{row["created"]}" under created is no date: write it as 2009-03-02'
    if row["state"] in _USED and not (row["account"] and row["target"]):
        return f"{row['person']} is {row['state']}, but has no account or no target"
    return ""


def _take(people: People, row: dict[str, str]) -> None:
    if row["state"] == "group":
        people.groups[row["person"]] = row["account"]
    else:
        people.accounts[row["person"]] = Account(id=row["account"], name=row["name"])
