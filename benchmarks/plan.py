"""How fast a plan is: the first one, with all losses, and one without news, of each target."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from benchmarks.scene import Cost, Scene

#: 277 real bugs, with long texts: where the recordings are at hand
NOVA = Path("../shared/recordings/launchpad/wire/nova-sample.jsonl.gz")

_TICKS = 0.03


def plan(bugs: int) -> dict[str, float]:
    """Issues planned a second, of a made-up project with `bugs` bugs: the first plan, after which
    nothing is known yet, and one when everything is written. By the processor's time, for a plan
    waits for nothing, less what the command takes to start and to look at one issue. …_whole_s: of
    the clock, with that. unchanged_of_first: how many times as fast
    the one without news is, in one run. nova_…: the same of real bugs."""
    figures: dict[str, float] = {}
    with Scene(bugs) as scene:
        scene.run("pull")
        issues = scene.issues()
        for target in scene.targets:
            figures |= _of(scene, target, issues)
    for name in ("first", "unchanged"):
        rates = [figures[f"{target}_{name}_issues_per_s"] for target in Scene.targets]
        figures[f"plan_{name}_issues_per_s"] = min(rates)
    figures["unchanged_of_first"] = (
        figures["plan_unchanged_issues_per_s"] / figures["plan_first_issues_per_s"]
    )
    return figures | (_nova() if NOVA.is_file() else {})


def _nova() -> dict[str, float]:
    with Scene(0, load=f"wire:{NOVA}", project="nova-sample") as scene:
        scene.run("pull")
        issues = scene.issues()
        return {
            f"nova_{name}": rate
            for target in scene.targets
            for name, rate in _of(scene, target, issues).items()
        }


def _of(scene: Scene, target: str, issues: int) -> dict[str, float]:
    at: tuple[Any, ...] = ("plan", "-T", target)
    start = _best(scene, *at, "--limit", "1")
    first = scene.run(*at)
    scene.run("apply", "-T", target)
    unchanged = _best(scene, *at)
    return {
        f"{target}_start_cpu_s": start.cpu,
        f"{target}_first_issues_per_s": issues / _beyond(first, start),
        f"{target}_first_whole_s": first.seconds,
        f"{target}_unchanged_issues_per_s": issues / _beyond(unchanged, start),
        f"{target}_unchanged_whole_s": unchanged.seconds,
        f"{target}_plan_peak_mb": first.peak_mb,
    }


def _best(scene: Scene, *arguments: str) -> Cost:
    """The cheapest of three runs: the others met something else at work."""
    return min((scene.run(*arguments) for _ in range(3)), key=lambda cost: cost.cpu)


def _beyond(cost: Cost, start: Cost) -> float:
    """Seconds of the one core that a plan keeps busy, beyond those of starting. What is no longer
    than a few ticks of the system's clock is taken for that: measure more issues."""
    return max(cost.cpu - start.cpu, _TICKS)
