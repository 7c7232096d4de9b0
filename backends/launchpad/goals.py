"""Which series each blueprint is a goal of: a blueprint does not say, its series do.

The API shows of a blueprint only whether it has a goal that was accepted (facts 7). But a series
lists all that are proposed or accepted for it: one request for each series of a project, made once
in a pull, when the first of the project's blueprints is read.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import suppress

from tracker_migrate.backends.launchpad.client import Client
from tracker_migrate.backends.launchpad.wire import TRACKER, Entry, below, is_private, text
from tracker_migrate.errors import Gone, Refused
from tracker_migrate.model import Relation, key

#: by the path of a blueprint
Goals = dict[str, Relation]


class SeriesGoals:
    """Of one Launchpad. May be called from several threads."""

    def __init__(self, client: Client, page: int = 75) -> None:
        self._client = client
        self._page = page
        self._guard = threading.Lock()
        self._held: dict[str, Goals] = {}

    def forget(self) -> None:
        """Ask anew from here on."""
        with self._guard:
            self._held = {}

    def of(self, path: str, pillar: str) -> Relation | None:
        """The series that a blueprint of a project or distribution is a goal of, if it is one.
        Raises ObjectError, Unreachable, LoginNeeded."""
        with self._guard:
            if pillar not in self._held:
                self._held[pillar] = self._read(pillar)
            return self._held[pillar].get(path)

    def _read(self, pillar: str) -> Goals:
        found: Goals = {}
        for row in self._rows(f"{pillar}/series"):
            if self._client.private or not is_private(row):
                found |= self._goals(row)
        return found

    def _goals(self, series: Entry) -> Goals:
        found: Goals = {}
        with suppress(KeyError, TypeError, ValueError):  # a row that is none has no goals
            path, url = below(series["self_link"]), text(series["web_link"])
            goal = Relation(kind="goal", label=path, url=url, to=key(TRACKER, "series", path))
            for row in self._rows(f"{path}/all_specifications"):
                found[below(row["self_link"])] = goal
        return found

    def _rows(self, path: str) -> Iterator[Entry]:
        """The rows of a list. One that is not to be seen, or not to be understood, says nothing of
        goals; and nothing of the blueprints, which are read all the same."""
        with suppress(Gone, Refused):
            for got in self._client.collection(path, self._page):
                yield from got.entries
