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
#: a link to an issue of the target, in a text of StoryBoard or of Maniphest
_LINK = re.compile(r"http://127\.0\.0\.1:\d+/(?:#!/story/(\d+)|T(\d+))(?!\w)")


def state(here: World, target: str) -> dict[str, Any]:
    """Everything at a target by permalink, less the numbers that the server chose: a link to an
    issue is told by that issue's permalink, so it has to lead to the right one."""
    found = reader_of(here, target).by_permalink()
    numbers = {str(one["number"]): link for link, issues in found.items() for one in issues}
    for issues in found.values():
        for issue in issues:
            del issue["number"]
            for task in issue.get("tasks", ()):
                for name in ("id", "story_id", "updated_at", "branch_id", "project_id"):
                    task.pop(name, None)
                task["milestone_id"] = task["milestone_id"] is not None
    return {_plain(link): _bare(issues, numbers) for link, issues in found.items()}


def _bare(value: Any, numbers: dict[str, str]) -> Any:
    if isinstance(value, str):
        return _plain(_LINK.sub(lambda at: f"<{numbers[at.group(1) or at.group(2)]}>", value))
    if isinstance(value, list):
        return [_bare(one, numbers) for one in value]
    if isinstance(value, dict):
        return {name: _bare(one, numbers) for name, one in value.items()}
    return value


def _plain(text: str) -> str:
    """A text in which no address and no PHID of this run's servers is left."""
    return re.sub(r"PHID-\w+-\w+", "PHID", re.sub(r"http://127\.0\.0\.1:\d+", "", text))


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
