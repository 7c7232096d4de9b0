"""How fast a first plan is, with what becomes of every field: of a made-up project, and of real
bugs with long texts."""

from __future__ import annotations

from pathlib import Path

from benchmarks.scene import Cost, Scene

#: 277 real bugs, with long texts: where the recordings are at hand
NOVA = Path("../shared/recordings/launchpad/wire/nova-sample.jsonl.gz")
#: bugs that the stand-in makes up; the others are copies of them
MADE = 300
_TICKS = 0.03


def plan(issues: int) -> dict[str, float]:
    """Issues planned a second, of each target, when nothing is known of any yet; the slower target
    is `plan_first_issues_per_s`. By the clock, with the start of the command; …_per_cpu_s: by the
    processor's time, with all of its cores, less what the start takes. nova_…: the same of real
    bugs."""
    with Scene(MADE) as scene:
        scene.run("pull")
        scene.multiply(issues)
        figures = _slower(scene)
    if NOVA.is_file():
        with Scene(0, load=f"wire:{NOVA}", project="nova-sample") as scene:
            scene.run("pull")
            scene.multiply(issues)
            figures |= {f"nova_{name}": value for name, value in _slower(scene).items()}
    return figures


def _slower(scene: Scene) -> dict[str, float]:
    issues = scene.issues()
    figures: dict[str, float] = {}
    for target in scene.targets:
        figures |= _of(scene, target, issues)
    for name in ("plan_first_issues_per_s", "plan_first_issues_per_cpu_s"):
        figures[name] = min(figures[f"{target}_{name}"] for target in scene.targets)
    return figures


def _of(scene: Scene, target: str, issues: int) -> dict[str, float]:
    start = scene.run("plan", "-T", target, "--limit", "1")
    first = scene.run("plan", "-T", target)
    return {
        f"{target}_plan_first_issues_per_s": issues / first.seconds,
        f"{target}_plan_first_issues_per_cpu_s": issues / _beyond(first, start),
        f"{target}_plan_first_peak_mb": first.peak_mb,
    }


def _beyond(cost: Cost, start: Cost) -> float:
    """Seconds of the processor beyond those of starting. What is no longer than a few ticks of the
    system's clock is taken for that: measure more issues."""
    return max(cost.cpu - start.cpu, _TICKS)
