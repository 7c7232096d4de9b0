"""The whole way on a workspace that keeps its state in PostgreSQL."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.end_to_end.test_recorded_projects import agrees
from tests.end_to_end.world import TARGETS, world
from tests.engine import postgres
from tracker_migrate.backends.launchpad.standin.generate import generate

pytestmark = [pytest.mark.postgres, pytest.mark.xdist_group("postgres")]


@pytest.fixture
def address() -> Iterator[str]:
    try:
        running = postgres.running()
        server = running.__enter__()
    except (OSError, ImportError, subprocess.SubprocessError) as error:
        pytest.skip(f"no PostgreSQL could be started: {type(error).__name__}")
    yield server.format("postgres")
    running.__exit__(None, None, None)


def test_a_project_arrives_once_with_its_state_in_postgresql(
    address: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with world(tmp_path / "ws", monkeypatch, "gadget") as here:
        here.database = address
        here.write_settings()
        generate(here.launchpad, bugs=30, blueprints=3, seed=11)
        assert here.pull().new >= 25
        for target in TARGETS:
            here.apply(target)
            agrees(here.verify(target))
            before = here.writes(target)
            here.apply(target)
            assert here.writes(target) == before
        assert not (here.folder / "state" / "workspace.db").exists()
