"""What a worker had begun that is killed, or stopped and woken late, is taken over, and all stands
once. So does what a killed coordinator had shared out."""

from __future__ import annotations

import os
import random
import signal
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.end_to_end.test_kill import Killer, state
from tests.end_to_end.test_recorded_projects import agrees
from tests.end_to_end.world import World
from tests.workers.machines import machines, shared_world, started
from tracker_migrate.engine import sharing

BUGS = 6


@pytest.fixture
def here(address: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    monkeypatch.setattr(sharing, "SILENT", 8.0)
    with shared_world(tmp_path / "ws", monkeypatch, address, BUGS) as made:
        yield made


def ends_well(here: World, target: str) -> None:
    """All agrees, each is there once, and another run writes nothing."""
    agrees(here.verify(target))
    assert {len(found) for found in state(here, target).values()} == {1}
    before = here.writes(target)
    here.apply(target)
    assert here.writes(target) == before


@pytest.mark.slow
@pytest.mark.parametrize(
    ("target", "when"), [("storyboard", "before"), ("storyboard", "after"), ("maniphest", "after")]
)
def test_a_killed_worker_is_taken_over(here: World, target: str, when: str) -> None:
    nth = random.randint(1, 12)
    dies = ("-m", "tests.workers.hired", str(here.folder), str(nth), "SIGKILL", when)
    with started(*dies) as child:
        done = _in_a_thread(lambda: here.apply(target, workers=True))
        assert child.wait(120) == -signal.SIGKILL, f"nth {nth}"
        with machines(here.folder):
            done.join(240)
    assert not done.is_alive()
    ends_well(here, target)


@pytest.mark.slow
@pytest.mark.parametrize("target", ["storyboard", "maniphest"])
def test_one_that_is_stopped_and_woken_late_writes_nothing_more(here: World, target: str) -> None:
    nth = random.randint(1, 12)
    stops = ("-m", "tests.workers.hired", str(here.folder), str(nth), "SIGSTOP", "before")
    with started(*stops) as child:
        done = _in_a_thread(lambda: here.apply(target, workers=True))
        os.waitid(os.P_PID, child.pid, os.WEXITED | os.WSTOPPED | os.WNOWAIT)
        with machines(here.folder):
            done.join(240)
        assert not done.is_alive(), f"nth {nth}"
        agrees(here.verify(target))
        before = here.writes(target)
        os.kill(child.pid, signal.SIGCONT)
        child.terminate()
        child.communicate(timeout=120)
        assert here.writes(target) == before
    ends_well(here, target)


@pytest.mark.slow
def test_a_killed_coordinators_workers_begin_nothing_more(here: World) -> None:
    command = ("-m", "tracker_migrate", "apply", "--workers", "-q", "-T", "storyboard", "-C")
    with started(*command, str(here.folder)) as child, machines(here.folder):
        killer = Killer(here.storyboard, 8, after=True)
        killer.child = child
        assert child.wait(120) == -signal.SIGKILL
        here.storyboard.on_request = None
        # the next one takes all back from the worker, which is alive
        here.apply("storyboard")
        before = here.writes("storyboard")
        agrees(here.verify("storyboard"))
    assert here.writes("storyboard") == before
    ends_well(here, "storyboard")


def _in_a_thread(work: object) -> threading.Thread:
    assert callable(work)
    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    return thread
