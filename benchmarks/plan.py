"""How fast a plan is: the first one, with all losses, and one without news, of each target."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from benchmarks.scene import Cost, Scene

#: 277 real bugs, with long texts: where the recordings are at hand
NOVA = Path("../shared/recordings/launchpad/wire/nova-sample.jsonl.gz")


def plan(bugs: int) -> dict[str, float]:
    """Issues planned a second, of a made-up project with `bugs` bugs: the first plan, after which
    nothing is known yet, and one when everything is written. What the command takes to start, and
    to look at one issue, is taken off; it is told, too. unchanged_of_first: how many times as fast
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
    start = scene.run(*at, "--limit", "1")
    first = scene.run(*at)
    scene.run("apply", "-T", target)
    scene.run(*at)  # what was kept may have been looked at again since
    unchanged = min((scene.run(*at) for _ in range(3)), key=lambda cost: cost.seconds)
    return {
        f"{target}_start_s": start.seconds,
        f"{target}_first_issues_per_s": _rate(issues, first, start),
        f"{target}_first_cpu_ms_per_issue": 1000 * (first.cpu - start.cpu) / issues,
        f"{target}_unchanged_issues_per_s": _rate(issues, unchanged, start),
        f"{target}_unchanged_cpu_ms_per_issue": 1000 * (unchanged.cpu - start.cpu) / issues,
        f"{target}_plan_peak_mb": first.peak_mb,
    }


def _rate(issues: int, cost: Cost, start: Cost) -> float:
    return issues / max(cost.seconds - start.seconds, 0.001)
