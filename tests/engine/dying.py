"""A process that writes, and is killed while it does: `python -m tests.engine.dying FOLDER JOURNAL
NUMBERS COUNT`. The server's journal outlives it."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path
from typing import cast

from tests.engine.world import World
from tracker_migrate.testing.memory import MemoryServer, Numbers
from tracker_migrate.workspace import Workspace


def main(folder: str, journal: str, numbers: str, count: str) -> None:
    """Apply, until the server has carried out so many requests."""
    server = MemoryServer(journal=Path(journal))
    left = [int(count)]

    def die(_name: str, moment: str) -> None:
        left[0] -= moment == "after"
        if left[0] == 0:
            os.kill(os.getpid(), signal.SIGKILL)

    server.on_request = die
    workspace = Workspace(folder)
    with workspace.coordinating():
        World(workspace, server, cast(Numbers, numbers)).apply()


if __name__ == "__main__":
    main(*sys.argv[1:])
