"""Showing what goes on: a progress bar on a terminal, a plain line now and then elsewhere.

What it is told are events without private text: keys, counts, reasons.
"""

from __future__ import annotations

import sys
import time
from types import TracebackType
from typing import Any, Self

from tracker_migrate.cli import screen
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
    "backdated": "backdating",
}
_SAID = {"aside": "set aside", "waiting": "waiting", "kept": "kept a person's edit of"}
_EVERY = 10.0


class Display:
    """Listens to a run. level: -1 says nothing but errors, 0 progress, 1 every object as well."""

    def __init__(self, level: int = 0) -> None:
        self._level = level
        self._bar: Any = None
        self._tasks: dict[tuple[str, str], Any] = {}
        self._said: dict[str, float] = {}
        self._on_terminal = sys.stderr.isatty()

    def __enter__(self) -> Self:
        if self._level >= 0 and self._on_terminal:
            self._bar = _rich_bar()
            self._bar.start()
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
            self._bar.stop()

    def __call__(self, event: Event) -> None:
        """Hear of an event."""
        if self._level < 0:
            return
        if event.name in _SAID:
            detail = f": {event.detail}" if event.detail else ""
            # a server that is waited for is no object's
            self._line(f"{_SAID[event.name]} {event.key}{detail}" if event.key else event.detail)
        elif event.name in _BARS:
            self._progress(event)
        elif self._level > 0:
            self._line(f"{event.name} {event.detail} {event.key}")

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
        if now - self._said.setdefault(name, now) >= _EVERY:
            self._said[name] = now
            of = f" of {event.total}" if event.total else ""
            screen.echo(f"{name} {event.done}{of}", err=True)

    def _line(self, text: str) -> None:
        if self._bar is not None:
            self._bar.console.print(printable(text), markup=False, highlight=False)
        else:
            screen.echo(text, err=True)


def _name(event: Event) -> str:
    return f"{event.target}: {_BARS[event.name]}" if event.target else _BARS[event.name]


def _rich_bar() -> Any:
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        ProgressColumn,
        SpinnerColumn,
        Task,
        TextColumn,
        TimeRemainingColumn,
    )
    from rich.text import Text

    class Rate(ProgressColumn):
        """Objects a second, lately."""

        def render(self, task: Task) -> Text:
            speed = task.finished_speed or task.speed
            return Text("" if speed is None else f"{speed:.0f}/s")

    return Progress(
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        Rate(),
        TimeRemainingColumn(),
        console=Console(stderr=True),
    )
