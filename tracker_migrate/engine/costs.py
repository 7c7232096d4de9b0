"""Requests that some actions take, and the time that they take of a server, as far as it was
measured."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

from tracker_migrate.interfaces import Action, Cost, Outlook, Planner

_FREE = Cost(seconds=0.0)
_OUTLOOK = ("costs", "blockers", "mail", "touched")


class Costs:
    """Adds up what a target's steps cost. requests: by kind of step; actions: carried by them."""

    def __init__(self, planner: Planner) -> None:
        self._planner = planner
        self._outlook = outlook(planner)
        self.requests: Counter[str] = Counter()
        self.actions: Counter[str] = Counter()
        #: sums of the squares of requests and of seconds, over the issues
        self.squares = [0.0, 0.0]

    def add(self, actions: Sequence[Action]) -> None:
        """Count the requests that carry these actions of one issue."""
        count, seconds = 0, 0.0
        for step in self._planner.compose(actions):
            self.requests[step.kind] += 1
            self.actions[step.kind] += len(step.actions)
            count += 1
            seconds += self._one(step.kind, len(step.actions))
        self.squares = [self.squares[0] + count**2, self.squares[1] + seconds**2]

    def _one(self, kind: str, actions: int) -> float:
        cost = self._outlook.costs.get(kind, _FREE) if self._outlook is not None else _FREE
        return cost.seconds + cost.action * actions

    def seconds_of(self, kind: str) -> float | None:
        """What all requests of a kind take; None if the tracker does not say."""
        if self._outlook is None:
            return None
        cost = self._outlook.costs.get(kind, _FREE)
        return cost.seconds * self.requests[kind] + cost.action * self.actions[kind]

    @property
    def seconds(self) -> float | None:
        """What all of them take; None if the tracker does not say."""
        if self._outlook is None:
            return None
        return sum(self.seconds_of(kind) or 0.0 for kind in self.requests)


def outlook(planner: Any) -> Outlook | None:
    """The planner, if it says what a move would be like: a plug-in's need not."""
    return planner if all(hasattr(planner, name) for name in _OUTLOOK) else None
