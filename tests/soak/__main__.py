"""`make soak SEED=… HOURS=…`: a day of the daemon, in minutes."""

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
    _say(f"seed={seed} hours={hours:g}")
    with (
        tempfile.TemporaryDirectory(prefix="soak-") as folder,
        soak(How(seed, hours), Path(folder), _say) as run,
    ):
        run.run()
        flat = run.flat()
        _say(" ".join(f"{name}={ratio:.3f}" for name, ratio in flat.items()))
        _say(run.summary())
        return int(bool(run.differences) or max(flat.values()) > 1.1)


if __name__ == "__main__":
    sys.exit(main())
