"""`make soak SEED=… HOURS=… BUGS=…`: a day of the daemon, in minutes."""

from __future__ import annotations

import os
import random
import sys
import tempfile
from pathlib import Path

from tests.soak.run import How, soak


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def main() -> int:
    """1 if source and targets ever differ in a quiet moment, or something grows."""
    seed = int(os.environ.get("SEED") or random.randrange(10**6))
    hours = float(os.environ.get("HOURS") or 24)
    bugs = int(os.environ.get("BUGS") or How(seed).bugs)
    _say(f"seed={seed} hours={hours:g} bugs={bugs}")
    with (
        tempfile.TemporaryDirectory(prefix="soak-") as folder,
        soak(How(seed, hours, bugs), Path(folder), _say) as run,
    ):
        run.run()
        _say(" ".join(f"{name}={ratio:.3f}" for name, ratio in run.flat().items()))
        _say(run.summary())
        return int(not run.is_well())


if __name__ == "__main__":
    sys.exit(main())
