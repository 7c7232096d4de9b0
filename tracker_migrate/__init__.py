"""Moves bugs and blueprints from Launchpad to Maniphest and StoryBoard, and shows what it lost.

    import tracker_migrate as tm

    with tm.Workspace("nova-move") as workspace:
        for issue in workspace.archive.issues():
            print(issue.key, issue.title, len(issue.comments))
        planned = tm.plan(workspace, "new")
        print(planned.writes, planned.losses)

Nothing heavy is imported before it is used, and no backend before it is named.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tracker_migrate.engine.filters import Only
    from tracker_migrate.engine.jobs import apply, losses, plan, pull, verify
    from tracker_migrate.errors import MigrateError
    from tracker_migrate.workspace import Workspace

__version__ = "0.1.0"

_HOMES = {
    "Only": "tracker_migrate.engine.filters",
    "apply": "tracker_migrate.engine.jobs",
    "losses": "tracker_migrate.engine.jobs",
    "plan": "tracker_migrate.engine.jobs",
    "pull": "tracker_migrate.engine.jobs",
    "verify": "tracker_migrate.engine.jobs",
    "MigrateError": "tracker_migrate.errors",
    "Workspace": "tracker_migrate.workspace",
}

__all__ = [
    "MigrateError",
    "Only",
    "Workspace",
    "apply",
    "losses",
    "plan",
    "pull",
    "verify",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return sorted([*globals(), *_HOMES])
