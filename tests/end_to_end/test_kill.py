"""Killed at any moment and started again: the end is that of an undisturbed run."""

from __future__ import annotations

import os
import random
import re
import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest

from tests.end_to_end.test_recorded_projects import agrees, reader_of
from tests.end_to_end.world import TARGETS, World, world
from tracker_migrate.backends.launchpad.standin.generate import generate
from tracker_migrate.testing.loopback import Request

BUGS, KILLS = 40, 5


def state(here: World, target: str) -> dict[str, Any]:
    """Everything at a target by permalink, less the numbers that the server chose."""
    found = reader_of(here, target).by_permalink()
    for issues in found.values():
        for issue in issues:
            issue.pop("number", None)
            for task in issue.get("tasks", ()):
                for name in ("id", "story_id", "updated_at", "branch_id", "project_id"):
                    task.pop(name, None)
    return {_without_numbers(link): _bare(issues) for link, issues in found.items()}


def _bare(value: Any) -> Any:
    """A copy in which no address of this run's servers is left."""
    if isinstance(value, str):
        return _without_numbers(value)
    if isinstance(value, list):
        return [_bare(one) for one in value]
    return {k: _bare(v) for k, v in value.items()} if isinstance(value, dict) else value


def _without_numbers(text: str) -> str:
    # links between issues carry the target's own numbers and PHIDs
    text = re.sub(r"http://127\.0\.0\.1:\d+", "", text)
    text = re.sub(r"PHID-\w+-\w+", "PHID", text)
    return re.sub(r"/T\d+|\bT\d+\b", "T", text)


class Killer:
    """Kills a child process at the n-th writing request: before it is done, or after."""

    def __init__(self, standin: Any, at: int, after: bool) -> None:
        self._standin = standin
        self._at = at
        self._after = after
        self._seen = 0
        self._guard = threading.Lock()
        self.child: subprocess.Popen[bytes] | None = None
        standin.on_request = self

    def __call__(self, request: Request) -> None:
        if not self._standin.is_write(request):
            return
        with self._guard:
            self._seen += 1
            if self._seen == self._at and self.child is not None:
                if self._after:
                    self._standin.answer(request)
                os.kill(self.child.pid, signal.SIGKILL)
                self.child.wait()
                raise ConnectionAbortedError("the client was killed")


@pytest.mark.slow
@pytest.mark.parametrize("target", TARGETS)
def test_five_kills_change_nothing(
    target: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seed = random.randrange(10**6)
    draw = random.Random(seed)
    ends = []
    for name in ("undisturbed", "killed"):
        with world(tmp_path / name, monkeypatch, "gadget") as here:
            generate(here.launchpad, bugs=BUGS, blueprints=4, seed=5)
            here.pull()
            if name == "killed":
                _kill_and_restart(here, target, draw)
            here.apply(target)
            agrees(here.verify(target))
            ends.append(state(here, target))
    assert ends[0] == ends[1], f"seed {seed}"


def _kill_and_restart(here: World, target: str, draw: random.Random) -> None:
    standin: Any = getattr(here, target)
    killed = 0
    for _ in range(KILLS):
        killer = Killer(standin, draw.randint(2, 14), draw.random() < 0.6)
        command = [sys.executable, "-m", "tracker_migrate", "apply", "-q", "-T", target]
        child = subprocess.Popen(
            [*command, "-C", str(here.folder)], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
        )
        killer.child = child
        _, errors = child.communicate(timeout=120)
        standin.on_request = None
        killed += child.returncode == -signal.SIGKILL
        assert child.returncode in (0, 3, -signal.SIGKILL), errors.decode()
    assert killed >= 3
