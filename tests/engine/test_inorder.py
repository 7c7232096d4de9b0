"""Creating in order while the next issue is made ready: numbers follow the source whatever happens,
nobody waits for ever, and nothing is sent of what a stop overtakes."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from tests.engine.test_ahead import _PATIENCE
from tests.engine.world import World, bug_key
from tracker_migrate.engine.closing import hide_one
from tracker_migrate.engine.inorder import Halted, InOrder
from tracker_migrate.engine.writing import Writing
from tracker_migrate.errors import Unreachable
from tracker_migrate.interfaces import ClosedStep, Receipt
from tracker_migrate.model import Key
from tracker_migrate.testing.memory import Fault, MemoryServer, bug
from tracker_migrate.workspace import Ledger, Workspace


@pytest.fixture
def world(workspace: Workspace) -> World:
    """A server that chooses the numbers."""
    return World(workspace, MemoryServer(), "theirs", connections=4)


def meant(world: World, monkeypatch: pytest.MonkeyPatch, number: int) -> threading.Event:
    """Set when the intent to create that bug's card is on disk."""
    intend, event = Ledger.intend, threading.Event()

    def noted(self: Ledger, steps: Sequence[ClosedStep], *more: Any) -> list[int]:
        found = intend(self, steps, *more)
        if any(one.kind == "card.create" and one.issue == bug_key(number) for one in steps):
            event.set()
        return found

    monkeypatch.setattr(Ledger, "intend", noted)
    return event


def bent(
    world: World, monkeypatch: pytest.MonkeyPatch, before: Callable[[ClosedStep], None]
) -> None:
    """Have something done before each step is sent."""
    send = world.sink.send

    def bend(step: ClosedStep) -> Receipt:
        before(step)
        return send(step)

    monkeypatch.setattr(world.sink, "send", bend)


def test_the_next_issue_is_made_ready_while_one_is_created(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    ready, in_time = meant(world, monkeypatch, 2), []

    def wait(step: ClosedStep) -> None:
        if step.kind == "card.create" and step.issue == bug_key(1):
            in_time.append(ready.wait(_PATIENCE))

    bent(world, monkeypatch, wait)
    world.keep(bug(1), bug(2))
    world.apply()
    assert in_time == [True]
    assert [world.card(number).number for number in (1, 2)] == [1, 2]


def test_the_next_issue_is_created_while_the_rest_of_one_is_written(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    did, second, in_time = Writing.did, threading.Event(), []

    def wait(self: Writing, name: str, key: Key) -> None:
        if key == bug_key(1) and name == "created":
            in_time.append(second.wait(_PATIENCE))
        did(self, name, key)

    def begun(step: ClosedStep) -> None:
        if step.kind == "card.create" and step.issue == bug_key(2):
            second.set()

    monkeypatch.setattr(Writing, "did", wait)
    bent(world, monkeypatch, begun)
    world.keep(bug(1), bug(2))
    world.apply()
    assert in_time == [True]


def test_no_intent_stands_open_while_a_step_waits_long(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever finds it after a kill would look for what was never sent."""
    ready, open_ = meant(world, monkeypatch, 2), []

    def wait(step: ClosedStep) -> None:
        if step.kind == "card.create" and step.issue == bug_key(1):
            ready.wait(_PATIENCE)
            for _ in range(200):
                open_.append([one.step.issue for one in world.ledger.open_intents()])
                if open_[-1] == [bug_key(1)]:
                    return
                threading.Event().wait(0.1)

    bent(world, monkeypatch, wait)
    world.keep(bug(1), bug(2))
    assert world.apply().aside == 0
    assert open_[-1] == [bug_key(1)]
    assert [world.card(number).number for number in (1, 2)] == [1, 2]


@pytest.mark.parametrize("text", ["", "see #1"])
def test_what_is_hidden_while_it_waits_is_not_created_open(
    world: World, monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    """Whoever hides it sees nothing of it, and no intent: it was planned as everybody may read."""
    ready, made = meant(world, monkeypatch, 2), list[tuple[str, str]]()

    def hide(step: ClosedStep) -> None:
        if step.kind == "card.create" and step.issue == bug_key(1):
            ready.wait(_PATIENCE if not text else 2)
            while len(world.ledger.open_intents()) > 1:
                threading.Event().wait(0.1)
            with Workspace(world.workspace.folder) as other:
                world.target(other).hidden.add([bug_key(2)])
                assert not hide_one(world.target(other), bug_key(2))
        made.extend((step.kind, one.audience) for one in step.actions if one.key == bug_key(2))

    bent(world, monkeypatch, hide)
    world.keep(bug(1), bug(2, description=text))
    world.apply()
    assert world.state(2) == "aside"
    world.apply()
    assert (world.state(2), made) == ("refused", [])


def test_what_names_the_issue_before_it_knows_its_number(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It waits before it is closed, so that no second request is needed."""
    world.keep(*(bug(n, description=f"see #{n - 1}") for n in range(2, 12)), bug(1))
    applied = world.apply()
    assert (applied.created, applied.updated) == (12, 0)
    for number in range(2, 12):
        before = world.card(number - 1).number
        assert f"<memory://target/card/{before}>" in world.card(number).fields["text"]


def test_one_that_is_refused_holds_nobody_up(world: World) -> None:
    world.server.faults.append(Fault(do="refuse", request="card.create", skip=2))
    world.keep(*(bug(number, "a") for number in range(1, 9)))
    assert world.apply().aside == 1
    assert world.state(3) == "aside"
    assert [world.card(n).number for n in (1, 2, 4, 5, 6, 7, 8)] == list(range(1, 8))


def test_order_stands_when_the_server_is_busy(world: World) -> None:
    for skip in range(0, 12, 3):
        world.server.faults.append(Fault(do="retry", request="card.create", skip=skip))
    world.keep(*(bug(number, "a") for number in range(1, 16)))
    assert world.apply().aside == 0
    assert [world.card(number).number for number in range(1, 16)] == list(range(1, 16))


def test_nothing_is_sent_of_what_a_stop_overtakes(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    ready = meant(world, monkeypatch, 2)

    def stop(step: ClosedStep) -> None:
        if step.kind == "card.create" and step.issue == bug_key(1):
            ready.wait(_PATIENCE)
            raise Unreachable("nobody answers")

    bent(world, monkeypatch, stop)
    world.keep(*(bug(number) for number in range(1, 9)))
    with pytest.raises(Unreachable):
        world.apply()
    assert world.server.all("card") == []
    assert [one.step.issue for one in world.ledger.open_intents()] in ([], [bug_key(1)])
    monkeypatch.undo()
    world.apply()
    assert [world.card(number).number for number in range(1, 9)] == list(range(1, 9))


def test_turns_come_in_order_whoever_is_ready_first() -> None:
    order, seen = InOrder(), []

    def deal(number: int) -> None:
        with order.at(number):
            assert order.wait()
            seen.append(number)

    with ThreadPoolExecutor(6) as pool:
        list(pool.map(deal, [5, 3, 1, 4, 2, 0]))
    assert seen == [0, 1, 2, 3, 4, 5]


def test_a_turn_that_does_not_come_in_time_is_said() -> None:
    order = InOrder()
    with order.at(1):
        assert not order.wait(0.01)
    with order.at(0):
        assert order.wait(0.01)
    assert order.wait(0.01)  # about none


def test_whoever_waits_when_all_is_halted_hears_of_it() -> None:
    order = InOrder()
    with order.at(1):
        threading.Timer(0.05, order.halt).start()
        with pytest.raises(Halted):
            order.wait(_PATIENCE)
