"""`make crash-points`: dies at every point there is, and says what came of it.

`python -m tests.crash_points SEED` goes to the tenth that a test has drawn with this seed.
"""

from __future__ import annotations

import multiprocessing
import os
import sys
import time
from collections.abc import Iterator
from concurrent.futures import Future, ProcessPoolExecutor

from tests.crash_points.points import PLANNERS, Tally, part, tenth

CORES = os.cpu_count() or 1


def main(seed: str | None = None) -> int:
    """Over all cores; 1 if anything is wrong."""
    began, tally = time.monotonic(), Tally()
    with ProcessPoolExecutor(CORES, multiprocessing.get_context("spawn")) as pool:
        for one in list(_parts(pool, seed)):
            tally = tally.plus(one.result())
    failures = [*dict.fromkeys(tally.failures), *([] if seed else _too_few(tally))]
    said = f"seconds={time.monotonic() - began:.0f} failures={len(failures)}"
    sys.stdout.writelines(f"{line}\n" for line in (*failures, said, tally))
    return 1 if failures else 0


def _parts(pool: ProcessPoolExecutor, seed: str | None) -> Iterator[Future[Tally]]:
    for target in PLANNERS:
        if seed is not None:
            yield pool.submit(tenth, target, int(seed))
        else:
            yield from (pool.submit(part, target, number, CORES) for number in range(CORES))


def _too_few(tally: Tally) -> list[str]:
    kinds = sum(len(planner.steps) for planner in PLANNERS.values())
    return (
        [] if tally.points >= 4 * kinds else [f"{tally.points} points for {kinds} kinds of steps"]
    )


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
