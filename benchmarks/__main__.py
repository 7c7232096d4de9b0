"""`python -m benchmarks [--only NAME] [--json FILE] [--bugs N]`: run, print, and keep the figures,
a row each: `{"rows": [{"name", "value", "benchmark", "goal", "met"}]}`, the last two where there is
a goal.

Each run has its stand-ins in processes of their own, as a user's servers are, and the real command
in another, whose peak memory and CPU the operating system tells. Machines are shared and noisy:
compare figures of one run with one another, not with those of another day.
"""

from __future__ import annotations

import argparse
import compileall
import importlib
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmarks.backdate import backdate
from benchmarks.backdate_maniphest import backdate_maniphest
from benchmarks.help import help_
from benchmarks.peers import NoPeers
from benchmarks.plan import plan
from benchmarks.reading import read_limit, read_missed, read_peers
from benchmarks.scene import Scene
from benchmarks.texts import texts
from benchmarks.unchanged import memory, unchanged
from benchmarks.workers import workers
from benchmarks.writing import write_ceiling, write_clients

Figures = dict[str, float]


def rates(bugs: int) -> Figures:
    """Bugs read a second, issues and comments written a second, requests, on `bugs` bugs."""
    figures: Figures = {}
    with Scene(bugs) as scene:
        pulled = scene.run("pull")
        requests = scene.requests("launchpad")
        issues = scene.issues()
        figures["read_bugs_per_s"] = bugs / pulled.seconds
        figures["read_requests_per_issue"] = requests / issues
        figures["read_cpu_ms_per_bug"] = 1000 * pulled.cpu / bugs
        scene.run("plan")
        for target in scene.targets:
            written = scene.run("apply", "-T", target)
            comments = scene.objects(target, "comment")
            figures[f"{target}_issues_per_s"] = issues / written.seconds
            figures[f"{target}_comments_per_s"] = comments / written.seconds
            figures[f"{target}_requests_per_issue"] = scene.requests(target) / issues
            figures[f"{target}_cpu_ms_per_issue"] = 1000 * written.cpu / issues
            figures[f"{target}_peak_mb"] = written.peak_mb
            again = scene.run("apply", "-T", target)
            figures[f"{target}_unchanged_issues_per_s"] = issues / again.seconds
            checked = scene.run("verify", "-T", target)
            figures[f"{target}_verified_issues_per_s"] = issues / checked.seconds
    return figures


def memory_served(bugs: int) -> Figures:
    """The peak of a run over ten times as many bugs, as a ratio. `bugs` is the larger number."""
    peaks: dict[int, dict[str, float]] = {}
    for count in (bugs // 10, bugs):
        with Scene(count) as scene:
            peaks[count] = {"pull": scene.run("pull").peak_mb}
            for target in scene.targets:
                peaks[count][f"apply_{target}"] = scene.run("apply", "-T", target).peak_mb
                peaks[count][f"verify_{target}"] = scene.run("verify", "-T", target).peak_mb
    small, large = peaks[bugs // 10], peaks[bugs]
    figures = {f"peak_mb_{name}_{bugs}": peak for name, peak in large.items()}
    figures |= {f"peak_mb_{name}_{bugs // 10}": peak for name, peak in small.items()}
    figures |= {f"peak_ratio_{name}": large[name] / small[name] for name in large}
    figures["peak_ratio"] = max(large.values()) / max(small.values())
    return figures


BENCHMARKS: dict[str, tuple[Callable[[int], Figures], int]] = {
    "rates": (rates, 700),
    "memory_served": (memory_served, 1_000),
    "read_limit": (read_limit, 700),
    "read_peers": (read_peers, 700),
    "read_missed": (read_missed, 700),
    "write_ceiling": (write_ceiling, 250),
    "write_clients": (write_clients, 200),
    "workers": (workers, 480),
    "plan": (plan, 2_000),
    "unchanged": (unchanged, 20_000),
    "memory": (memory, 20_000),
    "help": (help_, 0),
    "texts": (texts, 0),
    "backdate": (backdate, 100_000),
    "backdate_maniphest": (backdate_maniphest, 100_000),
}

#: what the figures that matter most are meant to be: at least, or at most
GOALS: dict[str, tuple[str, float]] = {
    "read_vs_perceval_50ms": (">=", 12),
    "read_vs_launchpadlib_50ms": (">=", 20),
    "read_of_limit_0ms": (">=", 0.85),
    "read_of_limit_50ms": (">=", 0.85),
    "read_of_limit_200ms": (">=", 0.85),
    "read_requests_per_bug": ("<=", 7),
    "read_cpu_of_perceval": ("<=", 1),
    "read_missed": ("<=", 0),
    "write_of_ceiling_storyboard": (">=", 0.9),
    "write_of_ceiling_maniphest": (">=", 0.9),
    "write_vs_client_storyboard_50ms": (">=", 5),
    "write_vs_client_maniphest_50ms": (">=", 5),
    "workers_2": (">=", 1.8),
    "workers_4": (">=", 3.3),
    "plan_issues_per_s": (">=", 5000),
    "plan_first_issues_per_s": (">=", 250),
    "unchanged_20k_seconds": ("<=", 12),
    "peak_mb_20k": ("<=", 250),
    "peak_20k_over_2k": ("<=", 1.2),
    "help_seconds": ("<=", 0.3),
    "import_backends": ("<=", 0),
}


def _compile() -> None:
    """Have our modules compiled, as those of an installed package are."""
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    for folder in importlib.import_module("tracker_migrate").__path__:
        compileall.compile_dir(folder, quiet=2)
        for name in ("backends", "mappings"):
            compileall.compile_dir(os.path.realpath(Path(folder, name)), quiet=2)


def main() -> None:
    """Run the benchmarks that were asked for."""
    _compile()
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--only", choices=BENCHMARKS, action="append", help="run these alone")
    parser.add_argument("--bugs", type=int, help="how many bugs (each has its own default)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="keep the figures there")
    given = parser.parse_args()
    rows: list[dict[str, Any]] = []
    left_out: list[str] = []
    for name, (benchmark, usual) in BENCHMARKS.items():
        if given.only and name not in given.only:
            continue
        print(f"{name} ({given.bugs or usual} bugs)", flush=True)
        try:
            figures = benchmark(given.bugs or usual)
        except NoPeers as error:
            print(f"  left out: {error}", flush=True)
            left_out.append(name)
            continue
        for figure, value in figures.items():
            rows.append(_row(name, figure, value))
            print(f"  {figure:50}{value:12.2f}  {rows[-1].get('goal', '')}".rstrip(), flush=True)
        if given.json:
            given.json.write_text(json.dumps({"rows": rows}, indent=2) + "\n")
    if left_out:
        raise SystemExit(f"left out: {', '.join(left_out)}")


def _row(benchmark: str, name: str, value: float) -> dict[str, Any]:
    row: dict[str, Any] = {"name": name, "value": value, "benchmark": benchmark}
    if name in GOALS:
        than, goal = GOALS[name]
        row["goal"] = f"{than} {goal:g}"
        row["met"] = value >= goal if than == ">=" else value <= goal
    return row


if __name__ == "__main__":
    main()
