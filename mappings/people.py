"""Who is who: people.csv, one row for a person (or team) at a target.

    person,target,account,name,state,created,note
    jdoe,new,PHID-USER-abc,jane,verified,2009-03-02,
    vmt,new,4,security team,group,,
    hudson,,,,bot,,

`state`: verified (used), group (a team of the source's that is this team or project of the
target's), suggested (never used until somebody confirms it), placeholder, bot.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from pathlib import Path

import msgspec

from tracker_migrate.interfaces import Account
from tracker_migrate.mappings.table import Mistakes, did_you_mean, known_target, rows

COLUMNS = ("person", "target", "account", "name", "state", "created", "note")
_ADDRESS = re.compile(r"\S@\S")
STATES = ("verified", "group", "suggested", "placeholder", "bot")
_USED = ("verified", "group")


class People(msgspec.Struct):
    """The rows of one target, by the name at the source. accounts: of people. groups: what a team
    is there. bots: those of whom nobody expects an account."""

    accounts: dict[str, Account] = {}
    groups: dict[str, str] = {}
    bots: set[str] = set()


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
        elif row["state"] in _USED and row["target"] == target:
            if row["person"] in people.accounts or row["person"] in people.groups:
                mistakes.add(place, f"{row['person']} has two accounts at {target}")
            _take(people, row)
    return people


def _wrong(row: dict[str, str]) -> str:
    if row["state"] not in STATES:
        hint = did_you_mean(row["state"], STATES)
        return f'no such state "{row["state"]}"{hint} ({", ".join(STATES)})'
    if any(_ADDRESS.search(cell) for cell in row.values()):
        return "holds an e-mail address: name the account by its number or PHID instead"
    if row["state"] in _USED and not (row["account"] and row["target"]):
        return f"{row['person']} is {row['state']}, but has no account or no target"
    return ""


def _take(people: People, row: dict[str, str]) -> None:
    if row["state"] == "group":
        people.groups[row["person"]] = row["account"]
    else:
        people.accounts[row["person"]] = Account(id=row["account"], name=row["name"])
