"""Killed at a point drawn by lot, a run is taken up by the next as if nothing had happened; and a
fault that is planted is found. `make crash-points` goes to all points."""

from __future__ import annotations

import random
import sys
from collections.abc import Callable

import pytest

from tests.crash_points.compare import Thing, difference
from tests.crash_points.moments import (
    BEFORE,
    IMPOSSIBLE,
    NEEDED,
    REPLIED,
    UNDOES,
    WRITTEN,
    Point,
    not_undone,
    unmet,
)
from tests.crash_points.points import PLANNERS, Choice, Tally, drawn, go, share, tenth


@pytest.mark.slow
@pytest.mark.parametrize("target", PLANNERS)
def test_a_tenth_of_all_points(target: str) -> None:
    seed = random.randrange(10**6)
    again = f"seed={seed}: `python -m tests.crash_points {seed}` goes to the same points"
    sys.stdout.write(f"{again}\n")
    tally = tenth(target, seed)
    assert tally.failures == (), again
    assert tally == Tally(points=tally.points), again
    assert tally.points >= 20, again


# -- it can turn red ------------------------------------------------------------------------------


def at(kind: str, moment: str, most: int = 1, of: str = "first") -> Choice:
    """Points of one sort, of one act, the first ones of them."""
    return lambda act, points: [
        one for one in points if act == of and one[:2] == (kind, moment) and one.nth <= most
    ]


def test_a_result_recorded_before_its_intent_is_a_loss() -> None:
    tally = go("storyboard", at("task.create", BEFORE), "result_first")
    assert tally.losses > 0
    assert any("lost: task" in line for line in tally.failures)


def test_what_is_forgotten_before_it_is_taken_back_stays_there() -> None:
    tally = go("storyboard", at("story.delete", BEFORE, of="undo"), "result_first")
    assert tally.doubles > 0
    assert any("doubled: story" in line for line in tally.failures)


@pytest.mark.parametrize("moment", [WRITTEN, REPLIED])
def test_a_second_send_after_a_lost_reply_is_a_double(moment: str) -> None:
    tally = go("maniphest", at("fill", moment), "sent_again")
    assert tally.doubles > 0
    assert any("doubled: comment" in line for line in tally.failures)


@pytest.mark.parametrize(
    ("target", "kind", "plant"),
    [
        ("storyboard", "story.create", "story_public_first"),
        ("maniphest", "task.create", "task_public_first"),
    ],
)
def test_a_policy_sent_in_a_second_request_is_a_leak(target: str, kind: str, plant: str) -> None:
    tally = go(target, at(kind, WRITTEN, most=4), plant)  # one of them is private
    assert tally.leaks > 0
    assert any("leaks" in line for line in tally.failures)


# -- that nobody has to remember ------------------------------------------------------------------


@pytest.mark.parametrize("target", PLANNERS)
def test_a_kind_of_step_of_an_undo_without_a_point_is_named(target: str) -> None:
    points = [Point(kind, moment, 1) for kind in UNDOES[target] for moment in NEEDED]
    assert list(not_undone(target, points)) == []
    for left_out in points:
        rest = [one for one in points if one != left_out]
        said = f"{target}, undo: no point of {left_out.kind} {left_out.moment}"
        assert list(not_undone(target, rest)) == [said]


@pytest.mark.parametrize("target", PLANNERS)
def test_a_kind_of_step_without_a_point_is_named(target: str) -> None:
    planner = PLANNERS[target]
    kinds = [kind for kind in planner.steps if kind not in IMPOSSIBLE[target]]
    points = [Point(kind, moment, 1) for kind in kinds for moment in NEEDED]
    assert list(unmet(target, planner, points)) == []
    for left_out in points:
        rest = [one for one in points if one != left_out]
        said = f"{target}: no point of {left_out.kind} {left_out.moment}"
        assert list(unmet(target, planner, rest)) == [said]


def test_a_new_kind_of_step_is_missed_and_an_old_excuse_too() -> None:
    planner = PLANNERS["storyboard"]

    class Newer:
        steps = (*(one for one in planner.steps if one != "comment.update"), "vote.create")
        kinds = planner.kinds

    said = list(unmet("storyboard", Newer, []))
    assert f"storyboard: no point of vote.create {BEFORE}" in said
    excuse = "storyboard: comment.update is not impossible (any more): make it happen in the scene"
    assert excuse in said
    assert excuse in list(unmet("storyboard", planner, [Point("comment.update", BEFORE, 1)]))


def test_shares_are_all_points_and_a_lot_can_be_drawn_again() -> None:
    points = [Point("story.create", BEFORE, nth) for nth in range(1, 48)]
    assert sorted(one for n in range(3) for one in share(n, 3)("", points)) == points
    assert drawn(5)("first", points) == drawn(5)("first", points)
    assert len(drawn(5)("first", points)) == 5


def _same(things: list[Thing]) -> list[Thing]:
    return things


@pytest.mark.parametrize(
    ("change", "doubles", "losses"),
    [
        (_same, 0, 0),
        (lambda things: [*things, things[0]], 1, 0),
        (lambda things: things[1:], 0, 1),
        (lambda things: [things[0]._replace(fields=("a", "")), *things[1:]], 0, 1),
        (lambda things: [*things, Thing("story", "nobody's", ())], 1, 0),
    ],
)
def test_doubles_and_losses_are_told_apart(
    change: Callable[[list[Thing]], list[Thing]], doubles: int, losses: int
) -> None:
    wanted = [Thing("story", "bug 1", ("a", "b")), Thing("story", "bug 2", ("a", "b"))]
    found = difference(wanted, change(list(wanted)))
    assert (len(found.doubles), len(found.losses)) == (doubles, losses)
