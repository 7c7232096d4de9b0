"""Every long wait goes through here, so that a person can end it, and is told of it.

A send that is under way is known here as well: what waits inside of it must not wait for long,
for its intent is on disk, and another worker may take it for dead.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from tracker_migrate.errors import Unreachable
from tracker_migrate.interfaces import Event

Listen = Callable[[Event], None]

#: waits shorter than this are not worth ending, in seconds
SHORT = 1.0
#: seconds for which an intent that was ours still is; nobody takes one over sooner than that
KNOWN = 0.1
_ended = threading.Event()
_listeners: list[Listen] = []
_others: list[Listen] = []
_guard = threading.Lock()
_local = threading.local()
_beat = time.monotonic()


class Stopped(Unreachable):
    """Somebody asked us to stop while we waited for a server."""


def end() -> None:
    """End all waits, from now on: those of all threads. May be called from a signal's handler."""
    _ended.set()


def begin() -> None:
    """Waits are waited for again."""
    _ended.clear()


def check() -> None:
    """Raise Stopped if waits have been ended."""
    if _ended.is_set():
        raise Stopped("stopped: somebody asked for it")


def beat(seconds: float = 0.0) -> None:
    """Something goes on; or nothing need to, for so many seconds. Who watches over this process
    goes by that."""
    global _beat  # noqa: PLW0603  one process, one heart
    _beat = max(_beat, time.monotonic() + seconds)


def silent() -> float:
    """Seconds for which nothing has gone on; none while a wait lasts."""
    return max(0.0, time.monotonic() - _beat)


def sleep(seconds: float) -> None:
    """Wait. Raises Stopped when waits are ended, unless it is a short one."""
    beat(seconds)
    if seconds < SHORT:
        time.sleep(max(0.0, seconds))
        return
    _ended.wait(seconds)
    check()


@contextmanager
def heard_by(listen: Listen) -> Iterator[None]:
    """While in it, a listener hears of servers that are waited for, whoever waits."""
    with _guard:
        _listeners.append(listen)
    try:
        yield
    finally:
        with _guard:
            _listeners.remove(listen)


@contextmanager
def heard_otherwise_by(listen: Listen) -> Iterator[None]:
    """While in it, this listener hears what no other does."""
    with _guard:
        _others.append(listen)
    try:
        yield
    finally:
        with _guard:
            _others.remove(listen)


def tell(name: str, detail: str) -> None:
    """Tell all listeners. detail: a server's name and words of ours, no others."""
    with _guard:
        listeners = _listeners or _others[-1:]
    for listen in list(dict.fromkeys(listeners)):
        listen(Event(name=name, detail=detail))


class Send:
    """One send under way. wrote: whether a request that writes has left.

    ours: raises if its intent is not ours any more; asked right before a request that writes, if
    that was last known a while ago: this process may have been stopped, and another taken over.
    known: the time.monotonic() at which it surely was ours.
    """

    def __init__(self, ours: Callable[[], None] | None = None, known: float | None = None) -> None:
        self.wrote = False
        self._ours = ours
        self._began = time.monotonic()
        self._known = self._began if known is None else known

    def must_be_ours(self) -> None:
        """Raise if the intent is not ours any more."""
        now = time.monotonic()
        if self._ours is not None and now - self._known > KNOWN:
            self._ours()
            self._known = now

    def writes(self) -> None:
        """A request that writes is about to leave."""
        self.must_be_ours()
        self.wrote = True

    @property
    def age(self) -> float:
        """Seconds since it began."""
        return time.monotonic() - self._began


@contextmanager
def one_send(ours: Callable[[], None] | None = None, known: float | None = None) -> Iterator[Send]:
    """While in it, this thread sends a step whose intent is on disk. See `Send`."""
    before, under_way = send(), Send(ours, known)
    _local.send = under_way
    try:
        yield under_way
    finally:
        _local.send = before


def send() -> Send | None:
    """This thread's send, if one is under way."""
    return getattr(_local, "send", None)
