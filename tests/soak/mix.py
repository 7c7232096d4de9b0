"""What happens how often.

In six real days 47 of 13 234 bugs changed, and 17 were new: 68 comments came, 16 statuses, 8 tags,
5 importances, 5 assignees and one title changed, and two bugs were there no more. What such a count
does not show (the dump has neither milestones nor attachments, and hidden or edited comments move
no date) has guesses beside it, so that each kind occurs.
"""

from __future__ import annotations

import random
from collections.abc import Mapping
from typing import NamedTuple

#: as it was counted
COUNTED: Mapping[str, float] = {
    "comment": 68, "new_bug": 17, "status": 16, "tags": 8, "importance": 5, "assignee": 5,
    "title": 1, "vanish": 1,
}  # fmt: skip
#: what was not counted. 13 % of all bugs have a text that is not as it was filed, 10 % a file
GUESSED: Mapping[str, float] = {
    "private": 1.5, "public": 2, "description": 3, "edit_comment": 3, "hide_comment": 0.4,
    "show_comment": 0.6, "delete_comment": 0.3, "milestone": 3, "add_task": 2, "remove_task": 1,
    "attach": 3, "detach": 1, "duplicate": 2, "blueprint": 3,
}  # fmt: skip
CHANGES: Mapping[str, float] = {**COUNTED, **GUESSED}
#: for each change at the source, so many at the targets by their own people
PEOPLE: Mapping[str, float] = {"title": 1, "text": 1, "done": 2, "remark": 6}
EACH = 0.1
#: what strikes a request, by the word of `testing.faults`; at the source, and at each target
ANYWHERE: Mapping[str, float] = {
    "busy": 3, "unavailable": 3, "gateway": 3, "reset": 3, "drop": 3, "truncate": 2, "mangle": 1,
    "html": 1, "slow": 2, "lose": 4,
}  # fmt: skip
AT_TARGET: Mapping[str, Mapping[str, float]] = {
    "storyboard": {"late": 2, "deadlock": 3},
    "maniphest": {"late": 2, "crash_after_commit": 2, "late_index": 1},
}


class Event(NamedTuple):
    """at: simulated seconds from the beginning. kind: source, people, fault, or what befalls the
    daemon. what: which of them. where: the server."""

    at: float
    kind: str
    what: str
    where: str = ""


class Shares(NamedTuple):
    """How much happens in an hour."""

    changes: float = 125
    faults: float = 40
    kills: float = 0.7
    terms: float = 0.3
    pauses: float = 0.2


def hour(draw: random.Random, start: float, shares: Shares, *, restarts: bool) -> list[Event]:
    """What happens in an hour, in order. restarts: whether the daemon may be stopped in it."""
    events = [_source(draw) for _ in range(_count(draw, shares.changes))]
    events += [_people(draw) for _ in range(_count(draw, shares.changes * EACH))]
    events += [_fault(draw) for _ in range(_count(draw, shares.faults))]
    events += [Event(0, "daemon", "pause") for _ in range(_count(draw, shares.pauses))]
    if restarts:
        events += [Event(0, "daemon", "kill") for _ in range(_count(draw, shares.kills))]
        events += [Event(0, "daemon", "term") for _ in range(_count(draw, shares.terms))]
    return sorted(one._replace(at=start + 3600 * draw.random()) for one in events)


def _count(draw: random.Random, mean: float) -> int:
    """A number whose mean this is."""
    return int(mean) + (draw.random() < mean % 1)


def pick(draw: random.Random, shares: Mapping[str, float]) -> str:
    """One of these, each as often as it says."""
    return draw.choices(list(shares), list(shares.values()))[0]


def _source(draw: random.Random) -> Event:
    return Event(0, "source", pick(draw, CHANGES))


def _people(draw: random.Random) -> Event:
    return Event(0, "people", pick(draw, PEOPLE), draw.choice(list(AT_TARGET)))


def _fault(draw: random.Random) -> Event:
    where = draw.choice(["launchpad", *AT_TARGET])
    return Event(0, "fault", pick(draw, {**ANYWHERE, **AT_TARGET.get(where, {})}), where)
