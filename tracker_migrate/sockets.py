"""Connections whose answers have an end: in time, and in bytes on the wire.

A time-out between two bytes is not enough. Whoever sends a header, the length of a chunk or a body
one byte a minute keeps a thread for as long as it likes, and none of `http.client`, urllib3 and
requests count all the bytes that they read on the way to a body.
"""

from __future__ import annotations

import http.client
import io
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import urllib3
from urllib3.connection import HTTPConnection, HTTPSConnection

from tracker_migrate import bounded
from tracker_migrate.bounded import Excess, Overlong

_local = threading.local()


class Astray(Exception):
    """The connection led to a machine that may not be asked. Not one of urllib3's errors, so that
    it is not taken for a broken connection."""


class Terms:
    """How much of an answer is taken: as much as `bounded` says of all answers.

    reach: whether the machine at an IP address may be asked at all; None: any may.
    """

    def __init__(self, reach: Callable[[str], bool] | None = None) -> None:
        self.reach = reach
        self._room = bounded.WIRE
        self._end = 0.0

    def begin(self) -> None:
        """The request has been sent."""
        self._end = time.monotonic() + bounded.LONGEST

    def check(self) -> None:
        """Raise Overlong if it takes too long."""
        if time.monotonic() > self._end:
            raise Overlong(f"its answer takes longer than {bounded.LONGEST:.0f} seconds")

    def take(self, count: int) -> None:
        """So many bytes came over the wire. Raises Excess."""
        self._room -= count
        if self._room < 0:
            raise Excess(f"its answer is longer than {bounded.BODY // 2**20} MB")


class Growing(Terms):
    """How much of a file is taken: it may have any length, if it gets on."""

    def __init__(self, reach: Callable[[str], bool]) -> None:
        super().__init__(reach)
        self._room = bounded.HEAD

    def more(self, size: int) -> None:
        """So many bytes of it were read: there is time and room for as many again, and some."""
        now = time.monotonic()
        self._end = min(self._end + size / bounded.SLOWEST, now + bounded.LONGEST)
        self._room += size * bounded.PADDING

    def check(self) -> None:
        """Raise Overlong if it comes too slowly."""
        if time.monotonic() > self._end:
            raise Overlong("a file comes slower than a file may")

    def take(self, count: int) -> None:
        """So many bytes came over the wire. Raises Excess: they bring no file."""
        self._room -= count
        if self._room < 0:
            raise Excess("it sends much, and of the file little")


@contextmanager
def under(terms: Terms) -> Iterator[None]:
    """While in it, what this thread asks for is answered under these terms, one answer only."""
    before, _local.terms = getattr(_local, "terms", None), terms
    try:
        yield
    finally:
        _local.terms = before


def _terms() -> Terms:
    return getattr(_local, "terms", None) or Terms()


class _Answer(io.RawIOBase):
    """What a socket receives, as long as there is time and room."""

    def __init__(self, raw: io.RawIOBase) -> None:
        self._raw = raw
        self._terms = _terms()
        self._terms.begin()

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any, /) -> int | None:
        self._terms.check()
        count = self._raw.readinto(buffer)
        self._terms.take(count or 0)
        return count

    def close(self) -> None:
        self._raw.close()
        super().close()


class _Response(http.client.HTTPResponse):
    """Reads its head and its body from such an answer."""

    def __init__(self, sock: Any, *args: Any, **more: Any) -> None:
        super().__init__(sock, *args, **more)
        self.fp.close()  # a file of the socket, which stays open
        self.fp = io.BufferedReader(_Answer(sock.makefile("rb", buffering=0)))


def _near_enough(found: socket.socket) -> socket.socket:
    """The connection, if it leads where the terms allow. Raises Astray before a byte is sent."""
    reach = _terms().reach
    if reach is not None and not reach(str(found.getpeername()[0])):
        found.close()
        raise Astray
    return found


class _AtOnce:
    """Sends the head of a request with the body, or as much of it as there is in one piece, in one
    call of the system. `http.client` makes two of it, and who is killed in between leaves the
    server with a head alone: StoryBoard takes that for a comment without a text."""

    _head: bytes | None = None

    def request(self, *args: Any, **more: Any) -> None:
        """See urllib3."""
        super().request(*args, **more)  # type: ignore[misc]
        self._send_head()

    def endheaders(self, *args: Any, **more: Any) -> None:
        """The head is complete, and waits for the body."""
        self._head = b""
        super().endheaders(*args, **more)  # type: ignore[misc]

    def send(self, data: Any) -> None:
        """See `http.client`."""
        if self._head == b"" and isinstance(data, bytes):
            self._head = data
        elif self._head and isinstance(data, bytes):
            data, self._head = self._head + data, None
            super().send(data)  # type: ignore[misc]
        else:
            self._send_head()
            super().send(data)  # type: ignore[misc]

    def _send_head(self) -> None:
        head, self._head = self._head, None
        if head:
            super().send(head)  # type: ignore[misc]


class _Plain(_AtOnce, HTTPConnection):
    response_class = _Response

    def _new_conn(self) -> socket.socket:
        return _near_enough(super()._new_conn())


class _Secure(_AtOnce, HTTPSConnection):
    response_class = _Response

    def _new_conn(self) -> socket.socket:
        return _near_enough(super()._new_conn())


class _PlainPool(urllib3.HTTPConnectionPool):
    ConnectionCls = _Plain


class _SecurePool(urllib3.HTTPSConnectionPool):
    ConnectionCls = _Secure


def bounding(manager: urllib3.PoolManager) -> None:
    """Have a manager make connections of these kinds from now on."""
    manager.pool_classes_by_scheme = {"http": _PlainPool, "https": _SecurePool}
