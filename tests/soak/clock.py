"""Simulated time, shared by two processes: whoever runs the soak moves it, the daemon goes by it.

A file of a few bytes that both have in memory: what time it is, until when the daemon waits (0
while it works), and how many rounds it has ended.
"""

from __future__ import annotations

import mmap
import struct
import threading
from datetime import UTC, datetime
from pathlib import Path

from tracker_migrate.engine.clock import Clock

_HELD = struct.Struct("ddd")
#: real seconds between two looks of a daemon that waits
_LOOK = 0.005


class SharedTime:
    """The file. Each value has one writer."""

    def __init__(self, path: Path) -> None:
        if not path.exists():
            path.write_bytes(_HELD.pack(0.0, 0.0, 0.0))
        with path.open("r+b") as file:
            self._map = mmap.mmap(file.fileno(), _HELD.size)

    def _get(self, which: int) -> float:
        return struct.unpack_from("d", self._map, 8 * which)[0]  # type: ignore[no-any-return]

    def _set(self, which: int, value: float) -> None:
        struct.pack_into("d", self._map, 8 * which, value)

    @property
    def seconds(self) -> float:
        """The simulated moment, as seconds since 1970."""
        return self._get(0)

    @seconds.setter
    def seconds(self, value: float) -> None:
        self._set(0, value)

    @property
    def until(self) -> float:
        """The moment until which the daemon waits; 0 while it works."""
        return self._get(1)

    @until.setter
    def until(self, value: float) -> None:
        self._set(1, value)

    @property
    def rounds(self) -> int:
        """How many rounds have ended."""
        return int(self._get(2))

    @rounds.setter
    def rounds(self, value: int) -> None:
        self._set(2, float(value))

    def now(self) -> datetime:
        """The simulated moment, UTC."""
        return datetime.fromtimestamp(self.seconds, UTC)


class SharedClock(Clock):
    """The daemon's clock."""

    def __init__(self, time: SharedTime) -> None:
        self._time = time

    def now(self) -> datetime:
        return self._time.now()

    def monotonic(self) -> float:
        return self._time.seconds

    def wait(self, event: threading.Event, seconds: float) -> bool:
        """Wait until so much simulated time has passed."""
        until = self._time.seconds + seconds
        self._time.until = until
        try:
            while self._time.seconds < until:
                if event.wait(_LOOK):
                    return True
            return event.is_set()
        finally:
            self._time.until = 0.0
