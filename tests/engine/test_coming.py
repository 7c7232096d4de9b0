"""A request whose reply was lost, and that was sent again at once, may still be carried out: no run
ends, and nothing is opened, before that was waited for."""

from __future__ import annotations

from collections.abc import Callable

import msgspec
import pytest

from tests.engine.test_late import _POLICY, LATE, Crash, private
from tests.engine.world import World, bug_key
from tests.state_machine.clock import VirtualClock
from tracker_migrate.engine.undo import Undo
from tracker_migrate.errors import Unreachable
from tracker_migrate.model import Issue
from tracker_migrate.testing.memory import Fault, MemoryServer, Numbers, bug
from tracker_migrate.workspace import Workspace

SETTLE = 60.0


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> VirtualClock:
    """For all of the package."""
    clock = VirtualClock()
    clock.install(monkeypatch)
    return clock


@pytest.fixture
def worlds(workspace: Workspace, clock: VirtualClock) -> Callable[[Numbers], World]:
    mappings = workspace.folder / "mappings"
    (mappings / "privacy.toml").write_text(_POLICY)
    (mappings / "people.csv").write_text("person,target,account,state\njdoe,there,7,verified\n")

    def world(numbers: Numbers) -> World:
        server = MemoryServer(clock=clock.monotonic)
        return World(workspace, server, numbers, settle_seconds=SETTLE)

    return world


@pytest.fixture
def ours(worlds: Callable[[Numbers], World]) -> World:
    """We choose the numbers."""
    return worlds("ours")


@pytest.fixture
def either(worlds: Callable[[Numbers], World], numbers: Numbers) -> World:
    """Whoever chooses them."""
    return worlds(numbers)


def embargoed(number: int, *comments: str) -> Issue:
    """One of which nobody has said who may read it."""
    issue = private(number, *comments)
    return msgspec.structs.replace(issue, information_type="Embargoed")


def audience(world: World) -> str:
    return str(world.card(1).fields["audience"])


@pytest.mark.parametrize("second", ["refuse", "down"])
def test_a_card_that_comes_late_is_closed_if_its_bug_has_become_secret(
    ours: World, clock: VirtualClock, second: str
) -> None:
    """Its resend failed: nothing of ours stood under its number when the bug was refused."""
    ours.keep(bug(1))
    late = Fault(do="late", request="card.create", seconds=LATE)
    ours.server.faults += [late, Fault(do=second, request="card.create")]  # type: ignore[arg-type]
    try:
        ours.apply()
    except Unreachable:
        assert second == "down"
    ours.keep(embargoed(1))
    ours.apply()
    clock.sleep(3600)
    assert audience(ours) == "importer"


def test_a_card_of_a_killed_run_that_comes_late_is_closed_too(
    ours: World, clock: VirtualClock
) -> None:
    ours.keep(bug(1))
    ours.server.faults.append(Fault(do="late", request="card.create", seconds=LATE))

    def die(name: str, moment: str) -> None:
        if (name, moment) == ("card.create", "before") and ours.server.requests[name]:
            raise Crash

    ours.server.on_request = die
    with pytest.raises(Crash):
        ours.apply()
    ours.server.on_request = lambda _name, _moment: None
    ours.keep(embargoed(1))
    ours.apply()
    clock.sleep(3600)
    assert audience(ours) == "importer"


def test_what_comes_late_is_taken_back_with_the_rest(ours: World, clock: VirtualClock) -> None:
    ours.keep(bug(1), bug(2))
    ours.server.faults.append(Fault(do="late", request="card.create", seconds=LATE))

    def die(name: str, moment: str) -> None:
        if (name, moment) == ("card.create", "before") and ours.server.requests[name]:
            raise Crash

    ours.server.on_request = die
    with pytest.raises(Crash):
        ours.apply()
    ours.server.on_request = lambda _name, _moment: None
    Undo(ours.target()).run()
    clock.sleep(3600)
    assert ours.server.all("card") == []
    assert ours.apply().created == 2
    assert ours.verify().agrees


@pytest.mark.parametrize("how", ["embargoed", "gone"])
def test_a_card_that_comes_later_than_anybody_waits_is_closed_by_the_next_run(
    either: World, clock: VirtualClock, how: str
) -> None:
    """Its bug is refused by now, or gone: nothing is written of it, and it is looked for."""
    either.keep(bug(1))
    late = Fault(do="late", request="card.create", seconds=10 * SETTLE)
    either.server.faults += [late, Fault(do="refuse", request="card.create")]
    assert either.apply().aside == 1
    if how == "gone":
        either.workspace.archive.set_gone(bug_key(1))
    else:
        either.keep(embargoed(1))
    either.apply()
    clock.sleep(3600)
    assert audience(either) == "public", "nobody could know of it"
    assert either.apply().closed == 1
    assert audience(either) == "importer"
    assert either.apply().steps == 0


def test_a_note_that_comes_late_is_known(ours: World, clock: VirtualClock) -> None:
    ours.keep(bug(1, "one"))
    late = Fault(do="late", request="note.create", seconds=LATE)
    ours.server.faults += [late, Fault(do="refuse", request="note.create")]
    assert ours.apply().aside == 1
    ours.keep(embargoed(1, "one"))
    ours.apply()
    clock.sleep(3600)
    assert ours.notes(1) == ["one"]
    assert ours.verify().unplanned == []


def test_what_was_opened_stays_open_though_a_lost_closing_comes_late(
    either: World, clock: VirtualClock
) -> None:
    either.keep(bug(1))
    either.apply()
    either.keep(private(1))
    either.server.faults.append(Fault(do="late", request="card.update", seconds=LATE))
    assert either.apply().closed == 1
    either.keep(bug(1))
    either.apply()
    clock.sleep(3600)
    assert audience(either) == "public"


def test_so_it_does_if_the_run_that_closed_it_was_killed(
    either: World, clock: VirtualClock
) -> None:
    either.keep(bug(1))
    either.apply()
    either.keep(private(1))
    either.server.faults.append(Fault(do="late", request="card.update", seconds=LATE))

    def die(name: str, moment: str) -> None:
        if (name, moment) == ("card.update", "before") and either.server.requests[name] == 1:
            raise Crash

    either.server.on_request = die
    with pytest.raises(Crash):
        either.apply()
    either.server.on_request = lambda _name, _moment: None
    either.keep(bug(1))
    either.apply()
    clock.sleep(3600)
    assert audience(either) == "public"


def test_nobody_waits_for_what_the_second_request_has_made(
    ours: World, clock: VirtualClock
) -> None:
    ours.keep(bug(1, "one"))
    ours.server.faults.append(Fault(do="drop", request="card.create"))
    before = clock.monotonic()
    ours.apply()
    assert clock.monotonic() == before
    assert ours.ledger.given_up.coming() == []


def test_what_was_waited_for_leaves_no_text_and_is_waited_for_once(
    ours: World, clock: VirtualClock
) -> None:
    ours.keep(bug(1, "one"))
    drop = Fault(do="drop", request="note.create")
    ours.server.faults += [drop, Fault(do="refuse", request="note.create")]
    ours.apply()
    assert ours.ledger.given_up.coming() == []
    before = clock.monotonic()
    ours.apply(retry=True)
    assert clock.monotonic() == before
    assert ours.notes(1) == ["one"]
    assert ours.ledger.where(bug_key(1)) is not None
