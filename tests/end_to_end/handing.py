"""A small project that has moved, ready to be handed over; and what can be seen of it at home."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.end_to_end.marked_bugs import PROJECT
from tests.end_to_end.marked_world import MarkedWorld, marked_world
from tests.end_to_end.world import TARGETS, World
from tracker_migrate.backends.launchpad.sending import Sender
from tracker_migrate.engine import cutover, jobs
from tracker_migrate.engine.handover import HandedOver
from tracker_migrate.workspace import Workspace

SETTINGS: dict[str, Any] = {
    "target": "storyboard",
    "tag": "moved",
    "status": "Won't Fix",
    "per_second": 0,
    "settle_seconds": 0.1,
}
SERIES = f"{PROJECT}/1.x"
FOCUS = f"{PROJECT}/trunk"


class Home:
    """What stands at the Launchpad stand-in."""

    def __init__(self, made: MarkedWorld) -> None:
        self.made, self.store = made, made.here.launchpad.store

    def said(self, bug: int) -> list[str]:
        """The handover's comments on a bug that can be seen."""
        with self.made.here.launchpad.lock:
            found = self.store.messages(bug, 1000, 0)
        return [
            str(one.get("content"))
            for one in found
            if "(tracker-migrate " in str(one.get("content")) and one.get("visible", True)
        ]

    def tags(self, bug: int) -> list[str]:
        """A bug's tags."""
        with self.made.here.launchpad.lock:
            found = self.store.bug(bug)
        assert found is not None
        return list(found.get("tags") or ())

    def status(self, bug: int, place: str = PROJECT) -> str:
        """The status of a task."""
        with self.made.here.launchpad.lock:
            found = self.store.task(bug, place)
        assert found is not None
        return str(found.get("status"))

    def set_status(self, bug: int, status: str, place: str = PROJECT) -> None:
        """Somebody gives a task another status."""
        with self.made.here.launchpad.lock:
            found = self.store.task(bug, place)
            assert found is not None
            self.store.put_task(bug, place, {**found.data, "status": status}, "")
        self.made.project.change(bug)

    def all(self) -> dict[int, Any]:
        """Everything that a handover may change."""
        return {
            bug: (len(self.said(bug)), self.tags(bug), self.status(bug))
            for bug in self.made.project.bugs
        }


class Begin:
    """The three servers and the workspace, as they are now."""

    def __init__(self, made: MarkedWorld, copy: Path) -> None:
        self._made, self._copy = made, copy
        here = made.here
        self._servers: tuple[Any, ...] = (here.launchpad, here.storyboard, here.maniphest)
        self._data = []
        for server in self._servers:
            with server.lock:
                following = dict(getattr(server.store, "_next", {}))
                self._data.append((server.store.db.serialize(), following))
        self._bugs = list(made.project.bugs)
        shutil.rmtree(copy, ignore_errors=True)
        shutil.copytree(made.here.folder, copy)

    def again(self) -> None:
        """Bring them back."""
        for server, (data, following) in zip(self._servers, self._data, strict=True):
            with server.lock:
                server.store.db.deserialize(data)
                if following:
                    server.store._next = dict(following)
                server.faults.clear()
        self._made.project.bugs[:] = self._bugs
        shutil.rmtree(self._made.here.folder)
        shutil.copytree(self._copy, self._made.here.folder)


def handover(here: World, **how: Any) -> HandedOver:
    """Tell the source."""
    with Workspace(here.folder) as workspace, workspace.coordinating():
        return cutover.handover(workspace, "storyboard", **how)


def undo(here: World, **how: Any) -> HandedOver:
    """Take back what was said."""
    with Workspace(here.folder) as workspace, workspace.coordinating():
        return cutover.handover_undo(workspace, "storyboard", **how)


def write_settings(here: World, **more: Any) -> None:
    """migration.toml with a `[handover]`."""
    here.write_settings()
    lines = [f"{name} = {json.dumps(value)}" for name, value in {**SETTINGS, **more}.items()]
    path = here.folder / "migration.toml"
    path.write_text(path.read_text() + "\n".join(["[handover]", *lines]) + "\n")


def idle(here: World) -> None:
    """Reading everything anew, nothing is written anywhere."""
    here.pull(full=True)
    for target in TARGETS:
        assert here.apply(target).steps == 0, target


class Writes:
    """Counts what is sent to Launchpad; can end the process before or after one of them."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self.sent: list[tuple[str, str]] = []
        real = Sender._sent

        def sent(self_: Sender, method: str, path: str, body: bytes, headers: Any) -> Any:
            op = re.search(rb"ws\.op=(\w+)", body)
            self.sent.append((method, op[1].decode() if op else "fields"))
            return real(self_, method, path, body, headers)

        patch.setattr(Sender, "_sent", sent)


@contextmanager
def moved(folder: Path, patch: pytest.MonkeyPatch) -> Iterator[MarkedWorld]:
    """Issues that stand at both targets: open bugs (502, 504, 506, 510), of which one is private,
    one has a series' task, and one that of the focus of development, whose status is always the
    project's own; closed ones, a duplicate, a blueprint."""
    with marked_world(folder, patch) as made:
        project = made.project
        project.bug()
        project.bug(comments=2, tags=["ui"], readers=[project.half])
        project.bug()
        project.bug("Private", readers=[project.half])
        project.bug()
        project.bug(targets=(PROJECT, SERIES), assignee=project.half)
        project.bug()
        project.bug(same_as=502)
        project.bug()
        project.bug(targets=(PROJECT, FOCUS))
        project.blueprint()
        for bug in project.bugs:
            _as_launchpad_counts(made, bug)
        write_settings(made.here)
        made.spread()
        yield made


def _as_launchpad_counts(made: MarkedWorld, bug: int) -> None:
    """The figures that Launchpad gives a bug at any change: it has them before ours."""
    with made.here.launchpad.lock:
        last = made.project.store.messages(bug, 1000, 0)[-1]
    heat = {"heat": 156} if made.project.info(bug) == "Private" else {}
    made.project.change(bug, date_last_message=last.get("date_created"), **heat)


__all__ = ["Begin", "Home", "Writes", "handover", "idle", "jobs", "moved", "undo", "write_settings"]
