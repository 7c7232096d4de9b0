"""Issues that were moved, at their source, to where nothing is read.

No search that is made names them any more, and nothing says where they went but they themselves: so
they are met in the sweep, or by a whole listing that misses them. What becomes of them is a policy
(`sync.retargeted`). If that is suddenly much, a person has to look: perhaps it is the project that
is called otherwise by now, or the settings that name the wrong one.

What the settings do not name any more has not moved: it is left as it stands, and no more is read
of it than whether it is to be seen.
"""

from __future__ import annotations

import threading
from typing import Literal

import msgspec

from tracker_migrate.abilities import KnowsBounds
from tracker_migrate.engine.renames import Renames
from tracker_migrate.interfaces import Reading, Source
from tracker_migrate.model import AWAY, Issue, Key, is_away
from tracker_migrate.workspace.archive import Archive

#: `mark`: its tasks are closed at the targets, and its text says where it is; `follow`: it is kept
#: up to date where it went; `close`: it is closed for all but the importer; `keep`: it stays as it
#: stood
Policy = Literal["mark", "follow", "close", "keep"]

#: `here`: where it is read; `away`: it was there when it was read last, and was moved; `left`: it
#: was elsewhere by then, so it is the settings that were changed since
Where = Literal["here", "away", "left"]


class Away:
    """Those of one pull. Asked from several threads."""

    def __init__(self, source: Source, archive: Archive, renames: Renames, policy: Policy) -> None:
        self._source = source
        self._archive = archive
        self._renames = renames
        self._policy = policy
        self._guard = threading.Lock()
        self._readings: dict[Key, Reading] = {}

    def takes(self, reading: Reading) -> Where:
        """Where this one is, which no listing named. What was moved away is kept until all is read,
        and not yet believed. Raises Retriable, Unreachable, LoginNeeded."""
        if self._policy == "follow" or not isinstance(self._source, KnowsBounds):
            return "here"
        if self._holds(reading.issue):
            return "here"
        if self.is_left(reading.issue.key):
            return "left"
        with self._guard:
            self._readings[reading.issue.key] = reading
        return "away"

    def is_left(self, key: Key) -> bool:
        """Whether an issue was not where anything is read by now when it was read last. Raises as
        above."""
        held = self._renames.met(key)
        if held is None or is_away(held) or not isinstance(self._source, KnowsBounds):
            return False
        return not self._holds(held)

    def _holds(self, issue: Issue) -> bool:
        assert isinstance(self._source, KnowsBounds)
        return self._source.holds(self._renames.as_named_now(issue))

    def fresh(self) -> list[Key]:
        """Those of which that was not known."""
        return [key for key in sorted(self._readings) if not self._is_known(key)]

    def _is_known(self, key: Key) -> bool:
        held = self._archive.issue(key)
        return held is None or is_away(held)

    def settle(self, key: Key) -> str:
        """Do with one as the policy says; what became of it, as a pull counts it."""
        reading = self._readings[key]
        known = self._is_known(key)
        if self._policy == "mark":
            return self._archive.put(_marked(reading)).result()
        if self._policy == "close":
            self._archive.set_gone(key)
            return "same" if known else "gone"
        self._archive.set_read(key)
        return "same"

    def found(self) -> list[Key]:
        """All of them, in order."""
        return sorted(self._readings)


def _marked(reading: Reading) -> Reading:
    issue = reading.issue
    extra = {**issue.extra, AWAY: _where(issue)}
    return msgspec.structs.replace(reading, issue=msgspec.structs.replace(issue, extra=extra))


def _where(issue: Issue) -> str:
    """Where it is by now, in the source's words."""
    return ", ".join(task.target_name for task in issue.tasks) or "nowhere"
