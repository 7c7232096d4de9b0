"""Private issues that whoever reads now has no right to read: a login or a setting has changed.

They stand at a target for the readers whom they had when they were read last. Nobody can say any
more who may read them, so they would have to be closed; but it is not the issues that changed. So a
person has to say that it is meant. One that stands open to everybody is none of these: it is closed
at once.
"""

from __future__ import annotations

import threading

from tracker_migrate.errors import Brake
from tracker_migrate.model import Key
from tracker_migrate.workspace.archive import Archive


class Beyond:
    """Those of one pull. Asked from several threads. private: whether what is not public is read at
    all. accept: somebody said that all of it is meant."""

    def __init__(self, archive: Archive, *, private: bool, accept: bool) -> None:
        self._archive = archive
        self._private = private
        self._accept = accept
        self._guard = threading.Lock()
        self._restricted: frozenset[Key] | None = None
        self._found: set[Key] = set()

    def takes(self, key: Key) -> bool:
        """Whether that this one is not to be seen says something of the reader, and nothing of the
        issue: then it is kept until all is read."""
        if self._accept or not self._may_be(key) or key not in self._shown():
            return False
        with self._guard:
            self._found.add(key)
        return True

    def must(self) -> None:
        """Raises Brake if there are any."""
        if not self._found:
            return
        why, cure = f"not to be seen as {self._archive.viewer}", "log in as who may read them"
        if not self._private:
            why, cure = "not read any more (source.private = false)", "set it to true again"
        raise Brake(
            f"{len(self._found)} issues that are not public are {why}, and stand at a target for "
            "those who may read them: if they shall be closed for all but the importer, run "
            f"tracker-migrate pull --accept; if not, {cure}"
        )

    def _may_be(self, key: Key) -> bool:
        viewer, others = self._archive.viewer, self._archive.others
        if self._private and others.settled(viewer):
            return False
        return others.private(key, viewer)

    def _shown(self) -> frozenset[Key]:
        with self._guard:
            if self._restricted is None:
                self._restricted = self._archive.others.restricted()
            return self._restricted
