"""Running the real command in a process of its own, as a user would; and killing it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from tracker_migrate.errors import MigrateError

#: what a command may end with when something was refused on purpose
_FINE = (0, 3)


class Command:
    """The command line, with a workspace and the demo's tokens in its environment."""

    def __init__(self, workspace: Path, secrets: Mapping[str, str]) -> None:
        self._workspace = workspace
        self._environment = {**os.environ, **secrets}

    def json(self, *arguments: str, fine: tuple[int, ...] = _FINE) -> Any:
        """Run to the end; what it printed as JSON. MigrateError if it ended otherwise than fine."""
        return _result(self._start(*arguments, "--json"), arguments[0], fine)

    def json_of_each(
        self,
        targets: Iterable[str],
        command: str,
        fine: tuple[int, ...] = _FINE,
        more: Callable[[str], tuple[str, ...]] = lambda _name: (),
    ) -> dict[str, Any]:
        """Run a command that only reads for several targets at once, without progress bars; what
        was printed of each. more: further arguments, by the target's name."""
        started = {
            name: self._start(command, "-q", "-T", name, "--json", *more(name)) for name in targets
        }
        return {name: _result(one, command, fine)[name] for name, one in started.items()}

    def run(self, *arguments: str) -> None:
        """Run to the end, in silence."""
        process = self._start(*arguments)
        process.communicate()
        if process.returncode not in _FINE:
            raise _ended(arguments[0], process.returncode)

    def killed(self, now: Callable[[], bool], *arguments: str) -> bool:
        """Run until `now` says so, then SIGKILL. Whether it was killed before it ended."""
        process = self._start(*arguments)
        while process.poll() is None:
            if now():
                process.send_signal(signal.SIGKILL)
                process.communicate()
                if sys.stderr.isatty():
                    sys.stderr.write("\x1b[?25h\n")  # the cursor that the progress bar had hidden
                return True
            time.sleep(0.05)
        process.communicate()
        return False

    def _start(self, *arguments: str) -> subprocess.Popen[str]:
        command = [sys.executable, "-m", "tracker_migrate", *arguments]
        if arguments[0] != "init":
            command += ["-C", str(self._workspace)]
        return subprocess.Popen(command, stdout=subprocess.PIPE, env=self._environment, text=True)


def _result(process: subprocess.Popen[str], command: str, fine: tuple[int, ...]) -> Any:
    output, _ = process.communicate()
    if process.returncode not in fine:
        raise _ended(command, process.returncode)
    return json.loads(output)


def _ended(command: str, status: int) -> MigrateError:
    """What to raise for a command that failed: it has said why, the demo ends as it did."""
    error = MigrateError(f"the demo stops here: {command} ended with status {status}")
    error.exit_status = status if status > 0 else 1
    return error
