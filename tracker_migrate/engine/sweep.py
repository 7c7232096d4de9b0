"""The sweep: every issue is read again once in a while, whatever the source says of it.

Much that changes at a source moves no date there and is listed by no search: a new task, a hidden
or edited comment, an attachment that was taken away. So a daemon reads all issues again, by number,
a few in each round, as many as bring it round once in the period.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import islice

from tracker_migrate.model import Key
from tracker_migrate.workspace.archive import Archive, position
from tracker_migrate.workspace.swept import Reached, Swept


class Sweep:
    """A walk over the issues of an archive. name: of what is read, as whom: another viewer's walk
    is another one. period: in which it comes round once; zero for no sweep."""

    def __init__(self, archive: Archive, swept: Swept, name: str, period: timedelta) -> None:
        self._archive = archive
        self._swept = swept
        self._name = name
        self._period = period
        self._next: Reached | None = None

    def due(self, at: datetime) -> tuple[Key, ...]:
        """The issues whose turn has come by now. The first time none: all was just read. A clock
        that was set back makes nothing due; a long sleep no more than one whole turn."""
        reached = self._swept.reached(self._name)
        if not self._period or reached is None or at < reached.at:
            self._next = Reached(after=reached.after if reached else "", at=at)
            return ()
        count = self._archive.count()
        many = min(count, int(count * ((at - reached.at) / self._period)))
        if not many:
            self._next = reached
            return ()
        keys = tuple(islice(self._around(reached.after), many))
        began = reached.at + self._period * (many / count) if many < count else at
        self._next = Reached(after=position(keys[-1]), at=began)
        return keys

    def done(self) -> None:
        """What was due has been read, or is kept as unread: go on behind it the next time."""
        if self._next is not None:
            self._swept.keep(self._name, self._next)

    def _around(self, after: str) -> Iterator[Key]:
        yield from self._archive.issue_keys(after)
        if after:
            yield from (key for key in self._archive.issue_keys() if position(key) <= after)
