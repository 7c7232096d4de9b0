"""What happened between two readings of a project: two workspaces, or a workspace and its old copy.

python examples/what_changed.py nova-in-may nova-in-june
"""

from __future__ import annotations

import sys
from collections import Counter

import tracker_migrate as tm


def main() -> int:
    """Print how many issues are new, gone and changed, and in what."""
    if len(sys.argv) != 3:
        print(__doc__, file=sys.stderr)
        return 2
    what: Counter[str] = Counter()
    where: Counter[str] = Counter()
    try:
        with tm.Workspace(sys.argv[1]) as before, tm.Workspace(sys.argv[2]) as after:
            for one in tm.compare(before.archive, after.archive):
                what[one.what] += 1
                where.update(one.fields)
                where.update({name: sum(counts) for name, counts in one.parts.items()})
    except tm.MigrateError as error:
        print(error, file=sys.stderr)
        return error.exit_status
    print(", ".join(f"{what[name]} {name}" for name in ("new", "gone", "changed")))
    for name, count in where.most_common():
        print(f"{name:24}{count:>8}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
