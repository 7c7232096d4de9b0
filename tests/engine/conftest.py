"""A workspace on each database that we support, and targets that live in memory."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from tests.engine import postgres
from tests.engine.world import World, settings
from tracker_migrate.testing.memory import MemoryServer, Numbers
from tracker_migrate.workspace import Workspace, schema

_POSTGRES = pytest.mark.postgres, pytest.mark.xdist_group("postgres")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Both flavours are tried on SQLite, and one on PostgreSQL: they differ above the database."""
    items[:] = [item for item in items if not _is_one_pair_too_many(item)]


def _is_one_pair_too_many(item: pytest.Item) -> bool:
    params = getattr(getattr(item, "callspec", None), "params", {})
    return params.get("database") == "postgres" and params.get("numbers") == "ours"


@pytest.fixture(scope="session")
def server() -> Iterator[str]:
    """A PostgreSQL's address, with {} for the database's name; a skip with a word if there is
    none to be had."""
    with postgres.running_or_skipped() as address:
        yield address


@pytest.fixture(scope="session")
def migrated(server: str, tmp_path_factory: pytest.TempPathFactory) -> str:
    """A PostgreSQL database's address, with the tables made."""
    address = server.format("postgres")
    folder = tmp_path_factory.mktemp("postgres")
    settings(folder, address)
    Workspace(folder).close()
    return address


@pytest.fixture(scope="session")
def blank(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A SQLite database with the tables made, to be copied: that is quicker than making them."""
    folder = tmp_path_factory.mktemp("sqlite")
    settings(folder)
    Workspace(folder).close()
    return folder / "state" / "workspace.db"


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=_POSTGRES)])
def database(request: pytest.FixtureRequest) -> str | None:
    """The address of an empty database, or None: SQLite within the workspace."""
    if request.param == "sqlite":
        return None
    address = str(request.getfixturevalue("migrated"))
    _emptied(address)
    return address


def _emptied(address: str) -> None:
    engine = sa.create_engine(address)
    names = ", ".join(f'"{table}"' for table in schema.metadata.tables)
    with engine.begin() as connection:
        connection.execute(sa.text(f"TRUNCATE {names} RESTART IDENTITY"))
    engine.dispose()


@pytest.fixture
def make(database: str | None, blank: Path, tmp_path: Path) -> Iterator[Callable[..., Workspace]]:
    """Opens a workspace of that name; the same name is the same one again."""
    opened: list[Workspace] = []

    def one(name: str = "move") -> Workspace:
        folder = tmp_path / name
        if not folder.exists():
            settings(folder, database)
            (folder / "state").mkdir(mode=0o700)
            shutil.copy(blank, folder / "state")
        opened.append(Workspace(folder))
        return opened[-1]

    yield one
    for workspace in opened:
        workspace.close()


@pytest.fixture
def workspace(make: Callable[..., Workspace]) -> Workspace:
    """An empty workspace."""
    return make()


@pytest.fixture(params=["ours", "theirs"])
def numbers(request: pytest.FixtureRequest) -> Numbers:
    """Who chooses the numbers of what is made at the target."""
    flavour: Numbers = request.param
    return flavour


@pytest.fixture
def world(workspace: Workspace, numbers: Numbers) -> World:
    """A workspace and a target, of either flavour."""
    return World(workspace, MemoryServer(), numbers)
