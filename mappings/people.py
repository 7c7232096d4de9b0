"""Who is who: people.csv, one row for a person at a target.

    person,target,account,name,state,created,note
    jdoe,new,PHID-USER-abc,jane,verified,2009-03-02,
    hudson,,,,bot,,

`state`: verified (used), suggested (never used until somebody confirms it), placeholder, bot.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from pathlib import Path

from tracker_migrate.interfaces import Account
from tracker_migrate.mappings.table import Mistakes, did_you_mean, known_target, rows

COLUMNS = ("person", "target", "account", "name", "state", "created", "note")
_ADDRESS = re.compile(r"\S@\S")
STATES = ("verified", "suggested", "placeholder", "bot")


def load(
    path: Path, target: str, mistakes: Mistakes, targets: Collection[str] | None = None
) -> dict[str, Account]:
    """Accounts at a target, by the person's name at the source. targets: all that there are."""
    accounts: dict[str, Account] = {}
    for place, row in rows(path, COLUMNS, ("person", "state"), mistakes):
        known_target(place, row["target"], targets, mistakes)
        if row["state"] not in STATES:
            hint = did_you_mean(row["state"], STATES)
            mistakes.add(place, f'no such state "{row["state"]}"{hint} ({", ".join(STATES)})')
        elif any(_ADDRESS.search(cell) for cell in row.values()):
            mistakes.add(
                place, "holds an e-mail address: name the account by its number or PHID instead"
            )
        elif row["state"] == "verified" and not (row["account"] and row["target"]):
            mistakes.add(place, f"{row['person']} is verified, but has no account or no target")
        elif row["state"] == "verified" and row["target"] == target:
            if row["person"] in accounts:
                mistakes.add(place, f"{row['person']} has two accounts at {target}")
            accounts[row["person"]] = Account(id=row["account"], name=row["name"])
    return accounts
