"""`sync --log`: one JSON line for each event, for programs. What people read stays as it is.

An event holds keys, counts and reasons: no text of an issue, no name of what is not public.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, TextIO

import structlog

from tracker_migrate import __version__
from tracker_migrate.cli import screen
from tracker_migrate.engine.alarms import GOOD
from tracker_migrate.errors import WorkspaceError
from tracker_migrate.interfaces import Event
from tracker_migrate.workspace.pulse import Pulse
from tracker_migrate.workspace.secrets import opener

#: the standard output
SCREEN = "-"
#: events that somebody may have to do something about
_WARN = frozenset({"alarm", "aside", "exposed", "refused", "doubled"})
#: and those that only say how far it is
_DEBUG = frozenset({"judged", "planned", "person", "created", "issue", "verified"})
_LEVELS = {-1: "warning", 0: "info", 1: "debug"}


class Log:
    """A log. level: as of the command line: -1 warnings alone, 0 what happens, 1 all of it."""

    def __init__(self, out: TextIO, level: int) -> None:
        self._log: Any = structlog.wrap_logger(
            structlog.WriteLogger(out),
            processors=[
                structlog.processors.add_log_level,
                structlog.processors.TimeStamper(fmt="iso", utc=True, key="at"),
                structlog.processors.JSONRenderer(serializer=_line),
            ],
            wrapper_class=structlog.make_filtering_bound_logger(_LEVELS[level]),
            cache_logger_on_first_use=True,
        )

    def hear(self, event: Event) -> None:
        """An event of the engine."""
        held: dict[str, Any] = {"target": event.target, "key": event.key, "detail": event.detail}
        held |= {"done": event.done, "total": event.total}
        told = {name: value for name, value in held.items() if value}
        getattr(self._log, _level(event))(event.name, **told)

    def began(self, targets: list[str], every: float) -> None:
        """The daemon begins."""
        self._log.info(
            "began", version=__version__, process=os.getpid(), targets=targets, every=every
        )

    def round(self, document: dict[str, Any]) -> None:
        """A round is over. document: as `sync --json` has it."""
        tell = self._log.warning if document.get("error") else self._log.info
        told = {name: value for name, value in document.items() if name != "at"}
        tell("round", began=document["at"], **told)

    def told(self, pulse: Pulse) -> None:
        """How the daemon ended."""
        if pulse.doing != "ended":
            return
        tell = self._log.info if pulse.status in GOOD else self._log.error
        tell("ended", status=pulse.status, why=pulse.why, rounds=pulse.rounds)


def _level(event: Event) -> str:
    if event.name in _WARN or (event.name == "read" and event.detail == "unread"):
        return "warning"
    if event.name in _DEBUG or (event.name == "read" and event.detail == "same"):
        return "debug"
    return "info"


def _line(value: Any, **_how: Any) -> str:
    return screen.encoded(value, None)


class _File:
    """A file that is its owner's alone, and is opened anew when somebody has moved it away."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file = self._opened()

    def _opened(self) -> TextIO:
        try:
            return open(self._path, "a", encoding="utf-8", opener=opener)
        except OSError as error:
            raise WorkspaceError(f"can't write the log {self._path}: {error.strerror}") from None

    def write(self, text: str) -> int:
        """Write some text."""
        if self._was_moved():
            self._file.close()
            self._file = self._opened()
        return self._file.write(text)

    def _was_moved(self) -> bool:
        ours = os.fstat(self._file.fileno())
        try:
            there = self._path.stat()
        except FileNotFoundError:
            return True
        return (ours.st_dev, ours.st_ino) != (there.st_dev, there.st_ino)

    def flush(self) -> None:
        """Have it on its way to the disk."""
        self._file.flush()

    def close(self) -> None:
        """Close it."""
        with suppress(OSError):
            self._file.close()


@contextmanager
def log_to(where: str, folder: Path, level: int) -> Iterator[Log]:
    """A log. where: a file, or `SCREEN`. folder: that a relative file is in. Raises WorkspaceError
    if it can't be written."""
    if where == SCREEN:
        yield Log(sys.stdout, level)
        return
    out: Any = _File(folder / where)
    try:
        yield Log(out, level)
    finally:
        out.close()
