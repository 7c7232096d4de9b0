"""The process that writes and is killed: `python -m tests.crash_points.child`.

It takes jobs from its standard input, one line of JSON each, and forks for each of them: so the
modules are loaded once, and each run is a process of its own that SIGKILL ends.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
import traceback
from collections import Counter
from collections.abc import Callable
from concurrent.futures import Future
from pathlib import Path
from typing import Any

import msgspec
import pytest

from tests.crash_points.moments import BEFORE, INTENT, LATE, REPLIED, RESULT, WRITTEN, Point
from tests.crash_points.plants import PLANTS
from tracker_migrate.backends.maniphest import client as maniphest_client
from tracker_migrate.backends.maniphest.client import Conduit
from tracker_migrate.backends.maniphest.sink import ManiphestSink
from tracker_migrate.backends.storyboard import client as storyboard_client
from tracker_migrate.backends.storyboard.client import Api
from tracker_migrate.backends.storyboard.files import FileWriter
from tracker_migrate.backends.storyboard.sink import StoryBoardSink
from tracker_migrate.engine import jobs
from tracker_migrate.interfaces import ClosedAction
from tracker_migrate.workspace import Ledger, Workspace
from tracker_migrate.workspace.database import Writer


class Job(msgspec.Struct):
    """point: where to die (None: nowhere). armed: is written when the server has to kill us.
    report: gets what came of it, if there is an end. again: how many more runs are to follow. undo:
    whether it takes back, instead of writing."""

    folder: str
    target: str
    armed: str
    report: str
    point: Point | None = None
    plant: str = ""
    again: int = 0
    undo: bool = False


class Death:
    """Sees all moments of a run, and ends it at one of them."""

    def __init__(self, job: Job) -> None:
        self._job = job
        self._guard = threading.Lock()
        self._seen: Counter[tuple[str, str]] = Counter()
        self.met: list[Point] = []
        self._kind, self._commit = "", ("", "commit")

    def attach(self, patch: pytest.MonkeyPatch) -> None:
        """See every request that writes, and every commit; a plant is put over that."""
        for client in (Api, Conduit):
            self._around_writes(patch, client)
        self._around_files(patch)
        for sink in (StoryBoardSink, ManiphestSink):
            self._around_sends(patch, sink)
        self._around_notes(patch)
        self._one_by_one(patch)

    def watch(self, writer: Writer) -> None:
        """See the commits of this writer."""

        def on_commit(when: str) -> None:
            kind, name = self._commit
            self._tick(kind, f"{when} the {name}")

        writer.on_commit = on_commit

    def _tick(self, kind: str, moment: str) -> bool:
        """Another moment has come; whether the server has to end us at this one."""
        with self._guard:
            self._seen[kind, moment] += 1
            point = Point(kind, moment, self._seen[kind, moment])
            self.met.append(point)
        if point != self._job.point:
            return False
        if moment != WRITTEN:
            os.kill(os.getpid(), signal.SIGKILL)
        return True

    def _around_writes(self, patch: pytest.MonkeyPatch, client: Any) -> None:
        real = client.write

        def write(*given: Any, **named: Any) -> Any:
            self._tick(self._kind, BEFORE)
            if self._tick(self._kind, WRITTEN):
                Path(self._job.armed).write_text(str(os.getpid()))
            reply = real(*given, **named)
            self._tick(self._kind, REPLIED)
            self._tick(self._kind, LATE)
            return reply

        patch.setattr(client, "write", write)

    def _around_files(self, patch: pytest.MonkeyPatch) -> None:
        """What is written into a folder has no server: nobody else can kill us when it is there."""
        real = FileWriter.write

        def write(self_: FileWriter, action: ClosedAction) -> Any:
            self._tick(self._kind, BEFORE)
            dies = self._tick(self._kind, WRITTEN)
            reply = real(self_, action)
            if dies:
                os.kill(os.getpid(), signal.SIGKILL)
            self._tick(self._kind, REPLIED)
            self._tick(self._kind, LATE)
            return reply

        patch.setattr(FileWriter, "write", write)

    def _around_sends(self, patch: pytest.MonkeyPatch, sink: Any) -> None:
        real = sink.send

        def send(self_: Any, step: Any) -> Any:
            self._kind = step.kind
            try:
                return real(self_, step)
            finally:
                self._kind = ""

        patch.setattr(sink, "send", send)

    def _around_notes(self, patch: pytest.MonkeyPatch) -> None:
        """Which commit is an intent's, and which a result's."""
        self._named(patch, "intend", lambda steps, *_: (_kinds(steps), INTENT))
        self._named(patch, "settle", lambda _id, step, *_: (step.kind, RESULT))

    def _named(
        self, patch: pytest.MonkeyPatch, name: str, says: Callable[..., tuple[str, str]]
    ) -> None:
        real = getattr(Ledger, name)

        def told(self_: Ledger, *given: Any) -> Any:
            before, self._commit = self._commit, says(*given)
            try:
                return real(self_, *given)
            finally:
                self._commit = before

        patch.setattr(Ledger, name, told)

    def _one_by_one(self, patch: pytest.MonkeyPatch) -> None:
        """Every write gets a commit of its own, so that each run has the same ones. On a slow disk
        results come to it when somebody waits for what was noted after them."""
        real = Writer.do
        slow = self._job.point is not None and self._job.point.moment == LATE
        held: list[Callable[..., Any]] = []

        def do(self_: Writer, write: Callable[..., Any]) -> Any:
            if slow and self._commit[1] == RESULT:
                held.append(write)
                return Future[Any]()
            for one in (*held, write):
                future = real(self_, one)
                future.exception()  # waits
            held.clear()
            return future

        patch.setattr(Writer, "do", do)


def _kinds(steps: Any) -> str:
    return "+".join(dict.fromkeys(step.kind for step in steps))


def run(job: Job) -> None:
    """Do the job; what came of it is in the report."""
    patch, death = pytest.MonkeyPatch(), Death(job)
    death.attach(patch)
    if job.plant:
        PLANTS[job.plant](patch)
    with Workspace(Path(job.folder)) as workspace:
        death.watch(workspace.writer)
        with workspace.coordinating():
            steps = [_done(workspace, job) for _ in range(job.again + 1)]
    said = {"steps": steps, "met": death.met}
    Path(job.report).write_bytes(msgspec.json.encode(said))


def _done(workspace: Workspace, job: Job) -> int:
    """One run; how much it did."""
    if job.undo:
        return jobs.undo(workspace, job.target).issues
    return jobs.apply(workspace, job.target).steps


def main() -> None:
    """Take jobs until there are no more; say how each process ended."""
    storyboard_client._package()  # what is imported late is imported once
    maniphest_client.package()
    for line in sys.stdin:
        pid = os.fork()
        if pid == 0:
            _whole(line)
        _, status = os.waitpid(pid, 0)
        sys.stdout.write(f"{os.waitstatus_to_exitcode(status)}\n")
        sys.stdout.flush()


def _whole(line: str) -> None:
    """The forked process: it never comes back."""
    try:
        run(msgspec.json.decode(line, type=Job))
    except BaseException:  # noqa: BLE001  it must not go on as its parent would
        traceback.print_exc()
        sys.stderr.flush()
        os._exit(1)
    os._exit(0)


if __name__ == "__main__":
    main()
