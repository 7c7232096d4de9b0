"""A run may end anywhere, at any time: the next one finds what there is, and doubles nothing."""

from __future__ import annotations

import re
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given
from hypothesis import settings as examples
from hypothesis import strategies as st

from tests.engine.world import World, settings
from tracker_migrate.model import Issue
from tracker_migrate.testing.memory import Fault, MemoryServer, Numbers, bug
from tracker_migrate.workspace import Ledger, Workspace

ROOT = Path(__file__).parents[2]
ISSUES = (
    bug(1, "a", "see #2", description="before #3"),
    bug(2, "a", "b", "c", "d", blocked_by=(3,)),
    bug(3, "a", description="after #1"),
)
#: the same, some time later
CHANGED = (bug(1, "a", "see #2", title="Worse"), ISSUES[1], bug(3, "a", "b", tags=("ui",)))


class Crash(BaseException):
    """The process ends here: nobody catches this."""


# -- a real one -----------------------------------------------------------------------------------


def test_a_killed_process_leaves_nothing_that_the_next_does_not_find(
    make: Callable[..., Workspace], numbers: Numbers, tmp_path: Path
) -> None:
    workspace, journal, count = make(), tmp_path / "journal", 5
    World(workspace, MemoryServer(), numbers).keep(*ISSUES)
    command = [sys.executable, "-m", "tests.engine.dying", str(workspace.folder), str(journal)]
    ended = subprocess.run([*command, numbers, str(count)], cwd=ROOT, check=False, timeout=60)
    assert ended.returncode == -signal.SIGKILL
    server = MemoryServer(journal=journal)
    assert server.writes.total() >= count
    world = World(workspace, server, numbers)
    assert world.ledger.open_intents() != [], "its last result never came to the disk"
    with workspace.coordinating():
        world.apply()
    assert meaning(world) == undisturbed(numbers, ISSUES)
    assert world.verify().agrees


# -- all others -----------------------------------------------------------------------------------


class Fuse:
    """Ends a run at the n-th moment at which it could end."""

    def __init__(self) -> None:
        self.left = 0

    def tick(self, *_: Any) -> None:
        """Another moment has come."""
        self.left -= 1
        if self.left == 0:
            raise Crash


def meaning(world: World) -> list[Any]:
    """What stands at the server, in order of what it is about, without any number in it."""
    names: dict[tuple[str, str], str] = {}
    for kind in ("project", "card"):
        for one in world.server.all(kind):
            names[kind, str(one.number)] = one.marker or one.fields["name"]

    def plain(name: str, value: Any) -> Any:
        if name in ("projects", "blockers"):
            return [plain(name[:-1], one) for one in value]
        if name in ("project", "blocker", "card"):
            return names["project" if name == "project" else "card", value]
        if name == "text":
            return re.sub(r"target/card/(\d+)", lambda m: names["card", m[1]], value)
        return value

    return sorted(
        (kind, one.marker, sorted((n, str(plain(n, v))) for n, v in one.fields.items()))
        for kind in ("project", "card", "note")
        for one in world.server.all(kind)
    )


def undisturbed(numbers: Numbers, *stages: tuple[Issue, ...]) -> list[Any]:
    """What a run that nothing disturbs writes."""
    with tempfile.TemporaryDirectory() as folder:
        settings(Path(folder) / "move")
        with Workspace(Path(folder) / "move") as workspace:
            world = World(workspace, MemoryServer(), numbers)
            for issues in stages:
                world.keep(*issues)
                world.apply()
            return meaning(world)


@pytest.fixture(scope="module")
def expected() -> dict[Numbers, list[Any]]:
    flavours: tuple[Numbers, ...] = ("ours", "theirs")
    return {numbers: undisturbed(numbers, ISSUES, CHANGED) for numbers in flavours}


def run_until_done(world: World, fuse: Fuse, crashes: list[int]) -> None:
    """Run again and again; the n-th run ends after so many moments."""
    for moments in crashes:
        fuse.left = moments
        try:
            world.apply()
        except Crash:
            continue
    fuse.left = 0
    world.apply()


@pytest.mark.parametrize("numbers", ["ours", "theirs"])
@examples(
    max_examples=12,
    deadline=None,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    crashes=st.lists(st.integers(1, 40), max_size=4),
    later=st.lists(st.integers(1, 20), max_size=3),
    lost=st.lists(st.integers(0, 15), max_size=2),
    connections=st.integers(1, 3),
)
@example(crashes=[6], later=[], lost=[], connections=3)  # others want what is being made
def test_crashes_anywhere_end_as_if_nothing_had_happened(
    numbers: Numbers,
    expected: dict[Numbers, list[Any]],
    blank: Path,
    monkeypatch: pytest.MonkeyPatch,
    crashes: list[int],
    later: list[int],
    lost: list[int],
    connections: int,
) -> None:
    fuse = Fuse()
    with tempfile.TemporaryDirectory() as name, monkeypatch.context() as patch:
        folder = Path(name) / "move"
        settings(folder)
        (folder / "state").mkdir(mode=0o700)
        shutil.copy(blank, folder / "state")
        _ticking(patch, "intend", fuse)
        _ticking(patch, "settle", fuse)
        with Workspace(folder) as workspace:
            server = MemoryServer()
            server.on_request = fuse.tick
            server.faults += [Fault(do="lose", skip=skip) for skip in lost]
            world = World(workspace, server, numbers, connections=connections)
            world.keep(*ISSUES)
            run_until_done(world, fuse, crashes)
            world.keep(*CHANGED)
            run_until_done(world, fuse, later)
            assert meaning(world) == expected[numbers]
            assert world.notes(2) == ["a", "b", "c", "d"]
            assert world.ledger.open_intents() == []
            assert world.verify().agrees
            assert world.apply().steps == 0


def _ticking(patch: pytest.MonkeyPatch, name: str, fuse: Fuse) -> None:
    """Let a run end before and after the ledger is told something."""
    real = getattr(Ledger, name)

    def told(*given: Any, **named: Any) -> Any:
        fuse.tick()
        result = real(*given, **named)
        fuse.tick()
        return result

    patch.setattr(Ledger, name, told)
