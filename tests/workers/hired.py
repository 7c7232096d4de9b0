"""A worker in a process of its own that ends or stops itself at its nth request that writes:
`python -m tests.workers.hired FOLDER NTH SIGNAL before|after`. After: the request is carried out,
and nobody has noted its result. Its secrets are in its environment.
"""

from __future__ import annotations

import itertools
import os
import signal
import sys
import time
from typing import Any

from tracker_migrate.backends.maniphest.client import Conduit
from tracker_migrate.backends.storyboard.client import Api
from tracker_migrate.cli.run import run

_NUMBERS = itertools.count(1)


def main(folder: str, nth: str, name: str, when: str) -> int:
    """Work; the exit status."""
    for owner in (Api, Conduit):
        _attach(owner, int(nth), signal.Signals[name], when)
    return run(["worker", "-C", folder, "-q"])


def _attach(owner: Any, nth: int, how: signal.Signals, when: str) -> None:
    real = owner.write

    def write(*given: Any, **named: Any) -> Any:
        its = next(_NUMBERS) == nth
        if its and when == "before":
            _end(how)
        found = real(*given, **named)
        if its and when == "after":
            _end(how)
        return found

    owner.write = write


def _end(how: signal.Signals) -> None:
    os.kill(os.getpid(), how)
    time.sleep(0.5)  # it may be another thread that takes the signal: this one goes on


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
