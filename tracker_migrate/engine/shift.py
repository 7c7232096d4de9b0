"""A worker's part in one round: each issue that it takes is written like that of a run on one
machine, and what comes of it is told to who coordinates."""

from __future__ import annotations

import threading
from typing import Self

import msgspec

from tracker_migrate import waiting
from tracker_migrate.engine.beside import Among
from tracker_migrate.engine.events import Listen
from tracker_migrate.engine.naming import Naming
from tracker_migrate.engine.sharing import SILENT
from tracker_migrate.engine.target import Target
from tracker_migrate.engine.terms import must_agree
from tracker_migrate.engine.writing import Writing
from tracker_migrate.errors import Brake, Locked
from tracker_migrate.interfaces import Event
from tracker_migrate.model import Issue, Key
from tracker_migrate.workspace.advised import Advised
from tracker_migrate.workspace.crew import Part, Round, report
from tracker_migrate.workspace.outpost import Outpost

#: what a worker counts of an issue: the rest of `Applied` is about the whole target
_COUNTED = (
    *("steps", "found", "created", "updated", "unchanged", "kept", "overruled", "raced", "gone"),
    *("stuck", "unwanted", "misnamed"),
)
#: seconds for which another worker is waited for, beside two settle times: longer than it takes
#: until one is taken for dead
_PATIENCE = SILENT + 60.0


class One(Writing):
    """Writes one issue."""

    _left = _reason = ""

    def write(self, issue: Issue, last: bool) -> Part:
        """What has come of it. Raises what stops a run."""
        self.issue(issue, last)
        self.end_doubts(last)
        self._ledger.flush()
        counts = {name: n for name in _COUNTED if (n := getattr(self.applied, name))}
        if self._left or self.opening.waits:
            return Part(issue.key, "left", self._left, counts)
        if issue.key in self.failed:
            return Part(issue.key, "aside", self._reason, counts)
        return Part(issue.key, "done", counts=counts)

    def set_aside(self, issue: Issue, reason: str, *, failed: bool = True) -> None:
        """What only could not be done just now, or not here, is left to who coordinates."""
        self._reason = reason
        if failed:
            super().set_aside(issue, reason)
        else:
            self._left = reason
            self.say("left", issue.key, reason)


class Shift:
    """What a worker does in one round, from several threads. error: what has ended it.

    Raises UsageError if it does not agree with who coordinates, and what `Target.meet` raises.
    """

    def __init__(self, outpost: Outpost, of: Round, me: int, listen: Listen) -> None:
        self._of, self._me = of, me
        self._workspace = Outpost(outpost.folder, of, me, outpost.owner)
        self._guard = threading.Lock()
        self.error: BaseException | None = None
        self.done = 0
        try:
            self._target = self._met()
            naming = Naming(self._workspace.archive, self._workspace.archive.salt())
            self._listen = naming.heard_by(listen)
            self._plan = self._workspace.crew.plan(of)
        except BaseException:
            self._workspace.close()
            raise

    def _met(self) -> Target:
        target = Target(self._workspace, self._of.target)
        try:
            must_agree(target, self._of.terms)
            target.exposures |= {one.issue: one.reason for one in target.ledger.in_state("exposed")}
            patience = _PATIENCE + 2 * target.sink.settle_seconds
            locks = Advised(self._workspace.engine, target.name, patience)
            target.beside = Among(locks, target.ledger, patience)
            target.meet()
        except BaseException:
            target.close()
            raise
        return target

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self._target.close()
        self._workspace.close()

    @property
    def at_once(self) -> int:
        """How many issues are written at once."""
        return self._target.sink.connections

    def write(self, issue: str) -> None:
        """Write an issue, unless somebody has taken it. Raises nothing: see `error`."""
        key = Key(issue)
        if self.error is not None or not self._takes(key):
            return
        ended = Part(key, "left")
        try:
            ended = self._write(key)
        except Brake as brake:
            self._fail(brake)
            ended = Part(key, "brake", str(brake))
        except BaseException as error:  # noqa: BLE001  the queue must not hear of it
            self._fail(error)
        self._report(ended)

    def _takes(self, key: Key) -> bool:
        try:
            waiting.check()
            return self._workspace.crew.take(self._of, key, self._me)
        except BaseException as error:  # noqa: BLE001  as above
            self._fail(error)
            return False

    def _write(self, key: Key) -> Part:
        issue = self._target.archive.issue(key)
        if issue is None:
            return Part(key, "left")
        return One(self._target, self._hear, self._plan).write(issue, self._of.last)

    def _hear(self, event: Event) -> None:
        """Of one issue alone an apply counts by itself."""
        if event.name in ("issue", "created"):
            event = msgspec.structs.replace(event, done=self.done + 1)
        self._listen(event)

    def _report(self, ended: Part) -> None:
        """Tell what has come of a part, after all that was written of it is on the disk."""
        try:
            self._workspace.writer.now(lambda c: report(c, self._of, self._me, ended))
        except BaseException as error:  # noqa: BLE001  as above
            self._fail(error)
        with self._guard:
            self.done += ended.state == "done"

    def _fail(self, error: BaseException) -> None:
        with self._guard:
            if self.error is None or isinstance(self.error, Locked):
                self.error = error
