"""A StoryBoard that listens, a sink of ours, and a stranger."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.backends.storyboard import servers
from tests.backends.storyboard.acts import ME, SECRET
from tests.backends.storyboard.example import Decided, Run
from tracker_migrate.backends.storyboard import open_sink
from tracker_migrate.backends.storyboard.client import Api
from tracker_migrate.interfaces import Sink
from tracker_migrate.testing.loopback import StandIn


@pytest.fixture
def server() -> Iterator[StandIn]:
    with servers.storyboard() as standin:
        yield standin


@pytest.fixture
def sink(server: StandIn) -> Iterator[Sink]:
    made = open_sink(server.url, servers.OPTIONS, servers.SUPER)
    yield made
    made.close()


@pytest.fixture
def run(sink: Sink) -> Run:
    return Run(sink, Decided(me=ME))


@pytest.fixture
def stranger(server: StandIn) -> Iterator[Api]:
    api = Api(f"{server.url}/v1", servers.OTHER)
    yield api
    api.close()


@pytest.fixture
def us(server: StandIn) -> Iterator[Api]:
    api = Api(f"{server.url}/v1", servers.SUPER)
    yield api
    api.close()


@pytest.fixture
def closed(run: Run) -> Run:
    run.decisions.readers = SECRET
    return run
