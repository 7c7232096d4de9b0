"""What is ours at Maniphest, whoever is shown as its author by now.

`backdate` gives tasks and comments their authors. Of a task it leaves us the row that gave it its
title: no method of Conduit writes one for somebody else, and only when a task is made was there no
title before. What else was written in that request, as its group says, we wrote. A comment is known
by its seal; one that stands under a line copied from another is younger than that.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from hmac import compare_digest

from tracker_migrate.backends.maniphest.server import Server
from tracker_migrate.backends.maniphest.wire import TransactionRow
from tracker_migrate.text import origin

Seal = Callable[[str], str]


class Ours:
    """Tells ours on one server. seal: how a permalink is sealed; None if nobody has said."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self.seal: Seal | None = None

    def groups(self, history: Iterable[TransactionRow]) -> frozenset[str]:
        """The requests of ours that made the task; one, or none."""
        return frozenset(row.group for row in history if row.group and self.makes(row))

    def makes(self, row: TransactionRow) -> bool:
        """Whether a row tells that we made its task."""
        return (
            row.author == self._server.facts.me and row.type == "title" and not row.taken("title")
        )

    def wrote(self, row: TransactionRow, groups: frozenset[str]) -> bool:
        """Whether we wrote a row of a task. groups: those of its history."""
        return row.author == self._server.facts.me or row.group in groups or self.sealed(row)

    def sealed(self, row: TransactionRow) -> bool:
        """Whether a comment has somebody else as its author, and our seal."""
        told = origin.parse(row.text or "")
        if told is None or not told.signature or self.seal is None:
            return False
        return compare_digest(told.signature, self.seal(told.permalink))
