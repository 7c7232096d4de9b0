"""Stands before any HTTP server, a real one too, hands on, and misbehaves when told to.

    with faulty("https://tracker.example") as proxy:
        proxy.strike("lose", method="POST")     # the next POST is carried out, its reply is lost
        sink = open_sink(proxy.url, {}, token)

It has every fault and every steering call of `loopback.StandIn`, for it is one: `late` and `double`
reach the server behind it too, because it is the proxy that sends again, or later.
"""

from __future__ import annotations

import http.client
from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import Any
from urllib.parse import SplitResult, urlsplit

from tracker_migrate.testing.loopback import Reply, Request, StandIn, serving, struck

#: what concerns one connection, and is not handed on; we read and write whole bodies
_HOP = frozenset(
    {"connection", "keep-alive", "proxy-authenticate", "proxy-authorization", "te", "trailer"}
    | {"transfer-encoding", "upgrade", "content-length", "host", "accept-encoding", "date"}
)


class FaultyProxy(StandIn):
    """Hands every request on to the server at `upstream`.

    Where a reply names the server's own address, in its head or body, it names the proxy's instead,
    so that a client which follows links goes on through it (keep_links: not). timeout: seconds for
    the server's answer.
    """

    def __init__(self, upstream: str, *, keep_links: bool = False, timeout: float = 120.0) -> None:
        super().__init__()
        self._to: SplitResult = urlsplit(upstream.rstrip("/"))
        self._root = f"{self._to.scheme}://{self._to.netloc}"
        self._keep_links = keep_links
        self._timeout = timeout

    def strike(self, word: str, **where: Any) -> None:
        """Let the next requests meet a fault of `faults.FAULTS`. where: see `loopback.Fault`."""
        with self.lock:
            self.faults.append(struck(word, **where))

    def answer(self, request: Request) -> Reply:
        """What the server behind answers; 502 if it does not."""
        try:
            return self._handed_on(request)
        except (OSError, http.client.HTTPException):
            return Reply(502, b"the server behind the proxy does not answer")

    def _handed_on(self, request: Request) -> Reply:
        headers = {name: text for name, text in request.headers.items() if name not in _HOP}
        body = request.body or None
        with closing(self._connection()) as connection:
            connection.request(request.method, self._to.path + request.target, body, headers)
            got = connection.getresponse()
            kept = {n: self._ours(v) for n, v in got.getheaders() if n.lower() not in _HOP}
            return Reply(
                got.status, self._ours(got.read().decode("latin-1")).encode("latin-1"), kept
            )

    def _ours(self, text: str) -> str:
        """A text in which the server's address is ours, written plainly or as JSON may write it."""
        if self._keep_links:
            return text
        for slash in ("/", "\\/"):
            there, here = (one.replace("/", slash) for one in (self._root, self.url))
            text = text.replace(there, here)
        return text

    def _connection(self) -> http.client.HTTPConnection:
        if self._to.scheme == "https":
            return http.client.HTTPSConnection(self._to.netloc, timeout=self._timeout)
        return http.client.HTTPConnection(self._to.netloc, timeout=self._timeout)


@contextmanager
def faulty(upstream: str, **how: Any) -> Iterator[FaultyProxy]:
    """A proxy that listens on 127.0.0.1; its address is in `url`. how: see `FaultyProxy`."""
    proxy = FaultyProxy(upstream, **how)
    with serving(proxy):
        yield proxy
