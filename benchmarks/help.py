"""How long who asks for help waits, and whether that imports what it does not need."""

from __future__ import annotations

import subprocess
import sys

from benchmarks.scene import cost

_RUNS = 5
_ASKED = "import sys, tracker_migrate; print(' '.join(sys.modules))"


def help_(_issues: int = 0) -> dict[str, float]:
    """Seconds of `--help`, the best of a few runs, by the clock and by the processor's time; how
    many modules of backends `import tracker_migrate` pulls in."""
    costs = [cost("--help") for _ in range(_RUNS)]
    asked = subprocess.run(
        [sys.executable, "-c", _ASKED], check=True, capture_output=True, text=True
    )
    backends = [one for one in asked.stdout.split() if one.startswith("tracker_migrate.backends")]
    return {
        "help_seconds": min(one.seconds for one in costs),
        "help_cpu_seconds": min(one.cpu for one in costs),
        "import_backends": float(len(backends)),
    }
