"""What found each kind of change, as the test of all of them saw it, and as the docs tell it.

    python -m tests.end_to_end.found_by

prints the part of docs/sync.md that is made of it.
"""

from __future__ import annotations

import sys
import tomllib
from pathlib import Path

TABLE = Path(__file__).with_name("found_by.toml")
#: after so many minutes of simulated time a round is looked at, with the default settings: the
#: rounds between find no more than the first one did. So long it takes at the most
ROUNDS = {"a round": 5, "around": 60, "the sweep": 24 * 60, "the sweep of people": 7 * 24 * 60}
_NAMES = {
    "a round": ("each round", "5 minutes (`every`)"),
    "around": ("what is asked for around", "60 minutes (`around_minutes`, `blueprints_minutes`)"),
    "the sweep": ("the sweep", "24 hours (`sweep_hours`)"),
    "the sweep of people": ("the sweep of people", "7 days (`people_days`)"),
}


def table() -> dict[str, list[str]]:
    """The kinds of changes, by what found them."""
    return tomllib.loads(TABLE.read_text())


def told() -> str:
    """The lines of the docs."""
    lines = ["| found by | after at the most | kinds of change |", "|---|---|---|"]
    for how, ones in table().items():
        name, longest = _NAMES[how]
        lines.append(f"| {name} | {longest} | {', '.join(ones)} |")
    return "\n".join(lines)


if __name__ == "__main__":
    sys.stdout.write(f"{told()}\n")
