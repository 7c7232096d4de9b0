"""The rate of a server is one for all machines."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest
import sqlalchemy as sa
from sqlalchemy.engine import Engine

from tracker_migrate import hosts
from tracker_migrate.engine.queue import Queue
from tracker_migrate.pace import SharedSlots, Slots
from tracker_migrate.workspace.pacing import SlotsOfAll


@pytest.fixture
def engines(address: str) -> Iterator[tuple[Engine, Engine]]:
    one, other = sa.create_engine(address), sa.create_engine(address)
    Queue(one).make()
    yield one, other
    one.dispose()
    other.dispose()


def test_each_host_has_slots_of_its_own(engines: tuple[Engine, Engine]) -> None:
    for host in ("https://a:443", "https://b:443"):
        assert SlotsOfAll(engines[0], host, SharedSlots(None)).take(100.0) == 0.0


def test_slots_are_apart_whoever_takes_them(engines: tuple[Engine, Engine]) -> None:
    one, other = (SlotsOfAll(engine, "https://a:443", SharedSlots(None)) for engine in engines)
    found = [slots.take(100.0) for slots in (one, other, one, other)]
    assert found[0] == 0.0
    for nth, seconds in enumerate(found):
        assert 100.0 * nth - 60 < seconds <= 100.0 * nth


def test_a_host_that_wants_to_be_left_alone_is_left_by_all(
    engines: tuple[Engine, Engine],
) -> None:
    one, other = (SlotsOfAll(engine, "https://a:443", SharedSlots(None)) for engine in engines)
    one.hold(500.0)
    assert 400 < other.take(0.1) <= 500.0


def test_one_that_is_stopped_while_it_takes_a_slot_keeps_nobody_waiting(
    engines: tuple[Engine, Engine],
) -> None:
    one, other = (SlotsOfAll(engine, "https://a:443", SharedSlots(None)) for engine in engines)
    found: list[float] = []

    @sa.event.listens_for(engines[0], "after_cursor_execute")
    def stopped(*_given: object) -> None:
        taking = threading.Thread(target=lambda: found.append(other.take(1.0)), daemon=True)
        taking.start()
        taking.join(20)

    one.take(100.0)
    assert len(found) == 1
    assert 40 < found[0] <= 100.0


def test_without_the_database_a_machine_keeps_its_own_pace() -> None:
    gone = sa.create_engine("postgresql+psycopg://nobody@/none?host=/nowhere")
    slots = SlotsOfAll(gone, "https://a:443", SharedSlots(None))
    assert slots.take(100.0) == 0.0
    assert 40 < slots.take(100.0) <= 100.0
    slots.hold(500.0)
    assert 400 < slots.take(1.0) <= 500.0


def test_hosts_that_become_known_share_them(engines: tuple[Engine, Engine]) -> None:
    asked: list[str] = []

    def make(host: str, alone: Slots) -> Slots:
        asked.append(host)
        return SlotsOfAll(engines[0], host, alone)

    with hosts.paced_by(make):
        host = hosts.host_of("https://tracker.example/api")
        host.limit(1000.0, 0.0)
        host.ready()
        del host
    assert asked == ["https://tracker.example:443"]
    with engines[1].connect() as connection:
        found = connection.execute(sa.text("SELECT host FROM tracker_migrate_queue.pace")).scalars()
        assert list(found) == asked
    outside = hosts.host_of("https://tracker.example/api")
    outside.limit(1000.0, 0.0)
    assert len(asked) == 1
