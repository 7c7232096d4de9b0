"""A whole world for a test: the three stand-ins in this process, a workspace, and its targets."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest

from tracker_migrate.backends.launchpad.standin.server import LaunchpadStandIn
from tracker_migrate.backends.maniphest.standin import ManiphestStandIn
from tracker_migrate.backends.storyboard.standin import StoryBoardStandIn
from tracker_migrate.engine import jobs
from tracker_migrate.engine.applied import Applied
from tracker_migrate.engine.events import Listen, silent
from tracker_migrate.engine.intake import Pulled
from tracker_migrate.engine.verify import Verified
from tracker_migrate.testing.loopback import serving
from tracker_migrate.workspace import Workspace

SHARED = Path(__file__).parents[2].parent / "shared"
RECORDINGS = SHARED / "recordings"
TARGETS = ("storyboard", "maniphest")

needs_shared = pytest.mark.skipif(
    not RECORDINGS.is_dir(), reason="the recordings (../shared) are not beside the project"
)


def conduit_token(username: str) -> str:
    """The token that the Maniphest stand-in gives somebody."""
    return f"api-{username}-".ljust(32, "x")[:32]


class World:
    """The three servers and a workspace that reads `specs`."""

    def __init__(
        self,
        folder: Path,
        specs: list[str],
        launchpad: LaunchpadStandIn,
        storyboard: StoryBoardStandIn,
        maniphest: ManiphestStandIn,
    ) -> None:
        self.folder = folder
        self.launchpad = launchpad
        self.storyboard = storyboard
        self.maniphest = maniphest
        self.specs = specs
        self.options: dict[str, dict[str, Any]] = {name: {} for name in TARGETS}
        self.private = False
        self.also: list[str] = []
        self.database = ""
        self.sync: dict[str, Any] = {}
        self.write_settings()

    def write_settings(self) -> None:
        """Write migration.toml from what this object says now."""
        lines = [
            "[source]",
            f"specs = {json.dumps([f'launchpad:{spec}' for spec in self.specs])}",
            f'address = "{self.launchpad.url}"',
            "per_second = 0",
            f"private = {str(self.private).lower()}",
            f"also = {json.dumps(self.also)}",
        ]
        if self.database:
            lines += ["[database]", f'url = "{self.database}"']
        if self.sync:
            lines += ["[sync]", *(f"{name} = {_toml(value)}" for name, value in self.sync.items())]
        for name in TARGETS:
            lines += [f"[targets.{name}]", f'sink = "{name}:{getattr(self, name).url}"']
            options = {"settle_seconds": 0.3, **self.options[name]}
            lines += [f"{option} = {_toml(value)}" for option, value in options.items()]
        self.folder.mkdir(parents=True, exist_ok=True)
        (self.folder / "mappings").mkdir(exist_ok=True)
        (self.folder / "migration.toml").write_text("\n".join(lines) + "\n")

    def pull(self, **how: Any) -> Pulled:
        """Read what changed."""
        with Workspace(self.folder) as workspace, workspace.coordinating():
            return jobs.pull(workspace, **how)

    def apply(self, target: str, listen: Listen = silent, **how: Any) -> Applied:
        """Write what is missing."""
        with Workspace(self.folder) as workspace, workspace.coordinating():
            return jobs.apply(workspace, target, listen, **how)

    def verify(self, target: str) -> Verified:
        """Read the target back."""
        with Workspace(self.folder) as workspace:
            return jobs.verify(workspace, target)

    def writes(self, target: str) -> int:
        """How many writing requests a target has had."""
        standin: Any = getattr(self, target)
        return int(standin.writes)


def _toml(value: Any) -> str:
    """A setting's value; a table on one line."""
    if not isinstance(value, dict):
        return json.dumps(value)
    return "{" + ", ".join(f"{name} = {_toml(one)}" for name, one in value.items()) + "}"


@contextmanager
def world(
    folder: Path, monkeypatch: pytest.MonkeyPatch, *specs: str, web: str | None = None
) -> Iterator[World]:
    """A world that reads these projects; the Launchpad stand-in is still empty."""
    launchpad, storyboard, maniphest = (
        LaunchpadStandIn(web=web),
        StoryBoardStandIn(),
        ManiphestStandIn(),
    )
    tokens = {
        "STORYBOARD_TOKEN": "token-of-super",
        "STORYBOARD_OUTSIDER_TOKEN": "token-of-normal",
        "MANIPHEST_TOKEN": conduit_token("importbot"),
        "MANIPHEST_OUTSIDER_TOKEN": conduit_token("carol"),
    }
    for name, token in tokens.items():
        monkeypatch.setenv(f"TRACKER_MIGRATE_{name}", token)
    with ExitStack() as stack:
        for standin in (launchpad, storyboard, maniphest):
            stack.enter_context(serving(standin))
        yield World(folder, list(specs), launchpad, storyboard, maniphest)
