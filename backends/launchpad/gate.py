"""How many requests may be under way at once: as many as Launchpad answers quickly."""

from __future__ import annotations

import threading


class Gate:
    """Lets at most `most` requests through at once, and fewer while answers are slow.

    The server's ceiling is reached at about 8 connections; more only make it slower (facts 10).
    """

    def __init__(self, most: int) -> None:
        self._most = self.limit = max(1, most)
        self._busy = 0
        self._free = threading.Condition()
        self._usual = self._lately = 0.0
        self._count = 0

    def __enter__(self) -> None:
        with self._free:
            while self._busy >= self.limit:
                self._free.wait()
            self._busy += 1

    def __exit__(self, *_: object) -> None:
        with self._free:
            self._busy -= 1
            self._free.notify()

    def took(self, seconds: float) -> None:
        """Note how long an answer took; changes the limit every twenty answers at most."""
        with self._free:
            self._lately += (seconds - self._lately) * 0.1 if self._count else seconds
            self._count += 1
            if self._count % 20:
                return
            self._usual = min(self._usual or self._lately, self._lately)
            if self._lately > 4 * self._usual + 0.2:
                self.limit = max(1, self.limit // 2)
                self._usual = self._lately / 2
            elif self.limit < self._most:
                self.limit += 1
                self._free.notify()
