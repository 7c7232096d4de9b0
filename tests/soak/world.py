"""The three servers, the workspace, and the daemon that is a process of its own."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from tests.end_to_end.marked_bugs import PROJECT
from tests.end_to_end.marked_world import closed_group
from tests.end_to_end.world import TARGETS, World
from tests.soak.clock import SharedTime
from tests.soak.life import OWNER
from tests.state_machine.standin_stage import SECRETS
from tracker_migrate.backends.launchpad.standin.server import LaunchpadStandIn
from tracker_migrate.backends.maniphest.standin import ManiphestStandIn
from tracker_migrate.backends.storyboard.standin import StoryBoardStandIn
from tracker_migrate.testing.loopback import Request, StandIn, serving
from tracker_migrate.workspace import Workspace

ROOT = Path(__file__).parents[2]
#: real seconds after which something that was asked for must have happened, on any machine
PATIENCE = 600.0
#: real seconds after which a late request arrives, and for which a target is waited for
LATE, SETTLE = 0.1, 1.5
_POLICIES = """[information_type]
"Private" = "few"
"Private Security" = "few"
[policies.few.storyboard]
users = [3]
also = [3]
without = "all"
[policies.few.maniphest]
groups = ["{few}"]
without = "all"
"""


class Home(LaunchpadStandIn):
    """Launchpad, in simulated time."""

    def __init__(self, time: SharedTime) -> None:
        self._time = time
        super().__init__()

    def moment(self) -> datetime:
        return self._time.now()


@contextmanager
def servers(folder: Path, time: SharedTime) -> Iterator[World]:
    """The servers, and a workspace with its tables; nothing was read yet."""
    launchpad, storyboard, maniphest = (
        Home(time),
        StoryBoardStandIn(clock=time.now),
        ManiphestStandIn(),
    )
    maniphest.store.clock = lambda: time.seconds
    with ExitStack() as stack:
        patch = stack.enter_context(pytest.MonkeyPatch.context())
        for name, value in {**SECRETS, "TRACKER_MIGRATE_LAUNCHPAD": OWNER}.items():
            patch.setenv(name, value)
        for standin in (launchpad, storyboard, maniphest):
            stack.enter_context(serving(standin))
        here = World(folder, [PROJECT], launchpad, storyboard, maniphest)
        here.private = True
        here.options = {name: {"settle_seconds": SETTLE} for name in TARGETS}
        here.write_settings()
        policies = _POLICIES.format(few=closed_group(here, "few", "importbot"))
        (folder / "mappings" / "privacy.toml").write_text(policies)
        yield here


class Ended(Exception):
    """The daemon ended by itself. status: its exit status; said: its last words."""

    def __init__(self, status: int, said: str) -> None:
        super().__init__(f"the daemon ended with status {status}: {said}")


class Daemon:
    """The process. deaths: how it was ended, and how often."""

    def __init__(self, here: World, time: SharedTime, clock: Path) -> None:
        self._here, self._time, self._clock = here, time, clock
        self._said = here.folder.parent / "daemon.out"
        self._wrong = here.folder.parent / "daemon.err"
        self._process: subprocess.Popen[bytes] | None = None
        self._read = 0
        self._patience = threading.Event()

    @property
    def pid(self) -> int:
        """Of the process that runs."""
        assert self._process is not None
        return self._process.pid

    def start(self) -> None:
        """Start it, where it stands."""
        self._time.until = 0.0
        with self._said.open("ab") as out, self._wrong.open("ab") as err:
            command = [sys.executable, "-m", "tests.soak.daemon"]
            given = [str(self._here.folder), str(self._clock)]
            self._process = subprocess.Popen([*command, *given], cwd=ROOT, stdout=out, stderr=err)

    def check(self) -> None:
        """Raise Ended if it has ended, and nobody asked it to."""
        assert self._process is not None
        if (status := self._process.poll()) is not None:
            raise Ended(status, self._wrong.read_text()[-2000:])

    @property
    def waits(self) -> bool:
        """Whether it waits for its next round."""
        return self._time.until > 0

    def until(self, happens: Callable[[], bool], what: str, *, alive: bool = True) -> None:
        """Wait for something. Raises Ended, or AssertionError if it does not come."""
        end = time.monotonic() + PATIENCE
        while not happens():
            if alive:
                self.check()
            assert time.monotonic() < end, f"nothing came of it: {what}"
            time.sleep(0.005)

    def a_round(self, after: float = 0.0) -> dict[str, Any]:
        """Let so much time pass, and the next round come and end; what it said."""
        self.until(lambda: self.waits, "it ends its round")
        rounds = self._time.rounds
        self._time.seconds = max(self._time.until, self._time.seconds + after)
        self.until(lambda: self._time.rounds > rounds and self.waits, "a round")
        return self.rounds()[-1]

    def rounds(self) -> list[dict[str, Any]]:
        """What it said since this was asked last, round by round."""
        with self._said.open("rb") as file:
            file.seek(self._read)
            lines = file.read().splitlines(keepends=True)
        whole = [line for line in lines if line.endswith(b"\n")]
        self._read += sum(map(len, whole))
        return [json.loads(line) for line in whole if line.startswith(b"{")]

    def kill(self, after: int) -> None:
        """SIGKILL, when it has asked a server so many times more; and wait until it is dead."""
        assert self._process is not None
        left, pid = [after], self.pid

        def count(_request: Request) -> None:
            left[0] -= 1
            if left[0] == 0:
                os.kill(pid, signal.SIGKILL)

        standins: list[StandIn] = [
            self._here.launchpad,
            self._here.storyboard,
            self._here.maniphest,
        ]
        for one in standins:
            one.on_request = count
        try:
            self._keep_busy()
        finally:
            for one in standins:
                one.on_request = None
        self._process.wait()

    def _keep_busy(self) -> None:
        """Let rounds come until it is dead."""
        assert self._process is not None
        end = time.monotonic() + PATIENCE
        while self._process.poll() is None:
            if self.waits:
                self._time.seconds = max(self._time.until, self._time.seconds)
            assert time.monotonic() < end, "it was not killed"
            time.sleep(0.002)

    def stop(self) -> int:
        """SIGTERM; its exit status. Not before it hears it: while Python is being loaded there is
        nothing to finish, and the system ends it."""
        assert self._process is not None
        self.until(self._hears, "it hears of SIGTERM")
        self._process.terminate()
        try:
            return self._process.wait(PATIENCE)
        finally:
            self._process.kill()

    def _hears(self) -> bool:
        """Whether it catches SIGTERM."""
        status = Path(f"/proc/{self.pid}/status").read_text()
        caught = next(line for line in status.splitlines() if line.startswith("SigCgt:"))
        return bool(int(caught.split()[1], 16) >> (signal.SIGTERM - 1) & 1)

    def end(self) -> None:
        """Whatever it does."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()

    def paused(self) -> bool:
        """Ask it to pause; whether that is new."""
        with Workspace(self._here.folder) as workspace:
            return workspace.paused.begin()

    def resumed(self) -> None:
        """Let it go on."""
        with Workspace(self._here.folder) as workspace:
            workspace.paused.end()
