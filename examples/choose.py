"""Which tracker fits? Several projects, side by side: what each would hold natively, and lose.

python examples/choose.py nova-move neutron-move                    # workspaces that were read into
python examples/choose.py nova-move --as maniphest --as storyboard
"""

from __future__ import annotations

import argparse
import sys

import tracker_migrate as tm


def judged(folder: str, trackers: list[str]) -> tm.Evaluation:
    """What a workspace's issues would be at each tracker, by its tables."""
    with tm.Workspace(folder) as workspace:
        return tm.evaluate(workspace, *trackers)


def share(part: int, whole: int) -> str:
    """A part in per cent."""
    return f"{100 * part / whole:.1f} %" if whole else "-"


def main() -> int:
    """Print a row for each project and tracker, then the sums."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("workspaces", nargs="+")
    parser.add_argument("--as", dest="trackers", action="append", default=[])
    asked = parser.parse_args()
    trackers = asked.trackers or ["storyboard", "maniphest"]
    sums: dict[str, dict[str, int]] = {}
    print(
        f"{'project':24}{'tracker':14}{'issues':>8}{'moved':>8}{'native':>9}{'text':>9}{'lost':>9}"
    )
    try:
        for folder in asked.workspaces:
            found = judged(folder, trackers)
            for column in found.columns:
                fields = column.outcomes()
                whole = sum(fields.values())
                told = [share(fields[name], whole) for name in ("native", "text", "lost")]
                print(
                    f"{found.specs[0]:24}{column.sink:14}{found.issues:>8}{column.moved:>8}"
                    + "".join(f"{one:>9}" for one in told)
                )
                held = sums.setdefault(column.sink, dict.fromkeys(("native", "text", "lost"), 0))
                for name, count in fields.items():
                    held[name] += count
    except tm.MigrateError as error:
        print(error, file=sys.stderr)
        return error.exit_status
    best = max(sums, key=lambda one: (sums[one]["native"], -sums[one]["lost"]))
    print(
        f"\nmost of it is native at {best}: {share(sums[best]['native'], sum(sums[best].values()))}"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
