"""Connections whose answers have an end: in time, and in bytes on the wire.

A time-out between two bytes is not enough. Whoever sends a header, the length of a chunk or a body
one byte a minute keeps a thread for as long as it likes, and none of `http.client`, urllib3 and
requests count all the bytes that they read on the way to a body.
"""

from __future__ import annotations

import http.client
import io
import time
from typing import Any

import urllib3
from urllib3.connection import HTTPConnection, HTTPSConnection

from tracker_migrate import bounded
from tracker_migrate.bounded import Excess, Overlong


class _Answer(io.RawIOBase):
    """What a socket receives, as long as there is time and room."""

    def __init__(self, raw: io.RawIOBase) -> None:
        self._raw = raw
        self._end = time.monotonic() + bounded.LONGEST
        self._room = bounded.WIRE

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any, /) -> int | None:
        if time.monotonic() > self._end:
            raise Overlong(f"its answer takes longer than {bounded.LONGEST:.0f} seconds")
        count = self._raw.readinto(buffer)
        self._room -= count or 0
        if self._room < 0:
            raise Excess(f"its answer is longer than {bounded.BODY // 2**20} MB")
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


class _Plain(HTTPConnection):
    response_class = _Response


class _Secure(HTTPSConnection):
    response_class = _Response


class _PlainPool(urllib3.HTTPConnectionPool):
    ConnectionCls = _Plain


class _SecurePool(urllib3.HTTPSConnectionPool):
    ConnectionCls = _Secure


def bounding(manager: urllib3.PoolManager) -> None:
    """Have a manager make connections of these kinds from now on."""
    manager.pool_classes_by_scheme = {"http": _PlainPool, "https": _SecurePool}
