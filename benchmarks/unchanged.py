"""How long it takes to find that nothing has changed, and how much memory."""

from __future__ import annotations

from benchmarks.scene import Scene

#: bugs that are really read and written; the others are copies of them
MADE = 250


def unchanged(issues: int) -> dict[str, float]:
    """Plan and apply of so many issues when all is written; the slower target. `plan_issues_per_s`:
    by the clock, with the start of the command. …_cpu_…: by the processor's time. …_requests: of an
    apply, at the target; …_writes: of them, what would have changed something."""
    figures: dict[str, float] = {}
    with Scene(MADE) as scene:
        scene.run("pull")
        for target in scene.targets:
            _settle(scene, target)
        scene.multiply(issues)
        issues = scene.issues()
        for target in scene.targets:
            figures |= _of(scene, target, issues)
    for name in ("issues_per_s", "issues_per_cpu_s"):
        figures[f"plan_{name}"] = min(figures[f"{one}_plan_{name}"] for one in Scene.targets)
    for name in ("seconds", "cpu_seconds"):
        slower = max(figures[f"{one}_unchanged_{name}"] for one in Scene.targets)
        figures[f"unchanged_{_thousands(issues)}_{name}"] = slower
    return figures


def _settle(scene: Scene, target: str) -> None:
    """Written, and known to be as it is wanted, with what becomes of its fields."""
    for command in ("apply", "plan", "apply"):
        scene.run(command, "-T", target)


def _of(scene: Scene, target: str, issues: int) -> dict[str, float]:
    plan = scene.run("plan", "-T", target)
    objects, before = scene.objects(target), scene.requests(target)
    apply = scene.run("apply", "-T", target)
    if scene.objects(target) != objects:
        raise RuntimeError("an apply without news has written")
    return {
        f"{target}_plan_issues_per_s": issues / plan.seconds,
        f"{target}_plan_issues_per_cpu_s": issues / plan.cpu,
        f"{target}_unchanged_seconds": plan.seconds + apply.seconds,
        f"{target}_unchanged_cpu_seconds": plan.cpu + apply.cpu,
        f"{target}_unchanged_requests": float(scene.requests(target) - before),
    }


def memory(issues: int) -> dict[str, float]:
    """The peak memory, in MB, of planning and applying so many issues, and a tenth of them: a first
    plan, and plan and apply without news."""
    few = issues // 10
    with Scene(MADE) as scene:
        scene.run("pull")
        written, fresh = scene.targets
        _settle(scene, written)
        peaks = {}
        for count in (few, issues):
            scene.multiply(count)
            peaks[count] = {
                "first_plan": scene.run("plan", "-T", fresh).peak_mb,
                "plan": scene.run("plan", "-T", written).peak_mb,
                "apply": scene.run("apply", "-T", written).peak_mb,
            }
    figures = {
        f"peak_mb_{_thousands(count)}_{name}": peak
        for count, of in peaks.items()
        for name, peak in of.items()
    }
    large, small = max(peaks[issues].values()), max(peaks[few].values())
    ratio = f"peak_{_thousands(issues)}_over_{_thousands(few)}"
    return figures | {f"peak_mb_{_thousands(issues)}": large, ratio: large / small}


def _thousands(count: int) -> str:
    return f"{count // 1000}k" if count >= 1000 else str(count)
