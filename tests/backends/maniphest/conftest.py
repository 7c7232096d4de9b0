"""A stand-in of Maniphest and a sink on it, for each test."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.backends.maniphest.helpers import Mover, Told
from tracker_migrate.backends.maniphest import open_sink
from tracker_migrate.backends.maniphest.client import Conduit
from tracker_migrate.backends.maniphest.sink import ManiphestSink
from tracker_migrate.backends.maniphest.standin import ManiphestStandIn, token_of
from tracker_migrate.testing.loopback import serving


@pytest.fixture
def server() -> Iterator[ManiphestStandIn]:
    """A clean server."""
    standin = ManiphestStandIn()
    with serving(standin):
        yield standin


Opener = Callable[..., ManiphestSink]


@pytest.fixture
def opened(server: ManiphestStandIn) -> Iterator[Opener]:
    """Opens sinks; options by name, `account` and `outsider` by the names of users, the outsiders
    parted by blanks."""
    made: list[ManiphestSink] = []

    def opener(
        account: str = "importbot", outsider: str | None = None, **options: Any
    ) -> ManiphestSink:
        secret = " ".join(map(token_of, outsider.split())) if outsider else None
        own = {"settle_seconds": 0, "timeout": 5, **options}
        sink = open_sink(server.url, own, token_of(account), secret)
        assert isinstance(sink, ManiphestSink)
        made.append(sink)
        return sink

    yield opener
    for sink in made:
        sink.close()


@pytest.fixture
def mover(opened: Opener) -> Mover:
    """A sink that was checked, with decisions that a test can change."""
    made = Mover(opened(), Told())
    made.sink.check(made.decisions)
    return made


@pytest.fixture
def as_user(server: ManiphestStandIn) -> Iterator[Callable[[str], Conduit]]:
    """A Conduit client as some user."""
    made: list[Conduit] = []

    def opener(name: str) -> Conduit:
        made.append(Conduit(server.url, token_of(name), timeout=5))
        return made[-1]

    yield opener
    for client in made:
        client.close()
