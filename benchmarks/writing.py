"""How fast issues are written, beside what people would use instead, and beside what the server
can give: without added latency, at 50 ms, and at the pace of a real server.

The ceiling is a bare load of the writing requests that the same issues took, on an empty server of
the same kind, over as many connections, under the rules of the target: StoryBoard's requests about
one story one after another, its tasks one at a time for each project; Maniphest's tasks created in
order over one connection, then all that fills them, those of one task one after another. Looks at
the server are no part of it.
"""

from __future__ import annotations

import json
import re
import tempfile
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

from benchmarks import peers
from benchmarks.bare import Ask, Chain, Load
from benchmarks.scene import Cost, Scene, Watched, cost
from benchmarks.served import named
from tracker_migrate.cli.demo.servers import Server
from tracker_migrate.cli.demo.targets import PREPARE

Figures = dict[str, float]
Asked = list[dict[str, Any]]

#: connections of a usual run, and of the one that is compared with others
USUAL, MANY = 4, 8
#: how late the servers answer, as `Scene.slow` takes it
_PACES: dict[str, dict[str, Any]] = {
    "0ms": {},
    "50ms": {"seconds": 0.050},
    "as_measured": {"as_measured": True},
}
_STORY = re.compile(r"/v1/(?:stories|tags)/(\d+)")


def write_ceiling(bugs: int) -> Figures:
    """Of the server's own ceiling, at each pace; `write_of_ceiling_…`: at a real server's."""
    figures: Figures = {}
    for pace, how in _PACES.items():
        with planned(bugs, USUAL) as scene:
            for target in scene.targets:
                figures |= of_ceiling(scene, target, pace, how)
    for target in Scene.targets:
        name = f"write_of_ceiling_{target}"
        figures[name] = figures[f"{name}_as_measured"]
    return figures


def write_clients(bugs: int) -> Figures:
    """Comments a second, beside a loop with the tracker's own client that makes one call a comment,
    at 50 ms; the loop gets the first issues of the same."""
    figures: Figures = {}
    with planned(bugs, MANY) as scene:
        for target in scene.targets:
            scene.slow(target, **_PACES["50ms"])
            spent = scene.timed(target, "apply", "-T", target)
            ours = scene.objects(target, "comment") / spent.seconds
            theirs = _peer(target, issues_of(target, scene.asked(target))[: max(bugs // 8, 1)])
            figures |= {
                f"write_comments_per_s_50ms_{target}": ours,
                f"write_comments_per_s_50ms_{target}_by_client": theirs,
                f"write_vs_client_{target}_50ms": ours / theirs,
            }
    return figures


@contextmanager
def planned(bugs: int, connections: int) -> Iterator[Scene]:
    """A workspace that has read its bugs, and planned them."""
    options: dict[str, dict[str, Any]] = {
        target: {"connections": connections} for target in Scene.targets
    }
    options["storyboard"]["numbers"] = "block"
    with Scene(bugs, options=options, watched=True) as scene:
        scene.run("pull")
        scene.run("plan")
        yield scene


def of_ceiling(scene: Scene, target: str, pace: str, how: dict[str, Any]) -> Figures:
    """What of the server's ceiling a run has. how: how late the server answers, as `Scene.slow`
    takes it; pace: what that is called."""
    scene.slow(target, **how)
    spent = scene.timed(target, "apply", "-T", target)
    asked = scene.asked(target)
    load = bare(target, asked, how)
    figures = {
        f"write_of_ceiling_{target}_{pace}": load.seconds / spent.seconds,
        f"write_issues_per_s_{target}_{pace}": scene.issues() / spent.seconds,
        f"write_bare_requests_per_s_{target}_{pace}": load.asked / load.seconds,
        f"write_connections_{target}_{pace}": scene.served(target)["connections"],
    }
    return figures if how else figures | _costs(scene, target, spent, asked)


def _costs(scene: Scene, target: str, spent: Cost, asked: Asked) -> Figures:
    """What an issue costs, in requests of each kind and in the client's time."""
    issues = scene.issues()
    kinds = Counter(one["label"].replace("/", " ").replace(" #", "") for one in asked)
    often = {kind: n for kind, n in sorted(kinds.items()) if n >= issues / 20}
    figures = {f"write_requests_per_issue_{target} {kind}": n / issues for kind, n in often.items()}
    return figures | {
        f"write_requests_per_issue_{target}": len(asked) / issues,
        f"write_cpu_ms_per_issue_{target}": 1000 * (spent.cpu - cost("--version").cpu) / issues,
        f"write_peak_mb_{target}": spent.peak_mb,
    }


# -- the ceiling -----------------------------------------------------------------------------------


@contextmanager
def _empty(target: str) -> Iterator[tuple[Server, str]]:
    """Another server, as empty as the first one was, and the token for it."""
    with tempfile.TemporaryDirectory() as folder, Watched(target, Path(folder)) as server:
        yield server, PREPARE[target](server).token


def bare(target: str, asked: Asked, how: dict[str, Any]) -> Load:
    """The writing requests alone, over as many connections, under the target's rules."""
    with _empty(target) as (server, _token):
        before, first, then = _SPLIT[target]([one for one in asked if _writes(one)], server.url)
        with Load() as load:
            load.ask([before], 1)
        if load.refused > 2:
            raise RuntimeError(f"the bare load on {target} is refused")
        server.ask("POST", "/__standin__/served", data=json.dumps(how))
        with Load() as load:
            load.ask([first], 1)
            load.ask(then, USUAL)
    if load.refused > load.asked / 50:
        raise RuntimeError(f"the bare load on {target} is refused")
    return load


def _writes(one: dict[str, Any]) -> bool:
    if one["label"].startswith(("GET", "POST", "PUT", "DELETE")):
        return bool(one["method"] != "GET")
    return bool(one["label"].endswith(".edit") or "upload" in one["label"])


Split = tuple[Chain, Chain, list[Chain]]


def _storyboard(asked: Asked, address: str) -> Split:
    """What comes before, without its time: projects, tags, numbers that are set aside; nothing that
    goes alone; then the stories, each with its tasks and comments."""
    before: list[Ask] = []
    stories: dict[str, list[Ask]] = {}
    for one in asked:
        body = json.loads(one["body"] or "null")
        fields = body if isinstance(body, dict) else {}
        match = _STORY.match(one["target"])
        story = str(fields.get("story_id") or (match[1] if match else fields.get("id", "")))
        if not story or "set aside" in one["body"]:
            before.append(Ask(one, address))
            continue
        lanes = [f"project {fields['project_id']}"] if "project_id" in fields else []
        stories.setdefault(story, []).append(Ask(one, address, lanes))
    return before, [], list(stories.values())


def _maniphest(asked: Asked, address: str) -> Split:
    """Projects; then the tasks as they are created, in order; then what fills them, each with its
    subtasks."""
    before: list[Ask] = []
    created: list[Ask] = []
    filled: dict[str, list[Ask]] = {}
    under: dict[str, str] = {}
    for one in asked:
        given = json.loads(parse_qs(one["body"])["params"][0])
        phid, parent = given.get("objectIdentifier"), _parent(given)
        if "maniphest.edit" not in one["target"] or "tracker-migrate.none" in one["body"]:
            before.append(Ask(one, address))
        elif phid is not None:
            filled.setdefault(under.get(phid, phid), []).append(Ask(one, address))
        elif parent is not None:
            under[_task(one)] = parent
            filled.setdefault(parent, []).append(Ask(one, address))
        else:
            created.append(Ask(one, address))
    return before, created, list(filled.values())


def _task(one: dict[str, Any]) -> str:
    """The task that a request has made."""
    return named("TASK", one["body"].encode("latin-1"))


def _parent(given: dict[str, Any]) -> str | None:
    """The task that a new one is to hang on."""
    sent = given.get("transactions", [])
    found = [one["value"][0] for one in sent if one["type"] == "parents.add"]
    return found[0] if found else None


_SPLIT = {"storyboard": _storyboard, "maniphest": _maniphest}


# -- what others do --------------------------------------------------------------------------------


def issues_of(target: str, asked: Asked) -> list[dict[str, Any]]:
    """The issues as they were sent: `{"title", "text", "comments"}`."""
    found: dict[str, dict[str, Any]] = {}
    for one in asked:
        if target == "storyboard":
            _of_storyboard(found, one)
        elif one["target"].endswith("maniphest.edit"):
            _of_maniphest(found, one)
    return list(found.values())


def _of_storyboard(found: dict[str, dict[str, Any]], one: dict[str, Any]) -> None:
    if one["method"] != "POST" or "set aside" in one["body"]:
        return
    body, match = json.loads(one["body"]), _STORY.match(one["target"])
    if one["target"] == "/v1/stories":
        found[str(body["id"])] = {"title": body["title"], "text": body["description"]}
        found[str(body["id"])]["comments"] = []
    elif match and match[1] in found:
        found[match[1]]["comments"].append(body["content"])


def _of_maniphest(found: dict[str, dict[str, Any]], one: dict[str, Any]) -> None:
    given = json.loads(parse_qs(one["body"])["params"][0])
    told = given["transactions"]
    fields = {row["type"]: row["value"] for row in told if row["type"] in ("title", "description")}
    if "title" in fields and "objectIdentifier" not in given:
        made = {"title": fields["title"], "text": fields["description"], "comments": []}
        found[_task(one)] = made
    elif given.get("objectIdentifier") in found:
        texts = [row["value"] for row in told if row["type"] == "comment"]
        found[given["objectIdentifier"]]["comments"] += texts


def _peer(target: str, issues: list[dict[str, Any]]) -> float:
    """Comments a second of a loop with the tracker's own client."""
    client = {"storyboard": "storyboardclient", "maniphest": "phabricator"}[target]
    with _empty(target) as (server, token), tempfile.TemporaryDirectory() as folder:
        server.ask("POST", "/__standin__/served", data=json.dumps(_PACES["50ms"]))
        file = Path(folder) / "issues.json"
        file.write_text(json.dumps(issues))
        told = peers.run(client, server.url, token, str(file))
    return float(told["comments"] / told["seconds"])
