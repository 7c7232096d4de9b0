"""A world whose state is in PostgreSQL, and workers in processes of their own."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from tests.end_to_end.world import World, world
from tracker_migrate.backends.launchpad.standin.generate import generate

ROOT = Path(__file__).parents[2]
_SEAL = "5ea1" * 16


@contextmanager
def shared_world(
    folder: Path, monkeypatch: pytest.MonkeyPatch, address: str, bugs: int
) -> Iterator[World]:
    """The servers, and a workspace that has read so many bugs. address: "" for SQLite."""
    for target in ("STORYBOARD", "MANIPHEST"):
        monkeypatch.setenv(f"TRACKER_MIGRATE_{target}_SEAL", _SEAL)
    with world(folder, monkeypatch, "gadget") as here:
        here.database = address
        here.options["maniphest"] |= {"order": "parallel", "connections": 2}
        here.options["storyboard"] |= {"connections": 2}
        here.write_settings()
        generate(here.launchpad, bugs=bugs, blueprints=2, seed=5)
        here.pull()
        yield here


@contextmanager
def started(*arguments: str) -> Iterator[subprocess.Popen[bytes]]:
    """A Python process with these arguments; ended afterwards, however it is."""
    with subprocess.Popen([sys.executable, *arguments], cwd=ROOT, stderr=subprocess.PIPE) as child:
        try:
            yield child
        finally:
            if child.poll() is None:
                child.kill()


@contextmanager
def machines(*folders: Path) -> Iterator[list[str]]:
    """A worker for each of these folders. What they say stands in the list when all have ended."""
    said: list[str] = []
    with ExitStack() as stack:
        command = ("-m", "tracker_migrate", "worker", "-C")
        children = [stack.enter_context(started(*command, str(folder))) for folder in folders]
        yield said
        for child in children:
            child.terminate()
        for child in children:
            said.append(child.communicate(timeout=120)[1].decode())
            assert child.returncode == 0, said[-1]


def another_machine(here: World, folder: Path) -> Path:
    """The workspace's folder as another machine has it: nothing of its state, and no attachment."""
    folder.mkdir()
    shutil.copy(here.folder / "migration.toml", folder)
    shutil.copytree(here.folder / "mappings", folder / "mappings")
    return folder
