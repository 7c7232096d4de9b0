"""Which dependencies stand in a circle: a target that makes a tree of them takes none such."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable

from tracker_migrate.model import Issue, Key

#: issues whose dependencies are remembered; and those behind one that are looked at, at most
_REMEMBERED, _FURTHEST = 20_000, 10_000


class Circles:
    """Looks along the dependencies of issues. issue: reads one, or None if it is not there."""

    def __init__(self, issue: Callable[[Key], Issue | None]) -> None:
        self._issue = issue
        self._known: OrderedDict[Key, tuple[Key, ...]] = OrderedDict()

    def holds(self, issue: Key, on: Key) -> bool:
        """Whether `on`, which `issue` depends on, depends on `issue` in its turn, directly or
        through others. So all edges of a circle do, whichever is asked about first. One that leads
        to too many issues to say so counts as one that does."""
        seen, waiting = {on}, [on]
        while waiting:
            one = waiting.pop()
            if one == issue or len(seen) > _FURTHEST:
                return True
            fresh = set(self._needs(one)) - seen
            seen |= fresh
            waiting += fresh
        return False

    def _needs(self, issue: Key) -> tuple[Key, ...]:
        if issue not in self._known:
            found = self._issue(issue)
            self._known[issue] = dependencies(found) if found is not None else ()
            while len(self._known) > _REMEMBERED:
                self._known.popitem(last=False)
        return self._known[issue]


def dependencies(issue: Issue) -> tuple[Key, ...]:
    """The issues that one depends on, each once."""
    named = (one.to for one in issue.relations if one.kind == "depends_on" and one.to)
    return tuple(dict.fromkeys(named))
