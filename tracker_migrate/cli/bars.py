"""The bars on a terminal, as many columns of them as it has room for. Colours as `NO_COLOR` says.

Imported late: a command without a terminal needs none of it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from rich.console import Console, RenderableType
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    SpinnerColumn,
    Task,
    TextColumn,
)
from rich.table import Column, Table
from rich.text import Text

from tracker_migrate.hosts import in_time

#: columns of characters below which there is no bar, and below which there is no rate
WIDE, NARROW = 76, 48


class Rate(ProgressColumn):
    """Objects a second, lately."""

    def render(self, task: Task) -> Text:
        speed = task.finished_speed or task.speed
        if not speed:
            return Text("")
        return Text(f"{speed:.0f}/s" if speed >= 1 else f"{speed * 60:.0f}/min")


class Left(ProgressColumn):
    """How long it still takes."""

    def render(self, task: Task) -> Text:
        seconds = task.time_remaining
        if task.finished or seconds is None:
            return Text("")
        return Text(f"{in_time(seconds)} left")


class Bars(Progress):
    """Bars, and a line below them. tail: what that line says."""

    def __init__(self, tail: Callable[[], str]) -> None:
        self._tail = tail
        name = TextColumn("{task.description}", table_column=Column(no_wrap=True))
        done = MofNCompleteColumn(table_column=Column(no_wrap=True, min_width=7))
        self._small: list[ProgressColumn] = [done, name, Left()]  # what is cut off comes last
        self._middle: list[ProgressColumn] = [SpinnerColumn(), name, done, Rate(), Left()]
        self._large: list[ProgressColumn] = [
            *self._middle[:2],
            BarColumn(bar_width=24),
            *self._middle[2:],
        ]
        self._screen = Console(stderr=True)
        super().__init__(*self._large, console=self._screen)

    def make_tasks_table(self, tasks: Iterable[Task]) -> Table:
        """The bars, with as many columns as the terminal has room for just now."""
        width = self._screen.width
        large = self._large if width >= WIDE else self._middle
        self.columns = tuple(large if width >= NARROW else self._small)
        return super().make_tasks_table(tasks)

    def get_renderables(self) -> Iterable[RenderableType]:
        """The bars and the line."""
        yield self.make_tasks_table(self.tasks)
        tail = self._tail()
        if tail:
            yield Text(tail, style="dim", overflow="ellipsis", no_wrap=True)
