"""Opening the workspace that a command is about."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tracker_migrate.errors import UsageError


def opened(folder: str) -> Any:
    """An open workspace, its settings checked with its backends. Raises as `Workspace` does."""
    from tracker_migrate.workspace import Workspace, settings

    settings.load(Path(folder).resolve(), backends=True)
    return Workspace(folder)


def targets_of(workspace: Any, target: str | None) -> list[str]:
    """The targets that a command is about. Raises UsageError if there are none."""
    names: list[str] = workspace.targets(target)
    if not names:
        raise UsageError(
            f"{workspace.folder / 'migration.toml'} names no target to write to: add "
            '[targets.new] with sink = "storyboard:https://…" or "maniphest:https://…"'
        )
    return names
