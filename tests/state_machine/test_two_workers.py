"""Two processes at one workspace: one is killed, or stopped in the middle and woken late. The
other waits for its turn, and in the end all stands once."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.state_machine.oracle import Oracle
from tests.state_machine.standin_stage import StandInStage
from tests.state_machine.truth import Bug, Said
from tests.state_machine.worlds import WORLDS, Maniphest, StoryBoard
from tracker_migrate.errors import Locked

ROOT = Path(__file__).parents[2]
BOTH = pytest.mark.parametrize("world", [StoryBoard.world, Maniphest.world])


@contextmanager
def filled(world: str) -> Iterator[StandInStage]:
    """A world with three bugs in the archive, and nothing at the target."""
    stage = WORLDS[world].build(2)
    assert isinstance(stage, StandInStage)
    try:
        for number in (1, 2, 3):
            texts = [stage.truth.word() for _ in range(4)]
            said = [Said(index, [text]) for index, text in enumerate(texts[2:], 1)]
            bug = Bug(number, texts[:1], texts[1:2], comments=said, refers=[4 - number])
            stage.truth.bugs[number] = bug
            stage.put(bug, moves=True)
        stage.truth.heard()
        stage.pull()
        yield stage
    finally:
        stage.close()


@contextmanager
def another(stage: StandInStage, nth: int, how: str) -> Iterator[int]:
    """A process that writes, until it has ended or stopped itself; its number."""
    command = [sys.executable, "-m", "tests.state_machine.worker"]
    given = [str(stage.folder), stage.target, str(nth), how]
    with subprocess.Popen([*command, *given], cwd=ROOT) as process:
        try:
            os.waitid(os.P_PID, process.pid, os.WEXITED | os.WSTOPPED | os.WNOWAIT)
            yield process.pid
            os.kill(process.pid, signal.SIGCONT)
            process.wait(60)
        finally:
            process.kill()


def ends_well(stage: StandInStage) -> None:
    """A run, and all stands once; another, and nothing is written."""
    stage.apply()
    assert [*Oracle(stage.truth, stage.allowed).findings(stage.stands())] == []
    writes = stage.writes()
    assert stage.apply().steps == 0
    assert stage.writes() == writes


@BOTH
def test_one_that_is_stopped_and_woken_late_keeps_the_other_out(world: str) -> None:
    with filled(world) as stage:
        with another(stage, random.randint(1, 6), "SIGSTOP"):
            with pytest.raises(Locked):
                stage.apply()
            with pytest.raises(Locked):
                stage.pull()
        ends_well(stage)


@BOTH
def test_one_that_is_killed_is_taken_over(world: str) -> None:
    with filled(world) as stage:
        with another(stage, random.randint(1, 6), "SIGKILL"):
            stage.apply()
        ends_well(stage)


@BOTH
def test_one_that_lost_its_lock_while_it_was_stopped_writes_nothing(world: str) -> None:
    with filled(world) as stage:
        with another(stage, 3, "SIGSTOP"):
            (stage.folder / "state" / "lock").unlink()  # somebody took it for dead
            stage.apply()
        ends_well(stage)
