"""`sync`: pull and apply on a clock, until somebody asks to stop."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator, Sequence
from typing import Any

import msgspec

from tracker_migrate.engine import jobs
from tracker_migrate.engine.apply import Applied
from tracker_migrate.engine.events import Listen, silent
from tracker_migrate.engine.filters import Only
from tracker_migrate.engine.pull import Pulled
from tracker_migrate.errors import Unreachable
from tracker_migrate.workspace import Workspace
from tracker_migrate.workspace.packing import now


class Round(msgspec.Struct, kw_only=True):
    """One round. error: a server that was not reached this time; the next round tries again."""

    at: str
    pulled: Pulled | None = None
    applied: dict[str, Applied] = msgspec.field(default_factory=dict)
    error: str = ""

    @property
    def left(self) -> bool:
        """Whether something is refused, set aside, or was not reached."""
        return bool(self.error) or any(one.left for one in self.applied.values())

    def line(self) -> str:
        """The round in one line."""
        parts = [self.at]
        if self.pulled is not None:
            parts.append(f"read {self.pulled.new} new, {self.pulled.changed} changed")
        for name, one in self.applied.items():
            parts.append(f"{name}: {one.created} created, {one.updated} updated, {one.kept} kept")
        if self.error:
            parts.append(f"later: {self.error}")
        return " · ".join(parts)


def rounds(
    workspace: Workspace,
    targets: Sequence[str],
    listen: Listen = silent,
    only: Only | None = None,
    every: float = 300.0,
    once: bool = False,
    dry_run: bool = False,
) -> Iterator[Round]:
    """Rounds, until SIGTERM. An unreachable server ends a round, not the daemon."""
    stop = threading.Event()
    before = _on_sigterm(lambda *_: stop.set())
    try:
        while not stop.is_set():
            yield _round(workspace, targets, listen, only, dry_run)
            if once or stop.wait(every):
                return
    finally:
        _on_sigterm(before)


def _on_sigterm(handler: Any) -> Any:
    if threading.current_thread() is not threading.main_thread():
        return None
    return signal.signal(signal.SIGTERM, handler or signal.SIG_DFL)


def _round(
    workspace: Workspace, targets: Sequence[str], listen: Listen, only: Only | None, dry_run: bool
) -> Round:
    result = Round(at=now())
    try:
        if not dry_run:
            result.pulled = jobs.pull_for(workspace, targets, listen, only=only)
        for name in targets:
            if dry_run:
                planned = jobs.plan(workspace, name, listen, only=only, losses=False)
                totals = planned.create.total(), planned.update.total()
                result.applied[name] = Applied(created=totals[0], updated=totals[1])
            else:
                result.applied[name] = jobs.apply(workspace, name, listen, only=only)
    except Unreachable as error:
        result.error = str(error)
    return result
