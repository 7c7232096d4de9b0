"""Every issue comes round once in a period, whatever the source says of it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from tests.engine.world import World, bug_key
from tracker_migrate.engine.clock import Clock
from tracker_migrate.engine.pull import Pull
from tracker_migrate.engine.sweep import Issues, Sweep
from tracker_migrate.engine.turns import Turns
from tracker_migrate.errors import Brake
from tracker_migrate.model import Key
from tracker_migrate.testing.memory import MemoryServer, MemorySource, blueprint, bug
from tracker_migrate.workspace import Workspace

DAY = timedelta(days=1)
BEGAN = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture
def world(workspace: Workspace) -> World:
    return World(workspace, MemoryServer(), "ours")


def sweep(world: World, period: timedelta = DAY) -> Sweep:
    held = world.workspace
    return Sweep(Issues(held.archive), held.swept, "rocket", period)


def turn(world: World, at: datetime, period: timedelta = DAY) -> tuple[Key, ...]:
    """What a daemon sweeps that is started anew for each round."""
    one = sweep(world, period)
    due = one.due(at)
    one.done()
    return due


@pytest.mark.parametrize("minutes", [7, 60, 600])
def test_every_issue_comes_round_once_a_period_whatever_the_rounds(
    world: World, minutes: int
) -> None:
    world.pull(MemorySource(*(bug(n) for n in range(1, 24)), blueprint("engine")))
    assert turn(world, BEGAN) == ()
    rounds = int(DAY / timedelta(minutes=minutes)) + 1
    seen = [key for n in range(1, rounds) for key in turn(world, BEGAN + n * minutes * DAY / 1440)]
    everything = list(world.workspace.archive.issue_keys())
    assert len(seen) >= len(everything) * minutes * (rounds - 1) // 1440 - 1
    assert len(seen) == len(set(seen)) <= len(everything)
    rest = turn(world, BEGAN + 2 * DAY)
    assert set(seen) | set(rest) == set(everything)
    assert seen == everything[: len(seen)]


def test_what_was_not_read_is_due_again(world: World) -> None:
    world.pull(MemorySource(bug(1), bug(2)))
    turn(world, BEGAN)
    first = sweep(world).due(BEGAN + DAY / 2)  # and killed before it was done
    assert first == sweep(world).due(BEGAN + DAY / 2) == (bug_key(1),)


def test_clock_that_was_set_back_makes_nothing_due_and_a_long_sleep_one_turn(world: World) -> None:
    world.pull(MemorySource(bug(1), bug(2), bug(3)))
    turn(world, BEGAN)
    assert turn(world, BEGAN - DAY) == ()
    assert len(turn(world, BEGAN + 90 * DAY)) == 3


def test_no_period_is_no_sweep(world: World) -> None:
    world.pull(MemorySource(bug(1)))
    turn(world, BEGAN, timedelta(0))
    assert turn(world, BEGAN + 9 * DAY, timedelta(0)) == ()


def test_the_walk_of_a_new_workspace_is_the_one_that_a_restart_goes_on_with(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As whom it is read is not known before it was."""
    source = MemorySource(*(bug(n) for n in range(1, 25)), viewer="somebody")
    moments, clock = iter([BEGAN, BEGAN, BEGAN + DAY / 2]), Clock()
    monkeypatch.setattr(clock, "now", lambda: next(moments))
    turns = Turns(world.workspace, clock)
    for _ in range(2):
        how = turns.due()
        world.pull(source)
        turns.done(how)
        assert not how["sweep"]
    assert len(Turns(world.workspace, clock).due()["sweep"]) == 12


# -- a pull that sweeps ---------------------------------------------------------------------------


def pull(world: World, source: MemorySource, **how: object) -> Pull:
    return Pull(source, world.workspace.archive, "rocket", **how)  # type: ignore[arg-type]


def test_change_that_moves_no_date_is_found_and_told_how(world: World) -> None:
    source = MemorySource(bug(1), bug(2))
    world.pull(source)
    source.advance(hours=1)
    world.pull(source)
    source.advance(hours=1)
    source.put(bug(2, title="Worse"), silently=True)
    assert pull(world, source).run().changed == 0
    found = pull(world, source).run(sweep=[bug_key(1), bug_key(2)])
    assert (found.changed, found.found) == (1, {"swept": 1})


def test_gone_issues_are_believed_when_they_are_few(world: World) -> None:
    source = MemorySource(*(bug(n) for n in range(1, 101)))
    world.pull(source)
    for number in range(1, 16):
        source.remove(bug_key(number))
    every = list(world.workspace.archive.issue_keys())
    found = pull(world, source).run(sweep=every)
    assert (found.gone, found.found) == (15, {"swept": 15})


def test_gone_issues_are_a_brake_when_they_are_many_and_a_person_may_accept_them(
    world: World,
) -> None:
    source = MemorySource(*(bug(n) for n in range(1, 41)))
    world.pull(source)
    for number in range(1, 16):
        source.remove(bug_key(number))
    every = list(world.workspace.archive.issue_keys())
    with pytest.raises(Brake, match=r"15 of 40 issues .* pull --full --accept"):
        pull(world, source).run(sweep=every)
    assert len(list(world.workspace.archive.issue_keys())) == 40
    assert pull(world, source, accept=True).run(sweep=every).gone == 15


def test_many_new_issues_at_once_are_a_brake_for_who_asks_for_one(world: World) -> None:
    source = MemorySource(bug(1))
    world.pull(source)
    source.advance(hours=1)
    for number in range(2, 9):
        source.put(bug(number))
    with pytest.raises(Brake, match="more than 5 new issues at once"):
        pull(world, source, most_new=5).run()
    pull(world, source).run()
    assert world.workspace.archive.count() == 8
