"""Showing what goes on: bars on a terminal, a plain line now and then elsewhere.

Both say what is done, how fast, how long it still takes, how many requests were answered, what was
waited for, and what went wrong so far. What it is told are events without private text: keys,
counts, reasons.
"""

from __future__ import annotations

import os
import sys
import time
from collections import Counter
from contextlib import ExitStack
from types import TracebackType
from typing import Any, Self

from tracker_migrate.cli import screen
from tracker_migrate.hosts import answered, in_time
from tracker_migrate.interfaces import Event
from tracker_migrate.text.printable import printable

#: events that move a bar, and what the bar is called
_BARS = {
    "read": "reading",
    "person": "people",
    "judged": "looking through",
    "adopted": "adopting",
    "planned": "planning",
    "created": "creating",
    "issue": "writing",
    "verified": "verifying",
    "undone": "taking back",
    "told": "telling",
    "backdated": "backdating",
    "made": "making accounts",
}
_SAID = {
    "aside": "set aside",
    "waiting": "waiting",
    "kept": "kept a person's edit of",
    "overruled": "wrote over a person's edit of",
    "raced": "somebody was changing it just then:",
    "alarm": "look at",
    "left": "left to who coordinates:",
    "worker": "",
}
#: what is counted below the bars, in this order
_COUNTED = {
    "waiting": "waits",
    "kept": "edits kept",
    "refused": "refused",
    "aside": "set aside",
    "unread": "not read",
}
_EVERY = 10.0


class Display:
    """Listens to a run. level: -1 says nothing but errors, 0 progress, 1 every object as well."""

    def __init__(self, level: int = 0) -> None:
        self._level = level
        self._bar: Any = None
        self._tasks: dict[tuple[str, str], Any] = {}
        self._began: dict[str, tuple[float, int]] = {}
        self._said: dict[str, float] = {}
        self._counts: Counter[str] = Counter()
        self._asked = answered()
        self._most_asked = 0
        self._stack = ExitStack()
        self._on_terminal = sys.stderr.isatty() and os.environ.get("TERM", "") != "dumb"

    def __enter__(self) -> Self:
        if self._level >= 0 and self._on_terminal:
            from tracker_migrate.cli.bars import Bars

            self._bar = Bars(self._tail)
            self._bar.start()
            self._stack.enter_context(screen.above(self._above))
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._bar is not None:
            for task in self._bar.tasks:
                if task.total is None:
                    self._bar.update(task.id, total=task.completed)
                elif error is None:  # what was done before, or nothing had to be done about
                    self._bar.update(task.id, completed=task.total)
            self._stack.close()
            self._bar.stop()

    def __call__(self, event: Event) -> None:
        """Hear of an event."""
        if self._level < 0:
            return
        self._count(event)
        if event.name in _SAID:
            detail = f": {event.detail}" if event.detail else ""
            # a server that is waited for is no object's
            self._line(f"{_SAID[event.name]} {event.key}{detail}" if event.key else event.detail)
        elif event.name in _BARS:
            self._progress(event)
        elif self._level > 0:
            self._line(f"{event.name} {event.detail} {event.key}")

    def _count(self, event: Event) -> None:
        if event.name in _COUNTED:
            self._counts[event.name] += 1
        elif event.name == "read" and event.detail == "unread":
            self._counts["unread"] += 1

    def _tail(self) -> str:
        """What stands below the bars: requests, waits, errors so far."""
        self._most_asked = max(self._most_asked, answered() - self._asked)
        parts = [f"{self._most_asked} requests"] if self._most_asked else []
        parts += [
            f"{self._counts[one]} {word}" for one, word in _COUNTED.items() if self._counts[one]
        ]
        return " · ".join(parts)

    def _progress(self, event: Event) -> None:
        if self._bar is None:
            self._now_and_then(event)
            return
        at = (event.name, event.target)
        if at not in self._tasks:
            self._tasks[at] = self._bar.add_task(_name(event), total=event.total or None)
        self._bar.update(self._tasks[at], completed=event.done, total=event.total or None)

    def _now_and_then(self, event: Event) -> None:
        """A line every ten seconds, for a log or a pipe."""
        now, name = time.monotonic(), _name(event)
        began, before = self._began.setdefault(name, (now, event.done))
        if now - self._said.setdefault(name, now) < _EVERY:
            return
        self._said[name] = now
        rate = (event.done - before) / (now - began)
        parts = [f"{name} {event.done}" + (f" of {event.total}" if event.total else "")]
        if rate > 0:
            parts.append(f"{rate:.0f}/s" if rate >= 1 else f"{rate * 60:.0f}/min")
            if event.total > event.done:
                parts.append(f"{in_time((event.total - event.done) / rate)} left")
        tail = self._tail()
        self._line(" · ".join([*parts, tail] if tail else parts))

    def _line(self, text: str) -> None:
        screen.echo(text, err=True)

    def _above(self, line: str) -> None:
        self._bar.console.print(printable(line), markup=False, highlight=False, soft_wrap=True)


def _name(event: Event) -> str:
    return f"{event.target}: {_BARS[event.name]}" if event.target else _BARS[event.name]
