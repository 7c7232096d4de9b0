"""A process that writes, and ends or stops itself before its nth request that writes:
`python -m tests.state_machine.worker FOLDER TARGET NTH SIGNAL`. Its secrets are in its environment.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from pathlib import Path
from typing import Any

from tracker_migrate.backends.maniphest.client import Conduit
from tracker_migrate.backends.storyboard.client import Api
from tracker_migrate.engine import jobs
from tracker_migrate.errors import MigrateError
from tracker_migrate.workspace import Workspace
from tracker_migrate.workspace.database import Writer

#: held while it is stopped: who stops within a transaction keeps an SQLite locked, and everybody
#: else is told so, rightly; that is not what is tried here
_BETWEEN = threading.Lock()


def main(folder: str, target: str, nth: str, name: str) -> int:
    """Apply; the exit status of what ended it."""
    left = [int(nth)]
    for owner in (Api, Conduit):
        _attach(owner, left, signal.Signals[name])
    _attach_writer()
    try:
        with Workspace(Path(folder)) as workspace, workspace.coordinating():
            jobs.apply(workspace, target)
    except MigrateError as error:
        return error.exit_status
    return 0


def _attach(owner: Any, left: list[int], how: signal.Signals) -> None:
    real = owner.write

    def write(*given: Any, **named: Any) -> Any:
        left[0] -= 1
        if left[0] == 0:
            with _BETWEEN:
                os.kill(os.getpid(), how)
                time.sleep(0.5)  # it may be another thread that takes the signal: this one goes on
        return real(*given, **named)

    owner.write = write


def _attach_writer() -> None:
    real = Writer._together

    def together(self: Writer, group: Any) -> Any:
        with _BETWEEN:
            return real(self, group)

    Writer._together = together  # type: ignore[method-assign]


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
