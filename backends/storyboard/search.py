"""Whether the server's search shows private stories to everybody; asked before private writes.

StoryBoard's search first lists what the asker may see and what fits the filters, and then searches
among these numbers. If the list is empty it forgets to, and searches among all: whoever names a
filter that fits nothing reads every private story and task (seen on the server of 2019). No access
list helps against it; the two addresses have to be blocked, or the server mended.
"""

from __future__ import annotations

import threading
from string import ascii_lowercase, digits
from typing import Any

from tracker_migrate.backends.storyboard.account import Site
from tracker_migrate.backends.storyboard.client import Api
from tracker_migrate.backends.storyboard.finding import PLACEHOLDER
from tracker_migrate.backends.storyboard.numbers import Numbers
from tracker_migrate.errors import Gone, Refused, UsageError, WrongTracker

#: the id of an account that there is not: a filter that fits nothing
NOBODY = 2_147_483_647
#: a question that most texts answer: one of their words begins so
ANY_WORD = " ".join(f"{letter}*" for letter in ascii_lowercase + digits)
CURE = (
    "have /v1/stories/search and /v1/tasks/search blocked or mended, or set"
    ' options.leaky_search = "accept" if only people who may read them reach the server'
)
SHOWS = (
    "StoryBoard's search shows private stories to everybody (a filter that fits nothing switches"
    " its check off)"
)
LEAKS = f"{SHOWS}: {CURE}"


#: what a web server before it answers that keeps everybody from searching
_BLOCKED = (Gone, Refused, UsageError, WrongTracker)


class Search:
    """Tells once whether the search leaks."""

    def __init__(self, site: Site, numbers: Numbers) -> None:
        self._site = site
        self._numbers = numbers
        self._guard = threading.Lock()
        self._leaks: bool | None = None

    def check(self) -> None:
        """Raise Refused if private text can't be kept from the search's users."""
        if self._site.options.leaky_search == "accept":
            return
        with self._guard:
            if self._leaks is None:
                self._leaks = self._asked()
        if self._leaks:
            raise Refused(LEAKS)

    def _asked(self) -> bool:
        """A private story of ours is looked for as nobody. It is a place holder, which holds
        nothing private, and stays for the next run."""
        query: dict[str, Any] = {"q": f'"{PLACEHOLDER}"', "limit": 1}
        if not hits(self._site.api, {**query, "creator_id": self._site.me}):
            self._numbers.hold_a_place()
        shown = hits(self._site.nobody, {**query, "creator_id": NOBODY})
        return any(row.get("private") for row in shown)


def shows_all(site: Site) -> bool | None:
    """Whether a filter that fits nothing switches the check off, by what everybody may see anyway:
    nothing is written for it. None if that can't be told: nothing is there that could be found.
    Raises Unreachable, LoginNeeded."""
    query: dict[str, Any] = {"q": ANY_WORD, "limit": 1}
    if hits(site.nobody, {**query, "creator_id": NOBODY}):
        return True
    try:
        return False if site.nobody.get("/stories/search", query) else None
    except _BLOCKED:
        return False


def hits(api: Api, query: dict[str, Any], kind: str = "stories") -> list[Any]:
    """What a search shows; nothing where it is blocked. kind: `stories` or `tasks`."""
    try:
        rows = api.get(f"/{kind}/search", query)
    except _BLOCKED:
        return []
    return [row for row in rows if isinstance(row, dict)] if isinstance(rows, list) else []
