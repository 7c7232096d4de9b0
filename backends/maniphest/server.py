"""What a sink knows of the server it writes to: who we are, its words, its marker field."""

from __future__ import annotations

import re
import threading
from collections.abc import Mapping
from typing import Any

import msgspec

from tracker_migrate.backends.maniphest.client import Conduit
from tracker_migrate.backends.maniphest.faults import UnknownConstraint
from tracker_migrate.errors import Refused, UsageError, WrongTracker

#: without these nothing can be written or settled
METHODS = ("maniphest.edit", "maniphest.search", "transaction.search", "project.edit",
           "project.search", "edge.search", "maniphest.status.search",
           "maniphest.priority.search")  # fmt: skip
#: what a field for markers is likely to be called; others are left alone
_LIKELY = re.compile(r"(?:^|[._-])(?:url|link|marker|origin|source|launchpad|imported?)$")
_PROBE = "tracker-migrate/no-such-marker"


class Facts(msgspec.Struct, frozen=True, kw_only=True):
    """me: our PHID. bot: whether the account is a bot. statuses: the server's words.
    priorities: keyword → number. marker: the field's key without `custom.`, or None."""

    me: str
    name: str
    bot: bool
    statuses: frozenset[str]
    priorities: Mapping[str, int]
    marker: str | None

    def keyword(self, number: int) -> str:
        """The first keyword of a priority: edits take a word, searches give its number."""
        return next((word for word, value in self.priorities.items() if value == number), "")


class Server:
    """The facts, asked for once, when they are first needed.

    wanted_marker: the marker field that the options name; None: found by asking.
    """

    def __init__(self, client: Conduit, wanted_marker: str | None) -> None:
        self.client = client
        self._wanted = wanted_marker
        self._guard = threading.Lock()
        self._facts: Facts | None = None

    @property
    def facts(self) -> Facts:
        """Raises WrongTracker, LoginNeeded, Unreachable, UsageError."""
        with self._guard:
            if self._facts is None:
                self._facts = self._ask()
            return self._facts

    def _ask(self) -> Facts:
        who = self.client.read("user.whoami")
        if not isinstance(who, dict) or "userName" not in who:
            raise WrongTracker(f"{self.client.host} answers, but not as Phorge does")
        try:
            statuses = self.client.read("maniphest.status.search")["data"]
            priorities = self.client.read("maniphest.priority.search")["data"]
        except Refused:
            raise WrongTracker(f"{self.client.host} has no Maniphest, or a very old one") from None
        return Facts(
            me=who["phid"],
            name=who["userName"],
            bot="agent" in who.get("roles", ()),
            statuses=frozenset(one["value"] for one in statuses),
            priorities={word: one["value"] for one in priorities for word in one["keywords"]},
            marker=self._marker(),
        )

    def missing_methods(self) -> list[str]:
        """Which of the methods that we need are not there."""
        known = self.client.read("conduit.query")
        return [method for method in METHODS if method not in known]

    # -- the marker field ---------------------------------------------------------------------

    def _marker(self) -> str | None:
        """The `link` field whose value can be searched for: a text field can't (facts 8)."""
        if self._wanted is not None:
            if self._searchable(self._wanted):
                return self._wanted
            raise UsageError(
                f"options.marker_field: the server can't search by {self._wanted!r}; it has to be"
                ' a custom field of type "link" with "search": true'
            )
        likely = [name for name in self._custom_fields() if _LIKELY.search(name)]
        found = [name for name in likely if self._searchable(name)]
        if len(found) > 1:
            raise UsageError(
                f"options.marker_field: {', '.join(sorted(found))} could all hold markers: name one"
            )
        return found[0] if found else None

    def _custom_fields(self) -> list[str]:
        rows = self.client.read("maniphest.search", constraints={}, limit=1)["data"]
        if rows:
            types = list(rows[0]["fields"])
        else:
            # an empty server shows no task; the refusal of an impossible edit names its fields
            types = sorted(self.client.edit_types("maniphest.edit"))
        return [name.removeprefix("custom.") for name in types if name.startswith("custom.")]

    def _searchable(self, field: str) -> bool:
        constraints = {f"custom.{field}": [_PROBE]}
        try:
            found = self.client.read("maniphest.search", constraints=constraints, limit=1)
        except UnknownConstraint:
            return False
        except Refused:
            return False  # it takes one value, not a list: a number
        return isinstance(found, dict)


def search_by_marker(field: str, markers: list[str]) -> dict[str, Any]:
    """The constraint for these markers. Never an empty list: that means all tasks (facts 8)."""
    if not markers:
        raise ValueError("no marker to look for")
    return {f"custom.{field}": markers}
