"""Which open bugs need not be moved at all? Those that nobody has touched for years.

python examples/stale.py nova-move --years 3 > stale.csv
"""

from __future__ import annotations

import argparse
import csv
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import tracker_migrate as tm


def last_word(issue: tm.Issue) -> datetime | None:
    """When somebody last wrote or changed something; a program's touch moves `updated` alone."""
    moments = [issue.created, *(one.created for one in issue.comments)]
    moments += [one.when for one in issue.history]
    return max((one for one in moments if one is not None), default=None)


def stale(workspace: tm.Workspace, before: datetime) -> Iterator[tuple[tm.Issue, datetime]]:
    """Open, public issues with no word since then, the archive's order."""
    for issue in workspace.archive.issues():
        said = last_word(issue)
        is_open = any(not task.complete for task in issue.tasks)
        if is_open and not issue.private and said is not None and said < before:
            yield issue, said


def main() -> int:
    """Write them as CSV."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("workspace")
    parser.add_argument("--years", type=float, default=2.0)
    asked = parser.parse_args()
    before = datetime.now(UTC) - timedelta(days=365.25 * asked.years)
    out = csv.writer(sys.stdout)
    out.writerow(["issue", "address", "last word", "comments", "title"])
    try:
        with tm.Workspace(asked.workspace) as workspace:
            for issue, said in stale(workspace, before):
                title = " ".join(issue.title.split())
                out.writerow(
                    [issue.name, issue.home, f"{said:%Y-%m-%d}", len(issue.comments), title]
                )
    except tm.MigrateError as error:
        print(error, file=sys.stderr)
        return error.exit_status
    return 0


if __name__ == "__main__":
    sys.exit(main())
