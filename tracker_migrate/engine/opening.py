"""Opening, after everything else of a run: what became public at the source.

Such an issue waits, with all that is new of it, until the others are written; then the source is
asked once more whether everybody may read it.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator

from tracker_migrate.engine.target import Target
from tracker_migrate.errors import MigrateError, Unreachable
from tracker_migrate.model import Issue, Key
from tracker_migrate.workspace.archive import position
from tracker_migrate.workspace.ledger import Held


class Opening:
    """The issues of one run that wait to be opened. is_public: one more look at the source; without
    it none is opened."""

    def __init__(self, target: Target, is_public: Callable[[Key], bool] | None) -> None:
        self._target = target
        self._is_public = is_public
        self._waiting: set[Key] = set()
        self._guard = threading.Lock()

    def must_wait(self, issue: Issue, held: Held | None) -> bool:
        """Whether it is closed at the target, and is to be opened: it waits from now on. held: what
        the ledger knows of the issue's own object."""
        if held is None or held.audience == "public" or held.state == "joined":
            return False
        if self._target.decisions.audience(issue).name != "public":
            return False
        with self._guard:
            self._waiting.add(issue.key)
        return True

    def due(self) -> Iterator[tuple[Issue, str]]:
        """What waits, in order, and why it can't be opened after all (or "")."""
        for key in sorted(self._waiting, key=position):
            issue = self._target.archive.issue(key)
            if issue is not None:
                yield issue, self._reason(key)

    def _reason(self, key: Key) -> str:
        if self._is_public is None:
            return "it became public: it is opened after one more look at the source"
        try:
            public = self._is_public(key)
        except Unreachable:
            raise  # no issue is set aside because a server is down
        except MigrateError as error:
            return f"it became public, and the source can't be asked once more: {error}"
        return "" if public else "it is not public at the source any more: pull again"
