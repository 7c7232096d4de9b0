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
_ended = threading.Event()
_listeners: list[Listen] = []
_guard = threading.Lock()
_local = threading.local()


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
        raise Stopped("stopped while waiting for the server")


def sleep(seconds: float) -> None:
    """Wait. Raises Stopped when waits are ended, unless it is a short one."""
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


def tell(name: str, detail: str) -> None:
    """Tell all listeners. detail: a server's name and words of ours, no others."""
    with _guard:
        listeners = list(dict.fromkeys(_listeners))
    for listen in listeners:
        listen(Event(name=name, detail=detail))


class Send:
    """One send under way. wrote: whether a request that writes has left."""

    def __init__(self) -> None:
        self.wrote = False
        self._began = time.monotonic()

    @property
    def age(self) -> float:
        """Seconds since it began."""
        return time.monotonic() - self._began


@contextmanager
def one_send() -> Iterator[None]:
    """While in it, this thread sends a step whose intent is on disk."""
    before, _local.send = send(), Send()
    try:
        yield
    finally:
        _local.send = before


def send() -> Send | None:
    """This thread's send, if one is under way."""
    return getattr(_local, "send", None)
