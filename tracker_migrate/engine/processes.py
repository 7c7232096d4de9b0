"""Pages of a plan rendered by other processes, in order.

Each opens the workspace itself, asks no server, and keeps what it has foreseen. It is a fresh
Python that imports nothing of the program that plans: a script is not run again in it. A few pages
are under way at once, so memory does not grow with the number of issues. What nobody has taken up
yet, and what a helper could not do, whatever the reason, is rendered by who makes the plan: so a
helper that is killed, or never comes up, costs nothing but time, and what goes wrong with an issue
is raised where it always is.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import Future
from contextlib import suppress
from multiprocessing.connection import Connection, Pipe
from pathlib import Path
from queue import SimpleQueue
from threading import Thread
from types import TracebackType
from typing import Any, Self

import msgspec

from tracker_migrate.engine.rendering import Page, Rendered, Rendering
from tracker_migrate.engine.target import Target
from tracker_migrate.errors import TRACE
from tracker_migrate.model import Key
from tracker_migrate.workspace import Workspace

Contents = Mapping[Key, str]

#: issues that a helper is given at once
_EACH = 40
#: pages that are ahead of the one that is waited for, besides one a helper
_AHEAD = 2
#: no more helpers than this are of use: what they render has to be added up in one process
_MOST = 8
#: how a helper begins: it finds the same modules, and imports no other
_BEGIN = (
    "import sys; from multiprocessing.connection import Connection; pipe = Connection(int("
    "sys.argv[1])); sys.path[:] = pipe.recv(); from tracker_migrate.engine.processes import help_;"
    " help_(pipe)"
)


def usual() -> int:
    """As many processes as this one may use processors."""
    if hasattr(os, "sched_getaffinity"):
        return min(len(os.sched_getaffinity(0)), _MOST)
    return min(os.cpu_count() or 1, _MOST)


class How(msgspec.Struct, frozen=True, kw_only=True):
    """Where a helper finds what it renders, and what it is asked for. See `Rendering`."""

    folder: Path
    target: str
    losses: bool
    whole: bool
    looks: bool


class Crew:
    """So many helpers, for one plan. Use it as a context manager: they are started when it begins,
    and gone when it ends."""

    def __init__(self, how: How, count: int) -> None:
        self._how, self._count = how, count
        self._tasks: SimpleQueue[tuple[Contents, Future[Page | None]] | None] = SimpleQueue()
        self._helpers: list[_Helper] = []
        self._threads: list[Thread] = []

    def __enter__(self) -> Self:
        with suppress(OSError):  # the system has no room for another process, or no Python
            for _ in range(self._count if _can_start() else 0):
                self._helpers.append(_Helper())
        for helper in self._helpers:
            self._threads.append(Thread(target=self._work_with, args=(helper,), daemon=True))
            self._threads[-1].start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for helper in self._helpers:
            helper.kill()  # what it has kept is on disk
            self._tasks.put(None)
        for thread in self._threads:
            thread.join()
        for helper in self._helpers:
            helper.close()

    def pages(self, pages: Iterable[Contents], here: Rendering) -> Iterator[Page]:
        """The pages, in order, in smaller ones. here: renders what no helper does."""
        waiting: deque[tuple[Contents, Future[Page | None]]] = deque()
        for contents in _smaller(pages):
            waiting.append((contents, Future()))
            self._tasks.put(waiting[-1])
            if len(waiting) > self._count + _AHEAD:
                yield _page(*waiting.popleft(), here)
        while waiting:
            yield _page(*waiting.popleft(), here)

    def _work_with(self, helper: _Helper) -> None:
        """Give a helper one page after the other, until there are none, or it fails."""
        with suppress(Exception):  # whatever ends it: others go on
            helper.begin(self._how)
            while (task := self._tasks.get()) is not None:
                contents, coming = task
                if not coming.set_running_or_notify_cancel():
                    continue
                page = None
                try:
                    page = helper.page(contents)
                finally:
                    coming.set_result(page)


def _page(contents: Contents, coming: Future[Page | None], here: Rendering) -> Page:
    page = None if coming.cancel() else coming.result()
    return here.page(contents) if page is None else page


def _smaller(pages: Iterable[Contents]) -> Iterator[Contents]:
    for page in pages:
        whole = list(page.items())
        yield from (dict(whole[at : at + _EACH]) for at in range(0, len(whole), _EACH))


def _can_start() -> bool:
    """Whether there is a Python to start: of a program that was frozen into one file there is
    none."""
    return bool(sys.executable) and not getattr(sys, "frozen", False)


class _Helper:
    """A process that renders. It is none of its terminal's: Ctrl-C is heard here alone. Who kills
    this process ends it, too: nobody is left at the other end of its pipe."""

    def __init__(self) -> None:
        self._pipe: Connection[Any, Any]
        self._pipe, theirs = Pipe()
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-P", "-c", _BEGIN, str(theirs.fileno())],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=None if os.environ.get(TRACE) else subprocess.DEVNULL,
                pass_fds=(theirs.fileno(),),
                start_new_session=True,
            )

    def begin(self, how: How) -> None:
        """Tell it what it is to do, and wait until it is ready. Raises EOFError if it ended."""
        self._pipe.send(sys.path)
        self._pipe.send(how)
        self._pipe.recv()

    def page(self, contents: Contents) -> Page:
        """A page, rendered. Raises EOFError, OSError if it ended."""
        self._pipe.send(contents)
        page: Page = self._pipe.recv()
        return page

    def kill(self) -> None:
        """End it, whatever it does."""
        self._process.kill()
        self._process.wait()

    def close(self) -> None:
        """Give back its pipe, which nobody may read any more."""
        self._pipe.close()


# -- in a helper ----------------------------------------------------------------------------------


def help_(pipe: Connection[Any, Any]) -> None:
    """Render what comes through a pipe, until nobody is at its other end."""
    how: How = pipe.recv()
    with Workspace(how.folder) as workspace, suppress(EOFError, ConnectionError):
        target = Target(workspace, how.target)
        rendering = Rendering(target, losses=how.losses, whole=how.whole, looks=how.looks)
        pipe.send(True)
        while True:
            page = rendering.page(pipe.recv())
            issues = [_light(one, how.looks) for one in page.issues]
            workspace.writer.flush()  # a page that has arrived is kept
            pipe.send(msgspec.structs.replace(page, issues=issues))


def _light(one: Rendered, looks: bool) -> Rendered:
    """Without the issue, if nobody looks at it: who may read one that is not public is asked where
    the plan is made."""
    if looks or one.issue is None or one.issue.private:
        return one
    return msgspec.structs.replace(one, issue=None)
