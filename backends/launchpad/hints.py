"""Which bugs have CVEs or branches: one search for a listing, instead of a look at each bug."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime

from tracker_migrate.backends.launchpad.client import Client
from tracker_migrate.backends.launchpad.listing import DOWN, UP, Numbers, merged, question
from tracker_migrate.errors import Gone, MigrateError, Refused

#: the filter of the search (facts 10); CVEs are only shown to somebody who is logged in (facts 4)
FILTERS = {
    "branches": {"linked_branches": "Show only Bugs with linked Branches"},
    "cves": {"has_cve": "true"},
}


class Hints:
    """Says of the bugs of one listing whether they have `branches` or `cves`.

    The searches go along with the reading: they are asked for in the listing's order, and no
    further than the bugs that somebody asks about. Bugs outside the listing may have anything.
    """

    def __init__(
        self,
        client: Client,
        paths: Sequence[str],
        page: int,
        *,
        since: datetime | None = None,
        newest: bool = False,
    ) -> None:
        self._listed = None if since is None else Numbers()
        self._guard = threading.Lock()

        def search(what: str) -> Callable[[], Iterator[int]]:
            asked = question(
                private=client.private,
                page=page,
                order=DOWN if newest else UP,
                since=since,
                more=FILTERS[what],
            )
            return lambda: merged(client, paths, asked)

        self._found = {what: _Along(search(what), newest) for what in FILTERS}

    def note(self, number: int) -> None:
        """This bug is in the listing."""
        if self._listed is not None:
            self._listed.add(number)

    def __call__(self, what: str, number: int) -> bool:
        """Whether it is worth asking for a bug's `branches` or `cves`."""
        if self._listed is not None and number not in self._listed:
            return True
        with self._guard:
            return self._found[what].holds(number)


class _Along:
    """An ordered stream of numbers, read as far as it has to be."""

    def __init__(self, search: Callable[[], Iterator[int]], down: bool) -> None:
        self._search = search
        self._stream: Iterator[int] | None = search()
        self._down = down
        self._held = Numbers()
        self._broken = False
        self._last: int | None = None

    def holds(self, number: int) -> bool:
        while self._stream is not None and not self._beyond(number):
            try:
                self._last = next(self._stream)
            except (StopIteration, Gone):
                self._stream = None
            except Refused:
                # a spec that can't be searched is for the listing to tell, not for one of its bugs;
                # but what this search would have said of them is not known
                self._stream, self._broken = None, True
            except MigrateError:
                self._stream, self._last = self._search(), None  # a stream that broke is at its end
                raise
            else:
                self._held.add(self._last)
        return self._broken or number in self._held

    def _beyond(self, number: int) -> bool:
        if self._last is None:
            return False
        return self._last <= number if self._down else self._last >= number


def unknown(what: str, number: int) -> bool:
    """The hint where nothing was listed: it may have anything."""
    return True
