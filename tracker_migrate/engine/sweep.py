"""The sweep: every issue is read again once in a while, whatever the source says of it.

Much that changes at a source moves no date there and is listed by no search: a new task, a hidden
or edited comment, an attachment that was taken away. So a daemon reads all issues again, by number,
a few in each round, as many as bring it round once in the period. What was not to be seen is looked
for as well: it may be there again. People are gone through in the same way, more slowly.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import islice
from typing import Protocol

from tracker_migrate.model import Key
from tracker_migrate.workspace.archive import Archive, position
from tracker_migrate.workspace.swept import Reached, Swept


class Walk(Protocol):
    """What is gone through, in an order that stays."""

    def count(self) -> int:
        """How many there are."""
        ...

    def after(self, place: str = "") -> Iterator[Key]:
        """All of them behind a place, in order."""
        ...

    def place(self, key: Key) -> str:
        """Where one stands in the order."""
        ...


class Issues:
    """All issues that were ever read, gone or not."""

    def __init__(self, archive: Archive) -> None:
        self.count = archive.known_count
        self.after = archive.known_keys
        self.place = position


class People:
    """Everybody of whom something was read."""

    def __init__(self, archive: Archive) -> None:
        self.count = archive.people_count
        self.after = archive.people_keys

    def place(self, key: Key) -> str:
        """The key itself."""
        return key


class Sweep:
    """A walk that comes round. name: of what is read, as whom: another viewer's walk is another
    one. period: in which it comes round once; zero for no sweep."""

    def __init__(self, walk: Walk, swept: Swept, name: str, period: timedelta) -> None:
        self._walk = walk
        self._swept = swept
        self._name = name
        self._period = period
        self._next: Reached | None = None

    def due(self, at: datetime) -> tuple[Key, ...]:
        """Those whose turn has come by now. The first time none: all was just read. A clock
        that was set back makes nothing due; a long sleep no more than one whole turn."""
        reached = self._swept.reached(self._name)
        if not self._period or reached is None or at < reached.at:
            self._next = Reached(after=reached.after if reached else "", at=at)
            return ()
        count = self._walk.count()
        many = min(count, int(count * ((at - reached.at) / self._period)))
        if not many:
            self._next = reached
            return ()
        keys = tuple(islice(self._around(reached.after), many))
        began = reached.at + self._period * (many / count) if many < count else at
        self._next = Reached(after=self._walk.place(keys[-1]), at=began)
        return keys

    def done(self) -> None:
        """What was due has been read, or is kept as unread: go on behind it the next time."""
        if self._next is not None:
            self._swept.keep(self._name, self._next)

    def _around(self, after: str) -> Iterator[Key]:
        yield from self._walk.after(after)
        if after:
            yield from (key for key in self._walk.after() if self._walk.place(key) <= after)
