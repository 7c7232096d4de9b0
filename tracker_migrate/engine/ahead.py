"""Writing ahead: the rest of an issue, while later ones are still created.

Where numbers follow the source, issues are created one after another over one connection; over the
others, what is created is written whole meanwhile, if all that it refers to has its place by then.
What does not, and what finds no connection free, is left to the last pass: creating never waits.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from types import TracebackType
from typing import Self

from tracker_migrate.engine.diff import references
from tracker_migrate.engine.target import Target
from tracker_migrate.interfaces import Wanted
from tracker_migrate.model import Issue, Key


class NotYet(Exception):
    """An issue refers to something that has no place yet, and will have one."""


class Ahead:
    """So many threads that write issues whole. write: one of them; whether that was done. Raises,
    when it is left, what stopped one."""

    def __init__(self, threads: int, write: Callable[[Issue], bool]) -> None:
        self._write = write
        self._free = threading.Semaphore(threads)
        self._pool = ThreadPoolExecutor(max(threads, 1), thread_name_prefix="ahead")
        self._failed: Future[None] | None = None
        #: what is written whole
        self.done: set[Key] = set()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._pool.shutdown(wait=True, cancel_futures=True)
        if error is None:
            self._go_on()

    def offer(self, issue: Issue) -> None:
        """An issue is created: write the rest of it, if a thread is free. Raises what stopped an
        earlier one."""
        self._go_on()
        if self._free.acquire(blocking=False):
            self._pool.submit(self._one, issue).add_done_callback(self._ended)

    def _one(self, issue: Issue) -> None:
        if self._write(issue):
            self.done.add(issue.key)

    def _ended(self, one: Future[None]) -> None:
        self._free.release()
        if not one.cancelled() and one.exception() is not None:
            self._failed = self._failed or one

    def _go_on(self) -> None:
        if self._failed is not None:
            self._failed.result()


def awaited(target: Target, wanted: Iterable[Wanted]) -> Iterator[Key]:
    """What these objects of one issue name that is not at the target yet, and will be."""
    wanted = list(wanted)
    own = {held for one in wanted for held in (one.key, *one.holds)}
    named = {key for one in wanted for value in one.fields.values() for key in references(value)}
    for key in named - own:
        if target.places.where(key) is None and target.moves(key):
            yield key
