"""Ends a run at any moment at which it could end. What has ended does nothing any more."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from tracker_migrate.backends.maniphest.client import Conduit
from tracker_migrate.backends.storyboard.client import Api
from tracker_migrate.backends.storyboard.files import FileWriter
from tracker_migrate.workspace import Ledger


class Crash(BaseException):
    """The process ends here: nobody catches this."""


class Fuse:
    """Counts the moments; ends the run at the one that it was set to, and at all that follow.

    A moment: before and after each request that writes, and each file, and after its result is
    noted. Before the next intent, and after it, all stands as at one of these.
    """

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.moments = 0
        self._left: int | None = None
        self._guard = threading.Lock()
        for owner in (Api, Conduit, FileWriter):
            self._attach(monkeypatch, owner, "write", before=True)
        self._attach(monkeypatch, Ledger, "settle", before=False)

    def set(self, moments: int | None) -> None:
        """End at so many moments from now (1: at the next); None: never."""
        self.moments, self._left = 0, moments

    @property
    def blown(self) -> bool:
        """Whether the run has ended."""
        return self._left is not None and self._left <= 0

    def _tick(self) -> None:
        with self._guard:
            self.moments += 1
            if self._left is not None:
                self._left -= 1
                if self._left <= 0:
                    raise Crash

    def _attach(
        self, monkeypatch: pytest.MonkeyPatch, owner: type, name: str, *, before: bool
    ) -> None:
        real = getattr(owner, name)

        def done(*given: Any, **named: Any) -> Any:
            if before or self.blown:  # what has ended notes nothing, either
                self._tick()
            result = real(*given, **named)
            self._tick()
            return result

        monkeypatch.setattr(owner, name, done)
