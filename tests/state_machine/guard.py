"""Runs a command so that it can't hang, says how it ended; ends it in the middle, if asked to."""

from __future__ import annotations

import sys
import threading
import traceback
from collections.abc import Callable
from typing import Any

import pytest

from tracker_migrate.workspace.database import Writer

#: no command may take longer, in real seconds
LONGEST = 60.0


class Crash(BaseException):
    """The process ends here: nobody catches this."""


class Dead(Exception):
    """What a process that has ended still wants to write; nobody hears of it."""


class Fuse:
    """Ends a run at the nth moment at which it could end: a request that writes, before it and
    after it, and a commit, before it and after it. What has ended does nothing any more."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self._left: int | None = None
        self._guard = threading.Lock()
        real, fuse = Writer._together, self

        def together(self: Writer, group: Any) -> Any:
            fuse.tick(Dead)
            result = real(self, group)
            fuse.tick(Dead)
            return result

        patch.setattr(Writer, "_together", together)

    def set(self, moments: int | None) -> None:
        """End at so many moments from now (1: at the next); None: never."""
        self._left = moments

    @property
    def blown(self) -> bool:
        """Whether the run has ended."""
        return self._left is not None and self._left <= 0

    def tick(self, how: type[BaseException] = Crash) -> None:
        """Another moment has come."""
        with self._guard:
            if self._left is None:
                return
            self._left -= 1
            if self._left <= 0:
                raise how


def guarded(command: Callable[[], Any], seconds: float = LONGEST) -> Any:
    """The result of a command, or the exception that it raised is raised here; AssertionError with
    where it stands, if it does not end in time."""
    ended: list[tuple[Any, BaseException | None]] = []

    def run() -> None:
        try:
            ended.append((command(), None))
        except BaseException as error:  # noqa: BLE001  it is raised again, below
            ended.append((None, error))

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    thread.join(seconds)
    if not ended:
        frame = sys._current_frames().get(thread.ident or 0)
        where = "".join(traceback.format_stack(frame)) if frame else "gone"
        raise AssertionError(f"a command hangs since {seconds:.0f} s:\n{where}")
    result, error = ended[0]
    if error is not None:
        raise error
    return result
