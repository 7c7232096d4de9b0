"""Creating in order, while what comes next is made ready.

Where numbers follow the source, one issue is created after another. What is created next is
rendered, its files are uploaded, and its intent is put on disk meanwhile; then it waits its turn,
which comes as soon as the one before it is there: what hangs on that one is made beside it.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager


class Halted(Exception):
    """The run was stopped by another issue while this one waited its turn: nothing was sent."""


class InOrder:
    """The turns of issues, each dealt with by a thread, numbered from 0 on."""

    def __init__(self) -> None:
        self._mine = threading.local()
        self._changed = threading.Condition()
        self._left: set[int] = set()
        self._next = 0
        self._halted = False

    @contextmanager
    def at(self, number: int) -> Iterator[None]:
        """This thread deals with that issue; when it leaves, the next one's turn may come."""
        self._mine.number = number
        try:
            yield
        finally:
            self.leave()

    def leave(self) -> None:
        """This thread's issue is created: the next one's turn may come."""
        number = getattr(self._mine, "number", None)
        if number is None:
            return
        self._mine.number = None
        with self._changed:
            self._left.add(number)
            while self._next in self._left:
                self._left.remove(self._next)
                self._next += 1
            self._changed.notify_all()

    def wait(self, seconds: float | None = None) -> bool:
        """Wait until all before this thread's issue are dealt with, or so long; whether they are. A
        thread that deals with none need not wait. Raises Halted."""
        number = getattr(self._mine, "number", None)
        if number is None:
            return True
        with self._changed:
            come = self._changed.wait_for(lambda: self._halted or self._next == number, seconds)
            if self._halted:
                raise Halted
            return come

    def halt(self) -> None:
        """Let nobody wait any more: the run stops."""
        with self._changed:
            self._halted = True
            self._changed.notify_all()
