"""One step, sent once: what follows when the answer is lost, an error, or a stranger's."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any

import pytest
import sqlalchemy as sa

from tests.engine.world import World, bug_key
from tracker_migrate.engine import recover as recover_
from tracker_migrate.engine import send as send_
from tracker_migrate.engine.send import Doubt, InDoubt, Sender
from tracker_migrate.errors import Doubtful, Locked, Refused, Retriable, Taken, Unreachable
from tracker_migrate.interfaces import ClosedAction, ClosedStep, Receipt, RemoteRef
from tracker_migrate.testing.memory import Clock, Fault, MemoryServer, Numbers, home
from tracker_migrate.workspace import Workspace, schema

SETTLE = 60.0


class Line:
    """A sender on a clock that only sleeping moves."""

    def __init__(self, workspace: Workspace, numbers: Numbers) -> None:
        self.clock = Clock()
        self.numbers = numbers
        server = MemoryServer(clock=self.clock.monotonic)
        self.world = World(workspace, server, numbers, settle_seconds=SETTLE)
        self.server = server
        self.sender = Sender(
            self.world.sink, self.world.ledger, self.world.heard.append, self.clock.sleep
        )

    def card(self, bug: int, /, **changes: Any) -> ClosedStep:
        """A step that creates the card of a bug."""
        chosen = 100 + bug if self.numbers == "ours" else None
        of = bug_key(bug)
        values: dict[str, Any] = {
            "op": "create",
            "key": of,
            "kind": "card",
            "fields": {"title": f"Bug {bug}"},
            "number": chosen,
            "marker": home(of),
        }
        step = ClosedAction(**values | changes)
        return ClosedStep(kind=f"card.{step.op}", issue=of, actions=(step,))

    def send(self, *steps: ClosedStep) -> list[Receipt]:
        """Send steps."""
        return list(self.sender.send(steps))

    def fault(self, do: Any, **how: Any) -> None:
        """Have the server misbehave at the next requests."""
        self.server.faults.append(Fault(do=do, **how))

    @property
    def titles(self) -> list[Any]:
        """The titles of all cards of ours."""
        return [one.fields["title"] for one in self.server.all("card") if one.author == "importer"]

    @property
    def intents(self) -> list[str]:
        """The states of all intents, in order."""
        self.world.workspace.writer.now(lambda _connection: None)
        query = sa.select(schema.intent.c.state).order_by(schema.intent.c.id)
        with self.world.workspace.engine.connect() as connection:
            return list(connection.execute(query).scalars())


@pytest.fixture
def lines(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> Callable[[Numbers], Line]:
    def line(numbers: Numbers) -> Line:
        made = Line(workspace, numbers)
        monkeypatch.setattr(send_, "time", made.clock)
        return made

    return line


@pytest.fixture
def line(lines: Callable[[Numbers], Line], numbers: Numbers) -> Line:
    return lines(numbers)


@pytest.fixture
def theirs(lines: Callable[[Numbers], Line]) -> Line:
    return lines("theirs")


@pytest.fixture
def ours(lines: Callable[[Numbers], Line]) -> Line:
    return lines("ours")


def test_no_more_steps_are_under_way_than_the_sink_allows(
    line: Line, monkeypatch: pytest.MonkeyPatch
) -> None:
    send, under_way, most = line.world.sink.send, threading.Semaphore(2), []

    def counted(step: ClosedStep) -> Receipt:
        most.append(under_way.acquire(blocking=False))
        try:
            time.sleep(0.02)
            return send(step)
        finally:
            under_way.release()

    monkeypatch.setattr(line.world.sink, "send", counted)
    monkeypatch.setattr(line.world.sink, "connections", 2)
    sender = Sender(line.world.sink, line.world.ledger)
    with ThreadPoolExecutor(6) as pool:
        list(pool.map(lambda number: list(sender.send([line.card(number)])), range(1, 13)))
    assert most == [True] * 12


def test_the_intent_is_on_disk_before_the_request_leaves(line: Line) -> None:
    open_then: list[int] = []
    line.server.on_request = lambda _name, moment: (
        open_then.append(len(line.world.ledger.open_intents())) if moment == "before" else None
    )
    line.send(line.card(1), line.card(2))
    assert open_then[0] == 2, "both were meant before the first was sent"
    assert line.intents == ["done", "done"]


def test_who_was_stopped_and_taken_over_sends_nothing(line: Line) -> None:
    """Between the intent and the request another process has looked at the target, found nothing,
    and voided the intent: nobody would look for what is sent now."""
    lanes, ledger = line.world.sink.lanes, line.world.ledger

    def stopped(step: ClosedStep) -> tuple[str, ...]:
        ledger.void([one.id for one in ledger.open_intents()])
        return lanes(step)

    line.world.sink.lanes = stopped  # type: ignore[method-assign]
    with pytest.raises(Locked, match="another process took over"):
        line.send(line.card(1), line.card(2))
    assert line.server.requests["card.create"] == 0
    assert line.titles == []


def test_a_step_is_sent_once_and_its_place_is_known(line: Line) -> None:
    (receipt,) = line.send(line.card(1))
    assert line.server.requests["card.create"] == 1
    line.world.workspace.writer.now(lambda _connection: None)
    assert line.world.ledger.where(bug_key(1)) == receipt.refs[bug_key(1)]


def test_a_lost_reply_is_settled_by_looking_and_never_sent_again(line: Line) -> None:
    line.fault("lose")
    (receipt,) = line.send(line.card(1))
    assert line.server.requests["card.create"] == 1
    assert line.titles == ["Bug 1"]
    assert receipt.refs[bug_key(1)].id == str(line.server.all("card")[0].number)
    assert line.intents == ["done"]
    assert [event.name for event in line.world.heard] == ["found"]


def test_a_doubtful_step_whose_number_is_ours_is_sent_again_at_once(ours: Line) -> None:
    ours.fault("drop")
    ours.send(ours.card(1))
    assert ours.server.requests["card.create"] == 2
    assert ours.titles == ["Bug 1"]
    assert ours.intents == ["given up", "done"]
    assert ours.clock.slept == []


def test_a_late_write_under_our_number_does_not_double_it(ours: Line) -> None:
    ours.fault("late", seconds=0.0)  # is done by the time that we look
    ours.fault("late", seconds=5.0, skip=1)
    ours.send(ours.card(1), ours.card(2))
    ours.clock.sleep(10)
    assert ours.titles == ["Bug 1", "Bug 2"]


def test_a_doubtful_update_waits_for_it_would_undo_what_is_newer(ours: Line) -> None:
    ours.send(ours.card(1))
    at = RemoteRef(id=str(ours.server.all("card")[0].number))

    def update(title: str) -> ClosedStep:
        return ours.card(1, op="update", at=at, number=None, fields={"title": title})

    ours.fault("late", seconds=5.0)
    ours.sender.settle(doubt_of(ours, update("Newer")))
    ours.send(update("Newest"))
    ours.clock.sleep(10)
    assert ours.titles == ["Newest"]


def test_what_a_dead_run_meant_is_waited_for_whatever_the_clock_says(
    theirs: Line, monkeypatch: pytest.MonkeyPatch
) -> None:
    card, world = theirs.card(1), theirs.world
    world.ledger.intend([card], [world.sink.mark(card)], 0)
    long_ago = schema.intent.update().values(meant_at="2001-01-01T00:00:00.000000Z")
    world.workspace.writer.now(lambda connection: connection.execute(long_ago))
    theirs.fault("late", seconds=5.0)
    with suppress(Doubtful):
        world.sink.send(card)
    monkeypatch.setattr(recover_, "time", theirs.clock)
    assert recover_.recover(world.sink, world.ledger, theirs.sender) == {}
    assert world.ledger.where(bug_key(1)) is not None
    assert theirs.titles == ["Bug 1"]


def doubt_of(line: Line, step: ClosedStep) -> Doubt:
    with pytest.raises(InDoubt) as caught:
        line.send(step)
    return caught.value.doubt


def test_a_doubtful_step_that_can_not_be_sent_again_waits_for_the_settle_time(
    theirs: Line,
) -> None:
    theirs.fault("late", seconds=SETTLE - 1)
    doubt = doubt_of(theirs, theirs.card(1))
    assert theirs.server.requests["card.create"] == 1
    assert theirs.intents == ["open"]
    receipt = theirs.sender.settle(doubt)
    assert receipt is not None
    assert theirs.clock.slept[0] == SETTLE
    assert theirs.titles == ["Bug 1"]
    assert theirs.intents == ["done"]


def test_not_found_is_believed_after_two_looks_only(theirs: Line) -> None:
    theirs.fault("late", seconds=SETTLE + 0.5)  # later than it may be, and seen by the second
    doubt = doubt_of(theirs, theirs.card(1))
    assert theirs.sender.settle(doubt) is not None
    assert theirs.titles == ["Bug 1"]


def test_what_is_absent_after_that_is_given_up_and_is_sent_again_exactly_once(theirs: Line) -> None:
    theirs.fault("drop")
    doubt = doubt_of(theirs, theirs.card(1))
    assert theirs.sender.settle(doubt) is None
    assert theirs.intents == ["given up"]
    theirs.send(theirs.card(1))
    assert theirs.server.requests["card.create"] == 2
    assert theirs.titles == ["Bug 1"]


def test_an_older_likeness_is_not_taken_for_what_was_sent(theirs: Line) -> None:
    theirs.server.add("card", author="importer", marker=home(bug_key(1)), title="Bug 1")
    theirs.fault("drop")
    assert theirs.sender.settle(doubt_of(theirs, theirs.card(1))) is None


def test_what_follows_a_doubtful_step_is_void_and_was_not_sent(theirs: Line) -> None:
    theirs.fault("drop")
    with pytest.raises(InDoubt):
        theirs.send(theirs.card(1), theirs.card(2))
    assert theirs.intents == ["open", "void"]
    assert theirs.server.requests["card.create"] == 1


def test_a_look_that_fails_does_not_end_a_doubt(
    theirs: Line, monkeypatch: pytest.MonkeyPatch
) -> None:
    theirs.fault("lose")

    def blind(*_: Any) -> None:
        raise Retriable("no answer")

    with monkeypatch.context() as patch:
        patch.setattr(theirs.world.sink, "find", blind)
        doubt = doubt_of(theirs, theirs.card(1))
    assert theirs.intents == ["open"]
    assert theirs.sender.settle(doubt) is not None
    assert theirs.titles == ["Bug 1"]


def test_what_was_surely_not_done_is_sent_again_with_a_new_intent(line: Line) -> None:
    line.fault("retry", times=2)
    line.send(line.card(1))
    assert line.server.requests["card.create"] == 3
    assert line.intents == ["void", "void", "done"]
    assert line.titles == ["Bug 1"]


def test_a_server_that_is_busy_for_long_stops_the_run_and_leaves_no_doubt(line: Line) -> None:
    line.fault("retry", times=100)
    with pytest.raises(Unreachable, match="run again later"):
        line.send(line.card(1), line.card(2))
    assert set(line.intents) == {"void"}
    assert line.titles == []


def test_a_server_that_names_a_time_is_left_alone_for_so_long(
    line: Line, monkeypatch: pytest.MonkeyPatch
) -> None:
    send = line.world.sink.send
    errors = [Retriable("too many", after=17.0)]

    def once(step: ClosedStep) -> Receipt:
        if errors:
            raise errors.pop()
        return send(step)

    monkeypatch.setattr(line.world.sink, "send", once)
    line.send(line.card(1))
    assert line.clock.slept == [17.0]


def test_a_strangers_number_is_told_and_the_stranger_left_alone(ours: Line) -> None:
    ours.fault("stranger")
    with pytest.raises(Taken):
        ours.send(ours.card(1))
    assert ours.intents == ["refused"]
    assert [one.author for one in ours.server.all("card")] == ["somebody"]


def test_a_number_of_our_account_with_another_marker_is_a_strangers_too(ours: Line) -> None:
    ours.send(ours.card(1))
    other = ours.card(2, number=101)
    with pytest.raises(Taken):
        ours.send(other)
    assert ours.titles == ["Bug 1"]


def test_a_refused_step_is_not_tried_again_and_those_after_it_are_not_sent(line: Line) -> None:
    line.fault("refuse")
    with pytest.raises(Refused):
        line.send(line.card(1), line.card(2))
    assert line.intents == ["refused", "void"]
    assert line.server.requests["card.create"] == 1


def test_a_server_that_is_away_stops_the_run_and_leaves_the_intent_open(line: Line) -> None:
    line.fault("down")
    with pytest.raises(Unreachable):
        line.send(line.card(1), line.card(2))
    assert line.intents == ["open", "void"]


def test_steps_of_one_lane_are_sent_one_at_a_time(
    line: Line, monkeypatch: pytest.MonkeyPatch
) -> None:

    under_way, most = 0, 0
    guard = threading.Lock()

    def watch(_name: str, moment: str) -> None:
        nonlocal under_way, most
        with guard:
            under_way += 1 if moment == "before" else -1
            most = max(most, under_way)
        if moment == "before":
            time.sleep(0.02)

    line.server.on_request = watch
    monkeypatch.setattr(line.world.sink, "lanes", lambda _step: ("one", "lane"))
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(line.send, [line.card(n) for n in range(4)]))
    assert most == 1
    assert len(line.titles) == 4
