"""`make state-machine STEPS=20000 MINUTES=60`: all worlds, in turn, for so many steps each round.

`python -m tests.state_machine WORLD SEED` goes through one seed's examples again.
"""

from __future__ import annotations

import os
import random
import sys
import time

from tests.state_machine import budget
from tests.state_machine.machine import TALLY
from tests.state_machine.worlds import WORLDS


def main(*again: str) -> int:
    """1 if anything is found."""
    if again:
        budget.once(next(one for one in WORLDS.values() if one.__name__ == again[0]), int(again[1]))
        return 0
    steps, minutes = (float(os.environ.get(name) or 0) for name in ("STEPS", "MINUTES"))
    until = time.monotonic() + 60 * minutes if minutes else float("inf")
    steps = steps or (float("inf") if minutes else 12_000)
    began, found = time.monotonic(), []
    seed = int(os.environ.get("SEED") or random.randrange(10**9))
    sys.stdout.write(f"seed={seed}\n")
    turn = 0
    while TALLY.steps.total() < steps and time.monotonic() < until:
        turn += 1
        for machine in WORLDS.values():
            left = until - time.monotonic()
            found += budget.rounds(machine, seed + turn, machine.share, min(left, 300.0))
        sys.stdout.write(f"{budget.summary(found, began)}\n")
        sys.stdout.flush()
    sys.stdout.write(f"{budget.summary(found, began)}\n")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
