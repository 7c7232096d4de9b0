"""The process that is soaked: `python -m tests.soak.daemon FOLDER CLOCK`. Its secrets are in its
environment. It is `sync`, but for its clock; a line of JSON for each round.
"""

from __future__ import annotations

import sys
from datetime import datetime, timedelta, tzinfo
from pathlib import Path
from typing import Any

import msgspec

from tests.end_to_end.world import TARGETS
from tests.soak.clock import SharedClock, SharedTime
from tracker_migrate.backends.launchpad import answers
from tracker_migrate.engine import aside, feed
from tracker_migrate.engine.daemon import rounds
from tracker_migrate.errors import MigrateError
from tracker_migrate.workspace import Workspace, ledger, packing

#: whose dates are held against the source's, and against one another
_DATED: tuple[Any, ...] = (answers, feed, ledger, packing)


def main(folder: str, clock: str) -> int:
    """Rounds until SIGTERM; the exit status of what ended it."""
    # what failed is tried again after a real hour, at the earliest: here that is a second
    aside._REST, aside._LONGEST = timedelta(seconds=1), timedelta(seconds=2)
    time = SharedTime(Path(clock))
    for one in _DATED:
        one.datetime = _simulated(time)
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


def _simulated(time: SharedTime) -> type[datetime]:
    """A `datetime` whose `now` is the simulated moment: else all that is written in the soak would
    seem to be sent months after whatever happens at the source."""

    class Simulated(datetime):
        @classmethod
        def now(cls, tz: tzinfo | None = None) -> Any:
            return time.now().astimezone(tz)

        @classmethod
        def strptime(cls, text: str, form: str) -> Any:
            return datetime.strptime(text, form)

    return Simulated


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
