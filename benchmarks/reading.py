"""How fast a project is read, beside what people would use instead, and beside what the server can
give: at several latencies, and at the pace of a real server.

The limit at a latency is what has to be asked, times the latency, by the connections. Without one,
it is the time of a bare load with the same requests, each bug's in their order.
"""

from __future__ import annotations

import json
import re
import statistics
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from typing import Any

from benchmarks import peers, service
from benchmarks.bare import Ask, Chain, Load
from benchmarks.scene import Cost, Scene, cost
from tracker_migrate.testing.loopback import Request

Figures = dict[str, float]
Asked = list[dict[str, Any]]

#: connections of a usual reading, and of the one that is compared with others
USUAL, MANY = 8, 16
#: the size of the project that is read: with each added latency, in milliseconds, and as measured
_SHARE = {0: 1.0, 50: 0.5, 200: 0.4}
_AS_MEASURED = 0.3
_ROUNDS = 2
_BUG = re.compile(r"/devel/bugs/(\d+)")


def read_limit(bugs: int) -> Figures:
    """Everything: bugs, blueprints, people, files. How far from the limit, at each latency."""
    figures: Figures = {}
    for latency, share in _SHARE.items():
        with _scene(int(bugs * share)) as scene:
            scene.slow("launchpad", latency / 1000)
            figures |= at(scene, latency, 1 if latency else _ROUNDS)
    with _scene(int(bugs * _AS_MEASURED)) as scene:
        scene.slow("launchpad", as_measured=True)
        figures |= _as_measured(scene)
    return figures


def _scene(bugs: int, connections: int = USUAL, load: str | None = None) -> Scene:
    source = {"connections": connections}
    return Scene(bugs, load=load, options={"source": source}, watched=True)


def at(scene: Scene, latency: int, rounds: int = 1) -> Figures:
    """How far from the limit a reading of everything is. latency: milliseconds, as the scene was
    told. rounds: how often it is read, and loaded barely, in turns."""
    ours, limits = [], []
    for _ in range(rounds):
        scene.forget()
        ours.append(scene.timed("launchpad", "pull"))
        asked = scene.asked("launchpad")
        connections = scene.served("launchpad")["connections"]
        bare = _bare(scene, asked)
        limits.append(len(_distinct(asked)) * latency / 1000 / USUAL if latency else bare.seconds)
    seconds = statistics.median(one.seconds for one in ours)
    name = f"{latency}ms"
    figures = {
        f"read_of_limit_{name}": statistics.median(limits) / seconds,
        f"read_of_bare_{name}": bare.seconds / ours[-1].seconds,
        f"read_bugs_per_s_{name}": _bugs(asked) / seconds,
        f"read_bare_requests_per_s_{name}": bare.asked / bare.seconds,
        f"read_connections_{name}": connections,
    }
    return figures if latency else figures | _costs(ours[-1], asked)


def _costs(spent: Cost, asked: Asked) -> Figures:
    """What a bug costs, in requests of each kind and in the client's time."""
    bugs = _bugs(asked)
    kinds = Counter(_kind(one["label"]) for one in asked)
    beside = sum(kinds[kind] for kind in ("people", "files", "blueprints", "surroundings"))
    figures = {f"read_requests_per_bug_{kind}": n / bugs for kind, n in sorted(kinds.items())}
    return figures | {
        "read_requests_per_bug": (len(asked) - beside) / bugs,
        "read_requests_per_bug_with_all_else": len(asked) / bugs,
        "read_requests_asked_twice": float(len(asked) - len(_distinct(asked))),
        "read_cpu_ms_per_bug": 1000 * (spent.cpu - cost("--version").cpu) / bugs,
        "read_peak_mb": spent.peak_mb,
    }


def _kind(label: str) -> str:
    path = label.removeprefix("GET ")
    if "?searchTasks" in path:
        return "searches"
    if path.startswith("bugs/N/+attachment") or path == "file":
        return "files"
    if path.startswith("bugs/N"):
        return path.removeprefix("bugs/N").lstrip("/?") or "bug"
    if path.startswith("~"):
        return "people"
    return "blueprints" if "+spec" in path else "surroundings"


def _bugs(asked: Asked) -> int:
    return len({match[1] for one in asked if (match := _BUG.match(one["target"]))})


def _distinct(asked: Asked) -> Asked:
    """What was asked, but nothing twice: to ask again is no part of what has to be asked."""
    return list({(one["address"], one["target"]): one for one in reversed(asked)}.values())[::-1]


def _bare(scene: Scene, asked: Asked) -> Load:
    """The same requests, those of each bug in their order, over as many connections."""
    chains: dict[str, list[Ask]] = {}
    for at, one in enumerate(_distinct(asked)):
        match = _BUG.match(one["target"])
        chains.setdefault(match[1] if match else f"at {at}", []).append(Ask(one, one["address"]))
    made: list[Chain] = list(chains.values())
    with Load() as load:
        load.ask(made, USUAL)
    return load


def _as_measured(scene: Scene) -> Figures:
    """At the pace of the real server: it works at one request at a time."""
    spent = scene.timed("launchpad", "pull")
    asked = scene.asked("launchpad")
    seconds: Callable[[Request, str], float] = service.OF["launchpad"].seconds
    needed = sum(
        seconds(Request("GET", one["target"], one["target"], (), {}, b""), one["label"])
        for one in _distinct(asked)
    )
    return {
        "read_of_limit_as_measured": needed / spent.seconds,
        "read_bugs_per_s_as_measured": _bugs(asked) / spent.seconds,
    }


def read_peers(bugs: int) -> Figures:
    """The same data (bug, messages, attachments, activity) as perceval and a loop with launchpadlib
    read it, over 16 connections, at 50 ms. They read as many bugs of the same project as take as
    long. `read_all_vs_…`: with all that we read of a bug usually."""
    load = f"generated:bugs={bugs},blueprints=0,seed=1"
    rates: dict[str, list[float]] = {}
    cpu: dict[str, list[float]] = {}
    with _scene(bugs, MANY, load) as scene:
        scene.slow("launchpad", 0.050)
        runs: dict[str, Callable[[], Any]] = {
            "perceval": lambda: _peer("perceval", scene, max(bugs // 12, 1)),
            "four": lambda: _four(scene),
            "launchpadlib": lambda: _peer("launchpadlib", scene, max(bugs // 24, 1)),
            "all": lambda: _all(scene),
        }
        for _ in range(_ROUNDS):
            for name, run in runs.items():
                told = run()
                rates.setdefault(name, []).append(told["bugs"] / told["seconds"])
                cpu.setdefault(name, []).append(1000 * told["cpu"] / told["bugs"])
    rate = {name: statistics.median(found) for name, found in rates.items()}
    spent = {name: statistics.median(found) for name, found in cpu.items()}
    figures = {f"read_bugs_per_s_50ms_by_{name}": found for name, found in rate.items()}
    figures |= {f"read_cpu_ms_per_bug_by_{name}": found for name, found in spent.items()}
    return figures | {
        "read_vs_perceval_50ms": rate["four"] / rate["perceval"],
        "read_vs_launchpadlib_50ms": rate["four"] / rate["launchpadlib"],
        "read_all_vs_perceval_50ms": rate["all"] / rate["perceval"],
        "read_cpu_of_perceval": spent["four"] / spent["perceval"],
    }


def _peer(name: str, scene: Scene, bugs: int) -> Any:
    return peers.run(name, scene.address("launchpad"), "gadget", str(bugs))


def _four(scene: Scene) -> Any:
    scene.forget()
    command = [sys.executable, "-m", "benchmarks.four", str(scene.workspace)]
    done = subprocess.run(command, stdout=subprocess.PIPE, check=True)
    return json.loads(done.stdout)


def _all(scene: Scene) -> Any:
    scene.forget()
    spent = scene.timed("launchpad", "pull")
    start = cost("--version").cpu
    bugs = _bugs(scene.asked("launchpad"))
    return {"bugs": bugs, "seconds": spent.seconds, "cpu": spent.cpu - start}


def read_missed(bugs: int) -> Figures:
    """Bugs that a reading of the whole project misses, where two in three share the date of their
    last change with others, as after an edit of many at once; and those that perceval misses."""
    load = f"generated:bugs={bugs},blueprints=0,seed=1,private=0,tied={bugs * 2 // 3}"
    with _scene(bugs, load=load) as scene:
        scene.run("pull")
        read = scene.issues()
        told = peers.run("perceval", scene.address("launchpad"), "gadget", "0")
    return {
        "read_missed": float(bugs - read),
        "read_missed_by_perceval": float(bugs - len(told["numbers"])),
        "read_twice_by_perceval": float(told["bugs"] - len(told["numbers"])),
    }
