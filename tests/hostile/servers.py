"""Stand-ins with a wire of their own: what they are told to send goes out byte by byte."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from tests.hostile.badness import Bytes
from tracker_migrate.testing import loopback
from tracker_migrate.testing.loopback import Reply, Request, StandIn, serving

#: says of a request which bytes it is answered with; None: the stand-in's own answer
Wire = Callable[[Request], Bytes | None]


class _Connection(loopback._Connection):
    def _serve(self, request: Request) -> None:
        wire: Wire | None = getattr(self.server.standin, "wire", None)
        pieces = wire(request) if wire is not None else None
        if pieces is None:
            super()._serve(request)
            return
        for piece in pieces:
            self.connection.sendall(piece)
        raise loopback._Gone


@contextmanager
def byte_by_byte(standin: StandIn, wire: Wire | None = None) -> Iterator[str]:
    """Serve a stand-in whose `wire` may answer instead of it; yields its address."""
    usual = loopback._Connection
    standin.wire = wire  # type: ignore[attr-defined]
    loopback._Connection = _Connection  # type: ignore[misc]
    try:
        with serving(standin) as url:
            yield url
    finally:
        loopback._Connection = usual  # type: ignore[misc]


class Stranger(StandIn):
    """Another host. Whoever comes here has been led astray; what he brought along is kept."""

    def __init__(self) -> None:
        super().__init__()
        self.came: list[Request] = []

    def answer(self, request: Request) -> Reply:
        self.came.append(request)
        return Reply.of_json({})
