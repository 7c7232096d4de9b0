"""A first look at the source and at the targets of a new workspace, and what could not be looked
at."""

from __future__ import annotations

from contextlib import closing

from tracker_migrate import registry
from tracker_migrate.errors import UsageError
from tracker_migrate.workspace import Workspace


def has_project(workspace: Workspace, name: str) -> bool:
    """Whether the source has a project of this name that everybody may see. One or two requests.
    Raises Unreachable, LoginNeeded."""
    settings = workspace.settings.source
    tracker = settings.specs[0].partition(":")[0]
    options = {"address": settings.address} if settings.address else {}
    options["state_dir"] = str(workspace.state)
    try:
        with closing(registry.open_source([f"{tracker}:{name}"], options, None)) as source:
            source.check()
    except UsageError:
        return False
    return True
