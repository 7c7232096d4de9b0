"""How far does the people table reach? Of all places where somebody is named, those where he has an
account at the target; and who to ask for next.

python examples/people_coverage.py nova-move new
"""

from __future__ import annotations

import csv
import sys
from collections import Counter
from itertools import accumulate

import tracker_migrate as tm

#: where a person is named, by the tables of the archive
PLACES = {"issues": "author", "tasks": "assignee", "comments": "author", "history": "author"}
KNOWN = ("verified", "bot")
MISSING = 10


def named(workspace: tm.Workspace) -> Counter[str]:
    """How often each person is named, by the name that the source has for him."""
    found: Counter[str] = Counter()
    for table, column in PLACES.items():
        for row in tm.rows(workspace, table, private=True):
            if row[column] is not None:
                found[row[column].split(":", 2)[2]] += 1
    return found


def table(workspace: tm.Workspace, target: str) -> set[str]:
    """Those who have an account at the target that somebody has looked at, or are programs."""
    path = workspace.mappings / "people.csv"
    if not path.exists():
        return set()
    with path.open(encoding="utf-8", newline="") as file:
        rows = csv.DictReader(line for line in file if not line.startswith("#"))
        return {
            row["person"] for row in rows if row["target"] in ("", target) and row["state"] in KNOWN
        }


def main() -> int:
    """Print the coverage, and what it would be with the next few."""
    if len(sys.argv) != 3:
        print(__doc__, file=sys.stderr)
        return 2
    try:
        with tm.Workspace(sys.argv[1]) as workspace:
            workspace.targets(sys.argv[2])
            everybody, known = named(workspace), table(workspace, sys.argv[2])
    except tm.MigrateError as error:
        print(error, file=sys.stderr)
        return error.exit_status
    places = everybody.total()
    held = sum(count for name, count in everybody.items() if name in known)
    print(f"{len(everybody)} people are named in {places} places; {held} of these are covered")
    missing = [(name, n) for name, n in everybody.most_common() if name not in known][:MISSING]
    for (name, n), reached in zip(missing, accumulate(n for _, n in missing), strict=True):
        print(f"{name:32}{n:>8} places, with all above {100 * (held + reached) / places:5.1f} %")
    return 0


if __name__ == "__main__":
    sys.exit(main())
