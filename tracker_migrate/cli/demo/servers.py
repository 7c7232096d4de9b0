"""The demo's three servers: stand-ins on free loopback ports, each in a process of its own."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import requests

from tracker_migrate.errors import MigrateError
from tracker_migrate.http import plain_session

_READY = "listening on "


class Server:
    """One stand-in. Use as a context manager; it ends with it."""

    def __init__(self, tracker: str, folder: Path, *arguments: str) -> None:
        self.tracker = tracker
        self._log = (folder / f"{tracker}.log").open("w")
        data = str(folder / f"{tracker}.db")
        command = [sys.executable, "-m", *self._module(tracker)]
        command += ["--port", "0", "--data", data, *arguments]
        self._process = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=self._log, text=True
        )
        self.url = ""
        self._session = plain_session(4)

    def _module(self, tracker: str) -> list[str]:
        """What is run, and its first arguments."""
        return [f"tracker_migrate.backends.{tracker}.standin"]

    def __enter__(self) -> Self:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            if line.startswith(_READY):
                self.url = line.removeprefix(_READY).strip()
                return self
        raise MigrateError(f"the stand-in for {self.tracker} did not start: see {self._log.name}")

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._session.close()
        self._process.terminate()
        self._process.wait(10)
        self._log.close()

    def ask(self, method: str, path: str, **how: Any) -> requests.Response:
        """A request of our own, past the migration."""
        return self._session.request(method, f"{self.url}{path}", timeout=30, **how)

    def writes(self) -> int:
        """How many writing requests it has had."""
        return int(self.ask("GET", "/__standin__/counts").json()["writes"])

    def misbehave(self, **fault: Any) -> None:
        """Have it misbehave, as `testing.loopback.Fault` says."""
        self.ask("POST", "/__standin__/faults", data=json.dumps([fault]))

    def behave(self) -> None:
        """Have it behave again."""
        self.ask("DELETE", "/__standin__/faults")
