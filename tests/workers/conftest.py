"""A PostgreSQL, an empty database of it for each test, and workers that live in this process."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.engine import postgres
from tests.engine.world import World, settings
from tracker_migrate import registry, waiting
from tracker_migrate.engine import sharing
from tracker_migrate.engine.applied import Applied
from tracker_migrate.engine.coordinating import Coordinating
from tracker_migrate.engine.sharing import shared_out
from tracker_migrate.engine.worker import Worker
from tracker_migrate.testing.memory import MemoryServer, Numbers
from tracker_migrate.workspace import Workspace
from tracker_migrate.workspace.outpost import Outpost

_COUNT = itertools.count()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """One PostgreSQL for all of them."""
    for item in items:
        if "tests/workers/" in item.nodeid:
            item.add_marker(pytest.mark.postgres)
            item.add_marker(pytest.mark.xdist_group("postgres"))


@pytest.fixture(scope="session")
def server() -> Iterator[str]:
    """A PostgreSQL's address, with {} for the database's name."""
    with postgres.running_or_skipped() as address:
        yield address


@pytest.fixture
def address(server: str) -> str:
    """An empty database's address."""
    return postgres.empty(server, f"w{next(_COUNT)}")


class Hall:
    """A target in memory, who coordinates, and workers in threads of this process."""

    def __init__(self, workspace: Workspace, numbers: Numbers, **options: Any) -> None:
        self.world = World(workspace, MemoryServer(), numbers, **options)
        self.world.sink.ordered = False
        self.errors: list[BaseException] = []

    @contextmanager
    def workers(self, count: int = 2) -> Iterator[list[Worker]]:
        """So many workers, each with a workspace of its own."""
        stop = threading.Event()
        outposts = [Outpost(self.world.workspace.folder) for _ in range(count)]
        hired = [Worker(one, stop=stop) for one in outposts]
        threads = [threading.Thread(target=self._run, args=(one,)) for one in hired]
        for thread in threads:
            thread.start()
        try:
            yield hired
        finally:
            stop.set()
            for thread in threads:
                thread.join()
            for outpost in outposts:
                outpost.close()

    def _run(self, worker: Worker) -> None:
        try:
            worker.run()
        except BaseException as error:  # noqa: BLE001  the test looks at it
            self.errors.append(error)

    def apply(self, **how: Any) -> Applied:
        """A run that has workers do what can be shared out."""
        world = self.world
        with world.workspace.coordinating(), shared_out(world.workspace):
            job = Coordinating(world.target(), world.heard.append, is_public=world.is_public)
            return job.run(**how)


@pytest.fixture
def hall(
    address: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[..., Hall]]:
    """Makes a hall; its workers write to the same server."""
    settings(tmp_path / "ws", address)
    monkeypatch.setattr(sharing, "GRACE", 120.0)
    with Workspace(tmp_path / "ws") as workspace:

        def made(numbers: Numbers = "ours", **options: Any) -> Hall:
            one = Hall(workspace, numbers, **options)
            sink = one.world.sink
            monkeypatch.setattr(registry, "open_sink", lambda *_: sink)
            monkeypatch.setattr(registry, "planner", lambda *_: sink.planner)
            return one

        waiting.begin()
        yield made
        waiting.begin()
