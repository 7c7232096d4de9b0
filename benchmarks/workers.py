"""How much sooner a run ends with more workers: two connections each, the server 100 ms away, the
workspace in a PostgreSQL. Maniphest with `order = "parallel"`, where all can be shared out."""

from __future__ import annotations

from contextlib import ExitStack

from benchmarks.scene import Scene
from benchmarks.writing import bare
from tests.engine import postgres

Figures = dict[str, float]

TARGET = "maniphest"
LATENCY = 0.100
_OPTIONS = {TARGET: {"connections": 2, "order": "parallel"}}


def workers(bugs: int) -> Figures:
    """The speed-up of two and of four workers, and what of the server's ceiling four of them use:
    well below one half, else it would be the server that is measured."""
    figures: Figures = {}
    with postgres.running() as server:
        for count in (1, 2, 4):
            figures |= _of(bugs, count, server)
    for count in (2, 4):
        figures[f"workers_{count}"] = figures["workers_1_seconds"] / figures[_seconds(count)]
    return figures


def _of(bugs: int, count: int, server: str) -> Figures:
    """What a run takes with so many workers, who wait for it."""
    database = postgres.empty(server, f"workers_{count}")
    with Scene(bugs, options=_OPTIONS, watched=True, database=database) as scene:
        scene.run("pull")
        scene.run("plan")
        scene.slow(TARGET, LATENCY)
        with ExitStack() as stack:
            for _ in range(count):
                stack.enter_context(scene.beside("worker"))
            spent = scene.timed(TARGET, "apply", "--workers", "-T", TARGET)
        asked = scene.asked(TARGET)
        figures = {_seconds(count): spent.seconds}
        if count == 4:
            load = bare(TARGET, asked, {})
            ceiling = load.asked / load.seconds
            figures["workers_of_ceiling"] = len(asked) / spent.seconds / ceiling
            figures["workers_bare_requests_per_s"] = ceiling
        return figures


def _seconds(count: int) -> str:
    return f"workers_{count}_seconds"
