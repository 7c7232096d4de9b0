"""`status`: what the workspace itself knows, without asking any server."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import msgspec

from tracker_migrate.cli import doubled, handing, kept
from tracker_migrate.cli.handing import handed_over
from tracker_migrate.cli.logins import source_tracker
from tracker_migrate.engine.aside import next_try
from tracker_migrate.engine.following import outdated, read_as
from tracker_migrate.engine.jobs import naming
from tracker_migrate.engine.upkeep import upkeep
from tracker_migrate.hosts import in_time
from tracker_migrate.workspace import Workspace
from tracker_migrate.workspace.archive import Unread
from tracker_migrate.workspace.ledger import Tried
from tracker_migrate.workspace.packing import stamp

#: states of issues that wait for a person
_WAITING = ("aside", "refused", "exposed")


def standing(workspace: Workspace, targets: list[str], name_issues: bool) -> dict[str, Any]:
    """Counts of the source and of each target; `left` says whether something waits for a person."""
    specs = workspace.settings.source.specs
    last = workspace.archive.cursor(read_as(specs, workspace.archive))
    unread = workspace.archive.unread()
    found: dict[str, Any] = {
        "source": {
            **_unread(workspace, unread if name_issues else None),
            "specs": specs,
            "viewer": workspace.archive.viewer,
            "issues": workspace.archive.count(),
            "unread": len(unread),
            "last": stamp(last) if last else None,
            "outdated": list(outdated(specs, workspace.archive.names())),
            "login": _source_login(workspace),
        },
        "targets": {name: _target(workspace, name, name_issues) for name in targets},
        "sync": msgspec.to_builtins(upkeep(workspace, datetime.now(UTC))),
    }
    if handed := handed_over(workspace, name_issues):
        found["handover"] = handed
    found["left"] = (
        bool(unread or found["source"]["outdated"])
        or any(handed.get(one) for one in handing.WAITING)
        or bool(found["sync"]["alarms"])
        or any(map(kept.waits, _logins(found)))
        or any(
            one["in_doubt"]
            or any(one["states"].get(state) for state in _WAITING)
            or any(double["state"] != "settled" for double in one["doubled"])
            for one in found["targets"].values()
        )
    )
    return found


def _unread(workspace: Workspace, unread: list[Unread] | None) -> dict[str, Any]:
    if unread is None:
        return {}
    names = naming(workspace)
    return {
        "named": [
            {
                "issue": names.key(one.key),
                "state": "unread",
                "reason": names.text(one.reason),
                "attempts": one.attempts,
            }
            for one in unread
        ]
    }


def _target(workspace: Workspace, name: str, name_issues: bool) -> dict[str, Any]:
    ledger = workspace.ledger(name)
    one: dict[str, Any] = {
        "sink": workspace.settings.targets[name]["sink"],
        "states": ledger.states(),
        "in_doubt": len(ledger.open_intents()),
        "kept": len(met := ledger.met.all()),
        "policies": dict(Counter(conflict.policy for conflict in met)),
        "doubled": doubled.document(workspace.doubled(name).standing(), naming(workspace).text),
        "login": kept.login_of(workspace.folder, f"{name}-token"),
        "outsiders": kept.logins_of(workspace.folder, f"{name}-outsider-token"),
    }
    if name_issues:
        names, tried = naming(workspace), ledger.tried()
        one["named"] = [
            {
                "issue": names.key(verdict.issue),
                "state": verdict.state,
                "reason": names.text(verdict.reason),
                **_tried(tried.get(verdict.issue)),
            }
            for verdict in ledger.in_state("refused", "aside", "exposed")
        ]
    return one


def _tried(tried: Tried | None) -> dict[str, Any]:
    """Of an issue that was set aside: how often it failed, and when it is tried again by itself
    (None: by the next run)."""
    if tried is None:
        return {}
    then = next_try(tried)
    return {"attempts": tried.attempts, "again": stamp(then) if then else None}


def _source_login(workspace: Workspace) -> dict[str, Any]:
    settings = workspace.settings
    return kept.login_of(workspace.folder, source_tracker(settings), settings.source.private)


def _logins(found: dict[str, Any]) -> Iterator[list[dict[str, Any]]]:
    yield [found["source"]["login"]]
    for one in found["targets"].values():
        yield [one["login"], *one["outsiders"]]


def lines(found: dict[str, Any]) -> Iterator[str]:
    """The same in words."""
    source = found["source"]
    yield (
        f"source {', '.join(source['specs'])} as {source['viewer']}: {source['issues']} "
        f"issues, {source['unread']} not read; last pull {source['last'] or 'never'}"
    )
    yield from source["outdated"]
    yield from map(_line, source.get("named", []))
    yield from kept.lines([source["login"]], "login")
    for name, one in found["targets"].items():
        states = " · ".join(f"{n} {state}" for state, n in sorted(one["states"].items()))
        yield (
            f"target {name} ({one['sink']}): {states or 'nothing written yet'}"
            f" · {one['in_doubt']} in doubt · {one['kept']} edits of people kept"
        )
        if one["policies"]:
            told = ", ".join(f"{n} {what}" for what, n in sorted(one["policies"].items()))
            yield f"  edits of people: {told} (verify shows both texts)"
        yield from kept.lines([one["login"]], "login")
        yield from kept.lines(one["outsiders"], "outsider")
        yield from map(_line, one.get("named", []))
        yield from doubled.lines(one["doubled"])
        if one["states"].get("aside"):
            yield "  set aside: tried again at growing intervals, or now by apply --retry"
    yield from handing.lines(found.get("handover", {}))

    yield from upkeep_lines(found["sync"])


def upkeep_lines(found: dict[str, Any]) -> Iterator[str]:
    """How it goes with the daemon, and what there is to look at."""
    if found["known"]:
        yield f"sync, {found['process']}: {found['told']} · {found['rounds']} rounds"
        yield from (f"  {one['name']}: {_way(one)}" for one in found["ways"])
        if found["sweep"]:
            yield f"  the sweep is {in_time(found['sweep'])} behind"
    if found["paused"]:
        yield f"sync is paused since {found['paused']}: tracker-migrate resume"
    for one in found["alarms"]:
        yield f"LOOK {one['of']}: {one['what']}"
        yield f"     {one['run']}"


def _way(one: dict[str, Any]) -> str:
    lag = "never up to date" if one["lag"] is None else f"up to date {in_time(one['lag'])} ago"
    queue = f" · about {one['queue']} issues to write" if one["queue"] else ""
    error = f" · failing since {one['failing']}: {one['error']}" if one["failing"] else ""
    return f"{lag}{queue}{error}"


def _line(issue: dict[str, Any]) -> str:
    attempts = issue.get("attempts", 1)
    tried = f" (tried {attempts} times)" if attempts > 1 else ""
    return f"  {issue['state']} {issue['issue']}: {issue['reason']}{tried}"
