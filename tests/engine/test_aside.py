"""What fails is set aside with its reason, stops nothing else, and is tried again in good time."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest

from tests.engine.world import World, bug_key
from tracker_migrate.engine import aside
from tracker_migrate.engine.plan import Plan
from tracker_migrate.engine.unexpected import set_aside
from tracker_migrate.errors import TRACE, Gone, Refused
from tracker_migrate.interfaces import Decisions, Loss, Reading, Wanted
from tracker_migrate.model import Issue, Key
from tracker_migrate.testing.memory import Fault, MemorySource, bug
from tracker_migrate.workspace.ledger import Ledger, Tried

NOW = datetime(2026, 3, 1, tzinfo=UTC)


def spoil(world: World, number: int = 2, error: type[Exception] = KeyError) -> None:
    """Let a bug of the planner's strike one issue."""
    planner = world.sink.planner
    whole = planner.wanted

    def wanted(issue: Issue, decisions: Decisions) -> Iterator[Wanted]:
        yield from whole(issue, decisions) if issue.key != bug_key(number) else blow(error)

    planner.wanted = wanted  # type: ignore[method-assign]


def blow(error: type[Exception]) -> Iterator[Wanted]:
    raise error("a private word")
    yield


def mend(world: World) -> None:
    del world.sink.planner.wanted


def refuse(world: World, times: int = 1) -> None:
    """The server refuses what it is told first; that is the one issue that is left."""
    world.server.faults.append(Fault(do="refuse", request="card.create", times=times))


def rests_after(world: World, hours: float) -> bool:
    """Whether the one issue is still left alone so long after its last attempt."""
    verdict = world.ledger.verdict(bug_key(1))
    assert verdict is not None
    later = datetime.now(UTC) + timedelta(hours=hours)
    job = aside.Aside(world.target(), now=lambda: later)
    return job.rests(verdict, world.workspace.archive.digest(bug_key(1)))


def asked(world: World) -> int:
    """How many requests the server has been sent that it did not carry out."""
    return sum(fault.times for fault in world.server.faults)


def test_what_nobody_foresaw_sets_one_issue_aside_and_the_others_go_on(world: World) -> None:
    world.keep(bug(1, "one"), bug(2, "two"), bug(3, "three"))
    spoil(world)
    applied = world.apply()
    assert (applied.aside, applied.created) == (1, 5)
    verdict = world.ledger.verdict(bug_key(2))
    assert verdict is not None
    assert "could not be rendered (KeyError)" in verdict.reason
    assert "private" not in verdict.reason
    assert world.verify().agrees
    mend(world)
    assert world.apply().created == 2
    assert world.verify().agrees


def test_a_plan_names_it_instead_of_stopping(world: World) -> None:
    world.keep(bug(1), bug(2), bug(3))
    spoil(world)
    planned = Plan(world.target()).run()
    assert planned.create["card"] == 2
    assert [reason for reason in planned.refuse if "KeyError" in reason]


def test_losses_that_can_not_be_told_are_no_end_either(world: World) -> None:
    def losses(issue: Issue, decisions: Decisions) -> Iterator[Loss]:
        raise RecursionError

    world.keep(bug(1))
    world.sink.planner.losses = losses  # type: ignore[method-assign]
    assert Plan(world.target()).run().refuse.total() == 1


def test_a_refusal_that_can_not_be_told_refuses(world: World) -> None:
    def refusal(issue: Issue, decisions: Decisions) -> str | None:
        raise ZeroDivisionError

    world.keep(bug(1))
    world.sink.planner.refusal = refusal  # type: ignore[method-assign]
    assert world.apply().refused == 1
    assert world.server.highest("card") == 0


@pytest.mark.parametrize("error", [OSError, MemoryError])
def test_what_the_machine_does_to_all_stops_the_run(world: World, error: type[Exception]) -> None:
    world.keep(bug(1), bug(2))
    spoil(world, error=error)
    with pytest.raises(error):
        world.apply()
    verdict = world.ledger.verdict(bug_key(2))
    assert verdict is None or verdict.state != "aside"


def test_who_looks_for_the_bug_gets_to_see_it(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(Refused), set_aside("read"):
        raise KeyError
    with pytest.raises(Gone), set_aside("read"):
        raise Gone("it is not there")
    monkeypatch.setenv(TRACE, "1")
    with pytest.raises(KeyError), set_aside("read"):
        raise KeyError


def test_an_issue_that_can_not_be_understood_is_unread_and_the_others_are_read(
    world: World,
) -> None:
    class Clumsy(MemorySource):
        clumsy = True

        def read(self, issue: Key, known: str = "") -> Reading | None:
            if self.clumsy and issue == bug_key(2):
                raise IndexError("a private word")
            return super().read(issue, known)

    source = Clumsy(bug(1), bug(2), bug(3))
    pulled = world.pull(source)
    assert (pulled.new, pulled.unread) == (2, 1)
    (unread,) = world.workspace.archive.unread()
    assert "could not be read (IndexError)" in unread.reason
    assert "private" not in unread.reason
    source.clumsy = False
    assert world.pull(source).new == 1


def test_the_next_run_tries_again_and_then_it_rests(world: World) -> None:
    world.keep(bug(1))
    refuse(world, times=9)
    for expected in (8, 7, 7, 7):  # the third run and the fourth leave the server in peace
        assert world.apply().aside == 1
        assert asked(world) == expected


def test_who_asks_for_it_has_it_tried_at_once(world: World) -> None:
    world.keep(bug(1, "one"))
    refuse(world, times=2)
    world.apply()
    world.apply()
    assert world.apply().created == 0
    assert world.apply(retry=True).created == 2
    assert world.verify().agrees


def test_it_is_tried_again_by_itself_after_its_rest(world: World) -> None:
    world.keep(bug(1))
    refuse(world, times=2)
    world.apply()
    world.apply()
    assert rests_after(world, 0.9)
    assert not rests_after(world, 1.1)


def test_a_change_at_the_source_has_it_tried_at_once(world: World) -> None:
    world.keep(bug(1))
    refuse(world, times=2)
    world.apply()
    world.apply()
    world.keep(msgspec.structs.replace(bug(1), title="shorter"))
    assert world.apply().created == 1


def test_a_change_of_a_table_has_it_tried_at_once(world: World) -> None:
    world.keep(bug(1))
    refuse(world, times=2)
    world.apply()
    world.apply()
    world.workspace.mappings.mkdir(exist_ok=True)
    (world.workspace.mappings / "tags.csv").write_text("tag,becomes\nui,interface\n")
    assert world.apply().created == 1


@pytest.mark.parametrize(
    ("attempts", "hours"), [(1, None), (2, 1), (3, 2), (4, 4), (6, 16), (7, 24), (900, 24)]
)
def test_it_rests_twice_as_long_each_time_up_to_a_day(attempts: int, hours: Any) -> None:
    then = aside.next_try(Tried(attempts, NOW))
    assert then == (None if hours is None else NOW + timedelta(hours=hours))


def test_a_clock_that_was_put_back_makes_nobody_rest_for_longer() -> None:
    tried = Tried(5, NOW)
    assert aside._rests(tried, NOW + timedelta(hours=1))
    assert not aside._rests(tried, NOW - timedelta(hours=1))


def test_however_many_rest_the_ledger_is_asked_once_when_they_failed(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.keep(*(bug(number) for number in range(1, 6)))
    refuse(world, times=5)
    assert world.apply().aside == 5
    refuse(world, times=5)
    assert world.apply().aside == 5
    asked: list[None] = []
    real = Ledger.tried

    def tried(self: Ledger) -> dict[Key, Tried]:
        asked.append(None)
        return real(self)

    monkeypatch.setattr(Ledger, "tried", tried)
    before = world.server.requests["card.create"]
    world.apply()
    assert world.server.requests["card.create"] == before, "they rest"
    assert len(asked) == 1
