"""Slots: evenly apart, for all threads and processes that ask the same host."""

from __future__ import annotations

import fcntl
import os
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tracker_migrate.hosts import host_of
from tracker_migrate.http import Reader
from tracker_migrate.pace import FURTHEST, SharedSlots, shared_path
from tracker_migrate.testing.loopback import Reply, Request, StandIn, serving

RATE = 40.0


class Counting(StandIn):
    """Notes when each request arrives."""

    def __init__(self) -> None:
        super().__init__()
        self.arrivals: list[float] = []

    def answer(self, request: Request) -> Reply:
        with self.lock:
            self.arrivals.append(time.monotonic())
        return Reply.of_json({})


@pytest.fixture
def server() -> Iterator[Counting]:
    standin = Counting()
    with serving(standin):
        yield standin


class Clock:
    """A clock that stands still."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def slots(path: Path | None, clock: Clock | None = None) -> SharedSlots:
    return SharedSlots(path, clock or Clock())


def kept_to(arrivals: list[float], rate: float) -> bool:
    """Whether these came no faster, a fifth of a second of jitter on the way aside."""
    ordered = sorted(arrivals)
    took = ordered[-1] - ordered[0]
    return took >= (len(ordered) - 1) / rate - 0.2


def test_slots_are_evenly_apart() -> None:
    one = slots(None)
    assert [round(one.take(0.25), 6) for _ in range(4)] == [0.0, 0.25, 0.5, 0.75]


def test_slots_that_nobody_took_are_not_saved_up() -> None:
    clock = Clock()
    one = slots(None, clock)
    one.take(0.25)
    clock.now += 60
    assert [round(one.take(0.25), 6) for _ in range(2)] == [0.0, 0.25]


def test_two_processes_share_one_line_of_slots(tmp_path: Path) -> None:
    clock = Clock()
    one, other = (slots(tmp_path / "slots", clock) for _ in range(2))
    taken = [round(each.take(0.5), 6) for each in (one, other, one, one, other)]
    assert taken == [0.0, 0.5, 1.0, 1.5, 2.0]


def test_a_hold_of_one_process_holds_the_other(tmp_path: Path) -> None:
    clock = Clock()
    one, other = (slots(tmp_path / "slots", clock) for _ in range(2))
    one.hold(30)
    assert other.take(0.5) == 30.0


@pytest.mark.parametrize(
    "held", [b"", b"x", b"\xff" * 8, struct.pack("<d", 1e300), struct.pack("<d", 1000 + FURTHEST)]
)
def test_what_can_not_be_a_slot_is_not_waited_for(tmp_path: Path, held: bytes) -> None:
    path = tmp_path / "slots"
    path.write_bytes(held)
    path.chmod(0o600)
    assert slots(path).take(1) == 0.0


def test_a_process_that_was_stopped_with_the_file_in_hand_stops_nobody(tmp_path: Path) -> None:
    path = tmp_path / "slots"
    one = slots(path)
    with path.open("rb") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        assert [one.take(0.5) for _ in range(2)] == [0.0, 0.5]


def test_the_file_is_the_owners_alone(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    path = shared_path("https://bugs.example.org:443")
    assert path is not None
    assert slots(path).shared
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o077 == 0
    assert "example" not in path.name


def test_a_file_that_others_may_write_is_not_used(tmp_path: Path) -> None:
    path = tmp_path / "slots"
    path.touch()
    path.chmod(0o666)
    assert not slots(path).shared
    assert not slots(tmp_path / "no folder" / "slots").shared
    (tmp_path / "link").symlink_to(tmp_path / "elsewhere")
    assert not slots(tmp_path / "link").shared


def test_without_a_cache_the_process_keeps_to_the_rate_by_itself(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    assert shared_path("https://bugs.example.org:443") is None
    one = slots(None)
    assert [one.take(0.5), one.take(0.5)] == [0.0, 0.5]


def test_a_host_is_one_however_it_is_written() -> None:
    one = host_of("https://Bugs.example.org/api")
    assert host_of("https://bugs.example.org:443/v1") is one
    assert host_of("http://bugs.example.org") is not one
    assert host_of("https://bugs.example.org:8443") is not one


def test_the_lowest_rate_that_a_client_asks_for_holds_for_all() -> None:
    fast = Reader("http://127.0.0.1:9/a", per_second=50)
    slow = Reader("http://127.0.0.1:9/b", per_second=5)
    any_ = Reader("http://127.0.0.1:9/c")
    assert {one._host.per_second for one in (fast, slow, any_)} == {5}


def test_two_clients_and_eight_threads_together_keep_the_rate(server: Counting) -> None:
    readers = [Reader(server.url, per_second=RATE), Reader(f"{server.url}/pages")]
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda n: readers[n % 2].get(f"{server.url}/{n}"), range(40)))
    assert len(server.arrivals) == 40
    assert kept_to(server.arrivals, RATE)


_READ = """
import sys
from tracker_migrate.http import Reader
reader = Reader(sys.argv[1], per_second=float(sys.argv[2]))
print("ready", flush=True)
sys.stdin.readline()
for number in range(20):
    reader.get(f"{sys.argv[1]}/{number}")
"""


def test_two_processes_together_keep_the_rate(
    server: Counting, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    command = [sys.executable, "-c", _READ, server.url, str(RATE)]
    both = [
        subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=dict(os.environ)
        )
        for _ in range(2)
    ]
    for one in both:
        assert one.stdout is not None
        assert one.stdout.readline() == "ready\n"
    begun = [threading.Thread(target=one.communicate, args=("go\n",)) for one in both]
    for thread in begun:
        thread.start()
    for thread in begun:
        thread.join(60)
    assert [one.returncode for one in both] == [0, 0]
    assert len(server.arrivals) == 40
    assert kept_to(server.arrivals, RATE)
