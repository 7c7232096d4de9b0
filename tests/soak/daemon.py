"""The process that is soaked: `python -m tests.soak.daemon FOLDER CLOCK`. Its secrets are in its
environment. It is `sync`, but for its clock; a line of JSON for each round.
"""

from __future__ import annotations

import sys
from datetime import timedelta
from pathlib import Path

import msgspec

from tests.end_to_end.world import TARGETS
from tests.soak.clock import SharedClock, SharedTime
from tracker_migrate.engine import aside
from tracker_migrate.engine.daemon import rounds
from tracker_migrate.errors import MigrateError
from tracker_migrate.workspace import Workspace


def main(folder: str, clock: str) -> int:
    """Rounds until SIGTERM; the exit status of what ended it."""
    # what failed is tried again after a real hour, at the earliest: here that is a second
    aside._REST, aside._LONGEST = timedelta(seconds=1), timedelta(seconds=2)
    time = SharedTime(Path(clock))
    try:
        with Workspace(Path(folder)) as workspace:
            for ended in rounds(workspace, TARGETS, clock=SharedClock(time)):
                sys.stdout.write(msgspec.json.encode(ended).decode() + "\n")
                sys.stdout.flush()
                time.rounds += 1
    except MigrateError as error:
        sys.stderr.write(f"{type(error).__name__}: {error}\n")
        return error.exit_status
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
