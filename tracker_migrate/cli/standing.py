"""`status`: what the workspace itself knows, without asking any server."""

from __future__ import annotations

from typing import Any

from tracker_migrate.workspace import Workspace
from tracker_migrate.workspace.packing import stamp


def standing(workspace: Workspace, targets: list[str], name_issues: bool) -> dict[str, Any]:
    """Counts of the source and of each target; `left` says whether something waits for a person."""
    specs = workspace.settings.source.specs
    last = workspace.archive.cursor(" ".join(sorted(specs)))
    unread = workspace.archive.unread()
    found: dict[str, Any] = {
        "source": {
            "specs": specs,
            "viewer": workspace.archive.viewer,
            "issues": workspace.archive.count(),
            "unread": len(unread),
            "last": stamp(last) if last else None,
        },
        "targets": {name: _target(workspace, name, name_issues) for name in targets},
    }
    found["left"] = bool(unread) or any(
        one["states"].get("aside") or one["states"].get("refused") or one["in_doubt"]
        for one in found["targets"].values()
    )
    return found


def _target(workspace: Workspace, name: str, name_issues: bool) -> dict[str, Any]:
    ledger = workspace.ledger(name)
    one: dict[str, Any] = {
        "sink": workspace.settings.targets[name]["sink"],
        "states": ledger.states(),
        "in_doubt": len(ledger.open_intents()),
        "kept": len(ledger.conflicts()),
    }
    if name_issues:
        one["named"] = [
            {"issue": verdict.issue, "state": verdict.state, "reason": verdict.reason}
            for verdict in ledger.in_state("refused", "aside")
        ]
    return one
