"""When what is due: what a round of the daemon asks the source for."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from tracker_migrate.engine.clock import Clock
from tracker_migrate.engine.following import spec_first
from tracker_migrate.engine.sweep import Issues, People, Sweep
from tracker_migrate.workspace import Workspace


class Turns:
    """Of one daemon. What is asked for around, and blueprints, are due at once; the sweeps go on
    where they stood."""

    def __init__(self, workspace: Workspace, clock: Clock) -> None:
        self.clock = clock
        self._workspace, self._settings = workspace, workspace.settings.sync
        self._walk(swept_as(workspace))
        self._around: float | None = None
        self._blueprints: float | None = None

    def _walk(self, name: str) -> None:
        self._name, archive, swept = name, self._workspace.archive, self._workspace.swept
        hours = timedelta(hours=self._settings.sweep_hours)
        days = timedelta(days=self._settings.people_days)
        self._issues = Sweep(Issues(archive), swept, name, hours)
        self._people = Sweep(People(archive), swept, f"people of {name}", days)

    def due(self) -> dict[str, Any]:
        """How the next pull is made, as `jobs.pull` takes it."""
        now = self.clock.now()
        if (name := swept_as(self._workspace)) != self._name:
            self._walk(name)  # as whom a new workspace is read is known when it was
        return {
            "brief": not self._is_due(self._around, self._settings.around_minutes),
            "blueprints": self._is_due(self._blueprints, self._settings.blueprints_minutes),
            "sweep": self._issues.due(now),
            "people": self._people.due(now),
            "most_new": self._settings.most_new,
        }

    def _is_due(self, last: float | None, minutes: float) -> bool:
        return last is None or self.clock.monotonic() - last >= 60 * minutes

    def done(self, how: Mapping[str, Any]) -> None:
        """A pull that was made so came to its end."""
        if not how["brief"]:
            self._around = self.clock.monotonic()
        if how["blueprints"]:
            self._blueprints = self.clock.monotonic()
        self._issues.done()
        self._people.done()


def swept_as(workspace: Workspace) -> str:
    """The name of the walk over a workspace's issues: by what is read, as it was called at first,
    and as whom."""
    names = workspace.archive.names()
    specs = sorted(spec_first(spec, names) for spec in workspace.settings.source.specs)
    return f"{' '.join(specs)} as {workspace.archive.viewer}"
