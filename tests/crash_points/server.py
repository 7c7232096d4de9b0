"""The server's part: it carries a write out, and kills who asked for it before he hears of it."""

from __future__ import annotations

import os
import signal
from pathlib import Path
from typing import Any

from tracker_migrate.testing.loopback import Request


class Armed:
    """While it is entered, a client that has written its number into a file dies of its write."""

    def __init__(self, standin: Any, file: Path) -> None:
        self._standin, self._file = standin, file

    def __enter__(self) -> None:
        self._standin.on_request = self._request

    def __exit__(self, *_: object) -> None:
        self._standin.on_request = None

    def _request(self, request: Request) -> None:
        if not self._file.exists() or not self._standin.is_write(request):
            return
        client = int(self._file.read_text())
        self._file.unlink()
        self._standin.answer(request)
        os.kill(client, signal.SIGKILL)
        raise ConnectionAbortedError("the client was killed")
