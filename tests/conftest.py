"""For all tests: nothing is kept in the cache of who runs them, and no test knows from another
which server is down."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests import mariadb as mariadb_
from tracker_migrate import hosts


@pytest.fixture(scope="session", autouse=True)
def _cache_of_our_own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))
        yield


@pytest.fixture(autouse=True)
def _every_host_is_new() -> None:
    hosts.forget()


@pytest.fixture(scope="session")
def mariadb() -> Iterator[mariadb_.Server]:
    """A MariaDB of this session's own; its tests are marked `mariadb`."""
    yield from mariadb_.given()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What needs a MariaDB is marked so."""
    for item in items:
        if "mariadb" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.mariadb)
