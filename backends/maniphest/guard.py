"""The words of policies against a server's own, and the look at a task before private text goes in.

A planner knows no PHID of ours: it says `importer`, and "" for the Space where everything stands
that names none. Here both become what the server calls them, and back.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from typing import Any

from tracker_migrate.backends.maniphest.access import ACCESS, POLICIES
from tracker_migrate.backends.maniphest.lookups import Finder
from tracker_migrate.backends.maniphest.server import Server
from tracker_migrate.backends.maniphest.wire import TaskRow
from tracker_migrate.errors import Refused
from tracker_migrate.interfaces import IMPORTER, Audience, ClosedStep

#: Spaces are looked for by name, `S1` … : no method lists them
_SPACES = 100
_OPENED = (
    "its task is open to other people than its policy names, so that nothing private is added to"
    " it: set its policies right at Maniphest, or close the bug there"
)


class Guard:
    """Policies of one server. `audiences`: the policies of the tables, by name, once checked."""

    def __init__(self, server: Server, finder: Finder) -> None:
        self._server = server
        self._finder = finder
        self._lock = threading.Lock()
        self._home: tuple[str | None] | None = None
        self.audiences: Mapping[str, Audience] = {}

    @property
    def home(self) -> str | None:
        """The Space where a task lands that names none; None on a server without Spaces.

        It is the oldest open one that we see: only the first that was ever made can be the default
        one, and where that is hidden or archived the server takes the next.
        """
        with self._lock:
            if self._home is None:
                names = [f"S{number}" for number in range(1, _SPACES + 1)]
                found = self._server.client.read("phid.lookup", names=names)
                seen = found if isinstance(found, dict) else {}
                there = [seen[name] for name in names if name in seen]
                self._home = (next((s["phid"] for s in there if s["status"] == "open"), None),)
            return self._home[0]

    # -- words --------------------------------------------------------------------------------

    def sent(self, fields: Mapping[str, Any], *, create: bool) -> dict[str, Any]:
        """The fields with the server's own names of policies.

        Sending no PHID as a Space is refused: what leaves a Space has to be sent home by name, and
        what is new and names none is left where the server puts it.
        """
        named = dict(fields)
        for name in ("view", "edit"):
            if named.get(name) == IMPORTER:
                named[name] = self._server.facts.me
        if "space" in named and not named["space"]:
            home = None if create else self.home
            named = {**named, "space": home} if home else _without(named, "space")
        return named

    def told(self, row: TaskRow) -> dict[str, Any]:
        """What a task's policies and Space are, in a planner's words."""
        me = self._server.facts.me
        view, edit = (IMPORTER if one == me else one for one in (row.policy.view, row.policy.edit))
        return {"view": view, "edit": edit, "space": self.told_space(row.space)}

    def told_space(self, space: str | None) -> str:
        """A Space in a planner's word: "" for where everything stands that names none."""
        return "" if not space or space == self.home else space

    # -- before private text goes in ------------------------------------------------------------

    def check(self, step: ClosedStep, task: str) -> None:
        """Make sure that a task is as closed as was set before something private is added to it:
        its readers can open it at any time. Raises Refused; a task that is gone is not looked at.
        """
        audience = next((one.audience for one in step.actions if _adds(one)), "public")
        if audience == "public":
            return
        row = next(self._finder.tasks_by_phid([task]), None)
        if row is not None and not self._closed(row, self.audiences.get(audience)):
            raise Refused(_OPENED)

    def _closed(self, row: TaskRow, audience: Audience | None) -> bool:
        view = row.policy.view
        if view in (self._server.facts.me, "no-one"):
            return True
        if audience is None:
            return view.startswith(POLICIES)
        return view in audience.groups and audience.space in ("", row.space)


def _adds(action: Any) -> bool:
    """Whether it brings something private, and doesn't only say who may read."""
    return action.audience != "public" and not set(action.fields) <= ACCESS


def _without(fields: dict[str, Any], name: str) -> dict[str, Any]:
    return {one: value for one, value in fields.items() if one != name}
