"""`make crash-points`: dies at every point there is, and says what came of it."""

from __future__ import annotations

import multiprocessing
import os
import sys
import time
from concurrent.futures import ProcessPoolExecutor

from tests.crash_points.points import PLANNERS, Tally, part


def main() -> int:
    """All points, over all cores; 1 if anything is wrong."""
    cores, began = os.cpu_count() or 1, time.monotonic()
    tally = Tally()
    with ProcessPoolExecutor(cores, multiprocessing.get_context("spawn")) as pool:
        parts = [
            pool.submit(part, target, number, cores)
            for target in PLANNERS
            for number in range(cores)
        ]
        for one in parts:
            tally = tally.plus(one.result())
    failures = [*dict.fromkeys(tally.failures), *_too_few(tally)]
    said = f"seconds={time.monotonic() - began:.0f} failures={len(failures)}"
    sys.stdout.writelines(f"{line}\n" for line in (*failures, said, tally))
    return 1 if failures else 0


def _too_few(tally: Tally) -> list[str]:
    kinds = sum(len(planner.steps) for planner in PLANNERS.values())
    return (
        [] if tally.points >= 4 * kinds else [f"{tally.points} points for {kinds} kinds of steps"]
    )


if __name__ == "__main__":
    sys.exit(main())
