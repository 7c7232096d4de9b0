"""The moments at which a run may die, and which kinds of steps can have any."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any, NamedTuple

from tracker_migrate.backends.maniphest.sink import ManiphestSink
from tracker_migrate.backends.storyboard.sink import StoryBoardSink

#: the commits around a step; each has a moment before it and one after it
INTENT, RESULT = "intent's commit", "result's commit"
#: of each request of a step (the server has written before it replies), and of its result
BEFORE, WRITTEN, REPLIED, RECORDED = (
    "before the request",
    "before the reply",
    "after the reply",
    f"after the {RESULT}",
)
#: as `REPLIED`, and the disk is slow: no result since the last intent has come to it, either
LATE = "after the reply, with a slow disk"
#: every kind of step has to be met at each of these
NEEDED = (BEFORE, WRITTEN, REPLIED, LATE, RECORDED)

#: kinds of steps that no run can make, by target, and why: `stale` holds them to the planner
IMPOSSIBLE: Mapping[str, Mapping[str, str]] = {
    "storyboard": {"comment.update": "a comment can't be edited there"},
    "maniphest": {
        "project.update": "a shared object is made once, then left to its owners",
        "milestone.update": "a shared object is made once, then left to its owners",
    },
}


#: the kinds of steps of an undo, by target: what the sinks say of themselves
UNDOES: Mapping[str, tuple[str, ...]] = {
    "storyboard": StoryBoardSink.undo_steps,
    "maniphest": ManiphestSink.undo_steps,
}


class Point(NamedTuple):
    """The nth time that a run comes to a moment of a kind of step ("" outside of all steps)."""

    kind: str
    moment: str
    nth: int


def unmet(target: str, planner: Any, points: Collection[Point]) -> Iterator[str]:
    """What speaks against having met every kind of step of a planner at every moment."""
    excused = IMPOSSIBLE[target]
    met = {(one.kind, one.moment) for one in points}
    for kind in planner.steps:
        if kind not in excused:
            missing = [moment for moment in NEEDED if (kind, moment) not in met]
            yield from (f"{target}: no point of {kind} {moment}" for moment in missing)
    yield from _stale(target, planner, {one.kind for one in points})


def not_undone(target: str, points: Collection[Point]) -> Iterator[str]:
    """The same of an undo."""
    met = {(one.kind, one.moment) for one in points}
    for kind in UNDOES[target]:
        missing = [moment for moment in NEEDED if (kind, moment) not in met]
        yield from (f"{target}, undo: no point of {kind} {moment}" for moment in missing)


def _stale(target: str, planner: Any, kinds: Collection[str]) -> Iterator[str]:
    """Excuses that hold no more: the planner's own table of kinds has to say the same."""
    for step in IMPOSSIBLE[target]:
        kind, _, op = step.partition(".")
        said = planner.kinds.get(kind)
        never = said is not None and op == "update" and (not said.editable or said.phase == 0)
        if step not in planner.steps or not never or step in kinds:
            yield f"{target}: {step} is not impossible (any more): make it happen in the scene"
