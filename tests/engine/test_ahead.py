"""Writing the rest of an issue while later ones are still created, where numbers follow the source:
what goes ahead, what waits, and that nothing else is different."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.engine.test_apply import Crash, writes
from tests.engine.world import World, bug_key
from tracker_migrate.errors import Unreachable
from tracker_migrate.interfaces import ClosedStep, Receipt
from tracker_migrate.testing.memory import Fault, MemoryServer, bug
from tracker_migrate.workspace import Workspace

#: so long a step waits for another one that ought to come: a test that waits as long fails
_PATIENCE = 20.0

Send = Callable[[ClosedStep], Receipt]


@pytest.fixture
def world(workspace: Workspace) -> World:
    """A server that chooses the numbers, and is asked over many connections: three write ahead."""
    return World(workspace, MemoryServer(), "theirs", connections=8)


class Order:
    """Holds back the creation of one bug until another one is filled. seen: the steps, in order, as
    (kind, issue)."""

    def __init__(self, world: World, held: int, until: int) -> None:
        self.seen: list[tuple[str, str]] = []
        self.came_in_time = False
        self._held, self._until = bug_key(held), bug_key(until)
        self._filled = threading.Event()
        self._guard = threading.Lock()
        self._send: Send = world.sink.send

    def __call__(self, step: ClosedStep) -> Receipt:
        if step.kind == "card.create" and step.issue == self._held:
            self.came_in_time = self._filled.wait(_PATIENCE)
        receipt = self._send(step)
        with self._guard:
            self.seen.append((step.kind, step.issue))
        if step.kind == "fill" and step.issue == self._until:
            self._filled.set()
        return receipt


def test_an_issue_is_filled_while_later_ones_are_created(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    order = Order(world, held=3, until=1)
    monkeypatch.setattr(world.sink, "send", order)
    world.keep(bug(1, "one"), bug(2, "two"), bug(3, "three"))
    applied = world.apply()
    assert order.came_in_time
    assert (applied.created, applied.aside) == (7, 0)
    assert [world.notes(number) for number in (1, 2, 3)] == [["one"], ["two"], ["three"]]
    assert [world.card(number).number for number in (1, 2, 3)] == [1, 2, 3]
    assert world.verify().agrees


def test_what_names_a_later_issue_waits_for_its_number(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its note can't be edited: it must not be written with the source's address."""
    order = Order(world, held=3, until=2)
    monkeypatch.setattr(world.sink, "send", order)
    world.keep(bug(1, "see #3"), bug(2, "plain"), bug(3, "three"))
    world.apply()
    assert order.came_in_time
    kinds = order.seen.index(("card.create", bug_key(3))), order.seen.index(("fill", bug_key(1)))
    assert kinds[0] < kinds[1]
    assert world.notes(1) == [f"see #3 <memory://target/card/{world.card(3).number}>"]
    before = writes(world)
    assert world.apply().steps == 0
    assert writes(world) == before


def test_what_names_an_issue_that_never_comes_does_not_wait(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    order = Order(world, held=3, until=1)
    monkeypatch.setattr(world.sink, "send", order)
    world.keep(bug(1, "see #99"), bug(2, "two"), bug(3, "three"))
    world.apply()
    assert order.came_in_time
    assert world.notes(1) == ["see #99 <https://source.example/bug/99>"]


def test_a_limit_counts_what_was_written_ahead(world: World) -> None:
    world.keep(*(bug(number, "a", "b") for number in range(1, 21)))
    world.apply(limit=7)
    assert {card.number for card in world.server.all("card")} == set(range(1, 8))
    assert [world.state(number) for number in (1, 7, 8)] == ["done", "done", "planned"]
    assert world.apply(limit=5).created == 15
    assert world.apply().created == 24
    assert world.apply().unchanged == 20


def test_one_that_fails_ahead_is_set_aside_and_not_tried_twice(world: World) -> None:
    world.keep(*(bug(number, "a", "b") for number in range(1, 6)))
    world.server.faults.append(Fault(do="refuse", request="fill"))
    applied = world.apply()
    assert applied.aside == 1
    assert sum(world.state(number) == "done" for number in range(1, 6)) == 4
    assert world.apply(retry=True).aside == 0
    assert world.verify().agrees


def test_a_lost_reply_ahead_is_settled_by_looking(world: World) -> None:
    world.keep(*(bug(number, "a", "b", "c", "d") for number in range(1, 6)))
    world.server.faults.append(Fault(do="lose", request="fill", times=2))
    applied = world.apply()
    assert (applied.aside, applied.found) == (0, 2)
    assert all(world.notes(number) == ["a", "b", "c", "d"] for number in range(1, 6))
    assert world.verify().agrees


def test_what_stops_a_run_ahead_stops_it(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    send, created = world.sink.send, threading.Event()

    def gone_after_the_first(step: ClosedStep) -> Receipt:
        if step.kind == "fill":
            created.wait(_PATIENCE)
            raise Unreachable("nobody answers")
        if step.issue == bug_key(4):
            created.set()
        return send(step)

    monkeypatch.setattr(world.sink, "send", gone_after_the_first)
    world.keep(*(bug(number, "a") for number in range(1, 200)))
    with pytest.raises(Unreachable):
        world.apply()
    assert len(world.server.all("card")) < 199
    monkeypatch.undo()
    assert world.apply().aside == 0
    assert world.verify().agrees


def test_a_death_ahead_doubles_nothing(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    send = world.sink.send

    def dies(step: ClosedStep) -> Receipt:
        receipt = send(step)
        if step.kind == "fill" and step.issue == bug_key(2):
            raise Crash
        return receipt

    monkeypatch.setattr(world.sink, "send", dies)
    world.keep(*(bug(number, "a", "b") for number in range(1, 9)))
    with pytest.raises(Crash):
        world.apply()
    monkeypatch.undo()
    world.apply()
    assert [world.notes(number) for number in range(1, 9)] == [["a", "b"]] * 8
    assert world.verify().agrees


def test_one_connection_is_enough(workspace: Workspace, tmp_path: Path) -> None:
    world = World(workspace, MemoryServer(), "theirs", connections=1)
    world.keep(bug(1, "see #2"), bug(2, "two"))
    assert world.apply().created == 5
    assert world.verify().agrees
