"""Goes through the points of a scene: kills, looks, starts again, looks, compares."""

from __future__ import annotations

import json
import math
import random
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, NamedTuple

import msgspec

from tests.crash_points.child import Job
from tests.crash_points.compare import Difference, Thing, difference, standing
from tests.crash_points.moments import Point, not_undone, unmet
from tests.crash_points.scene import Scene, acts
from tests.crash_points.server import Armed
from tracker_migrate.backends.maniphest.planner import ManiphestPlanner
from tracker_migrate.backends.storyboard.planner import StoryBoardPlanner

ROOT = Path(__file__).parents[2]
PLANNERS: dict[str, Any] = {"storyboard": StoryBoardPlanner(), "maniphest": ManiphestPlanner()}
KILLED = -9
#: which of the points of an act to go to
Choice = Callable[[str, Sequence[Point]], Sequence[Point]]


class Tally(NamedTuple):
    """What came of it. failures: what is to be told, a line each."""

    points: int = 0
    doubles: int = 0
    losses: int = 0
    leaks: int = 0
    failures: tuple[str, ...] = ()

    def plus(self, other: Tally) -> Tally:
        """Both together."""
        return Tally(
            self.points + other.points,
            self.doubles + other.doubles,
            self.losses + other.losses,
            self.leaks + other.leaks,
            self.failures + other.failures,
        )

    def __str__(self) -> str:
        return (
            f"points={self.points} doubles={self.doubles} losses={self.losses} leaks={self.leaks}"
        )


class Run(NamedTuple):
    """How a process ended, how many steps each of its runs made, and the moments that it met."""

    status: int
    steps: list[int]
    met: list[Point]


class Player:
    """Has runs made of a scene's target by processes that may die."""

    def __init__(self, pipes: subprocess.Popen[str], scene: Scene, work: Path, plant: str) -> None:
        assert pipes.stdin is not None
        assert pipes.stdout is not None
        self._to: IO[str] = pipes.stdin
        self._from: IO[str] = pipes.stdout
        self._scene, self._plant = scene, plant
        self._armed, self._report = work / "armed", work / "report"
        self._server = Armed(getattr(scene.marked.here, scene.target), self._armed)

    def run(self, point: Point | None = None, again: int = 0, plant: str = "") -> Run:
        """A run that ends at a point; or one that nothing ends, and `again` more."""
        self._report.unlink(missing_ok=True)
        job = Job(
            folder=str(self._scene.folder), target=self._scene.target, armed=str(self._armed),
            report=str(self._report), point=point, plant=plant, again=again,
            undo=self._scene.act == "undo",
        )  # fmt: skip
        print(msgspec.json.encode(job).decode(), file=self._to, flush=True)
        status = json.loads(self._from.readline())
        self._armed.unlink(missing_ok=True)
        said = json.loads(self._report.read_bytes()) if self._report.exists() else {}
        met = [Point(*one) for one in said.get("met", ())]
        return Run(status, said.get("steps", []), met)

    def undisturbed(self) -> tuple[list[Point], list[Thing]]:
        """The moments of a run that nothing ends, and what it leaves; nothing is planted in it."""
        with self._server:
            run, idle = self.run(), self.run()
        name = f"{self._scene.target}, {self._scene.act}"
        assert run.status == idle.status == 0, f"{name}: see above"
        assert idle.steps == [0], f"{name}: a second run writes"
        assert self._scene.look(during=False) == 0, self._scene.spy.leaks
        self._scene.sees()
        return run.met, self._stands()

    def at(self, point: Point, wanted: list[Thing]) -> Tally:
        """Die at a point, start again, and compare; then a run more, that must write nothing."""
        self._scene.again()
        with self._server:
            dead = self.run(point, plant=self._plant)
            leaks = self._scene.look(during=True)
            ended = self.run(again=1, plant=self._plant)
        leaks += self._scene.look(during=False)
        found = difference(wanted, self._stands())
        failures = tuple(self._failures(point, dead, ended, found, leaks))
        return Tally(1, len(found.doubles), len(found.losses), leaks, failures)

    def end(self) -> None:
        """Play the act to its end, from which the next one begins."""
        self._scene.again()
        assert self.run().status == 0

    def _failures(
        self, point: Point, dead: Run, ended: Run, found: Difference, leaks: int
    ) -> Iterator[str]:
        where = f"{self._scene.target}, {self._scene.act}, {' '.join(map(str, point))}"
        if dead.status != KILLED:
            yield f"{where}: the process was not killed there ({dead.status})"
        if ended.status != 0:
            yield f"{where}: the next run did not end ({ended.status})"
        elif ended.steps[1] != 0:
            yield f"{where}: a run more still made {ended.steps[1]} steps"
        yield from (f"{where}: doubled: {one}" for one in found.doubles)
        yield from (f"{where}: lost: {one}" for one in found.losses)
        if leaks:
            yield f"{where}: {leaks} leaks"

    def _stands(self) -> list[Thing]:
        return standing(self._scene.marked, self._scene.target)


def go(target: str, choice: Choice, plant: str = "") -> Tally:
    """Go to the chosen points of all acts at a target."""
    tally, met, undone = Tally(), set[Point](), set[Point]()
    with (
        tempfile.TemporaryDirectory() as name,
        acts(target, Path(name)) as scenes,
        _child() as child,  # it takes the logins that the scene has set
    ):
        for scene in scenes:
            player = Player(child, scene, Path(name), plant)
            points, wanted = player.undisturbed()
            (undone if scene.act == "undo" else met).update(points)
            for point in choice(scene.act, points):
                tally = tally.plus(player.at(point, wanted))
            player.end()
    unreached = (*unmet(target, PLANNERS[target], met), *not_undone(target, undone))
    return tally.plus(Tally(failures=unreached))


def part(target: str, number: int, of: int) -> Tally:
    """Go to one share of the points of all acts at a target."""
    return go(target, share(number, of))


def tenth(target: str, seed: int) -> Tally:
    """Go to a tenth of the points of all acts at a target, drawn by lot."""
    return go(target, drawn(seed))


@contextmanager
def _child() -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-m", "tests.crash_points.child"]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, cwd=ROOT, stdin=pipe, stdout=pipe, text=True) as child:
        yield child
        assert child.stdin is not None
        child.stdin.close()


# -- which points ---------------------------------------------------------------------------------


def share(number: int, of: int) -> Choice:
    """Every nth point, beginning with another one for each share: together they are all."""
    return lambda _act, points: points[number::of]


def drawn(seed: int) -> Choice:
    """A tenth of the points, by lot: the same ones for the same seed."""

    def choice(act: str, points: Sequence[Point]) -> Sequence[Point]:
        draw = random.Random(f"{seed} {act}")
        return draw.sample(list(points), math.ceil(len(points) / 10))

    return choice
