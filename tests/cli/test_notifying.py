"""systemd hears that the daemon is ready, what it does, and that it goes on; and when it does not,
it hears nothing."""

from __future__ import annotations

import signal
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.conftest import Servers, ended, started, until
from tracker_migrate.cli.notifying import Notifier
from tracker_migrate.testing.loopback import Fault
from tracker_migrate.workspace.pulse import Pulse, Side


class Manager:
    """A service manager's end of the socket. heard: each message, with when it came."""

    def __init__(self, path: Path) -> None:
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(str(path))
        self.heard: list[tuple[float, str]] = []
        self._thread = threading.Thread(target=self._hear, daemon=True)
        self._thread.start()

    def _hear(self) -> None:
        while (said := self._socket.recv(4096)) != b"end":
            self.heard.append((time.monotonic(), said.decode()))

    def all(self, word: str = "") -> list[str]:
        """The messages so far that begin with a word."""
        return [one for _, one in list(self.heard) if one.startswith(word)]

    def close(self) -> None:
        """Hear no more."""
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as last:
            last.sendto(b"end", self._socket.getsockname())
        self._thread.join(10)
        self._socket.close()


@pytest.fixture
def manager(
    tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Manager]:
    place = tmp_path_factory.mktemp("n") / "s"  # the path of a socket is short
    made = Manager(place)
    monkeypatch.setenv("NOTIFY_SOCKET", str(place))
    yield made
    made.close()


class Heart:
    """Says for how long nothing has gone on."""

    def __init__(self) -> None:
        self.silent = 0.0
        self.said: list[str] = []
        self.notifier = Notifier(self.said.append, 40.0, lambda: self.silent)


def test_the_watchdog_is_fed_while_something_goes_on_and_starves_when_nothing_does() -> None:
    heart = Heart()
    assert heart.notifier.feed()
    heart.silent = 10.0
    assert heart.notifier.feed(), "a quarter of its time"
    heart.silent = 10.1
    assert not heart.notifier.feed()
    heart.silent = 0.0
    assert heart.notifier.feed(), "it goes on: it was a long request"
    assert heart.said == ["WATCHDOG=1"] * 3


def test_it_is_ready_once_and_says_what_it_does_when_that_changes() -> None:
    heart = Heart()
    for pulse in (
        Pulse(doing="waiting"),
        Pulse(doing="reading"),
        Pulse(doing="reading"),
        Pulse(doing="writing", what="new", targets={"new": Side(failing="2026"), "old": Side()}),
        Pulse(doing="ended", rounds=3),
    ):
        heart.notifier.told(pulse)
    assert heart.said == [
        "READY=1",
        "STATUS=waiting; 0 rounds",
        "STATUS=reading; 0 rounds",
        "STATUS=writing to new (new failing); 0 rounds",
        "STOPPING=1",
        "STATUS=ended; 3 rounds",
    ]


def test_a_request_that_hangs_starves_the_watchdog(
    workspace: Path, standins: Servers, manager: Manager, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WATCHDOG_USEC", "2000000")
    hang = Fault("delay", path="/stories", method="POST", seconds=50.0)
    standins.storyboard.faults.append(hang)
    process = started(workspace, "sync", "-q", "-T", "new", "--only", "bug:1000001")
    until(lambda: hang.times == 0, 120)
    time.sleep(1.5)  # what was fed before, and a quarter
    before = len(manager.all("WATCHDOG=1"))
    time.sleep(4.0)  # twice as long as systemd waits
    assert len(manager.all("WATCHDOG=1")) == before
    process.kill()  # as systemd would
    process.wait(30)


def test_a_rest_feeds_the_watchdog_until_it_is_asked_to_stop(
    workspace: Path, standins: Servers, manager: Manager, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WATCHDOG_USEC", "2000000")
    process = started(workspace, "sync", "-q", "-T", "new", "--only", "bug:1000001")
    until(lambda: any("resting" in one for one in manager.all("STATUS=")), 120)
    before = len(manager.all("WATCHDOG=1"))
    until(lambda: len(manager.all("WATCHDOG=1")) >= before + 3, 60)
    process.send_signal(signal.SIGTERM)
    assert ended(process, 60).status in (0, 3)
    until(lambda: manager.all("STOPPING=1") == ["STOPPING=1"])
    assert manager.all("READY=1") == ["READY=1"]


def test_a_long_round_that_goes_on_feeds_the_watchdog(
    workspace: Path, standins: Servers, manager: Manager, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WATCHDOG_USEC", "2000000")
    standins.storyboard.latency = 0.2
    only = f"bug:{','.join(str(1_000_001 + n) for n in range(6))}"
    process = started(workspace, "sync", "-q", "-T", "new", "--once", "--only", only)
    status = ended(process, 300).status
    standins.storyboard.latency = 0.0
    assert status in (0, 3)
    writing = next(at for at, one in manager.heard if one.startswith("STATUS=writing"))
    fed = [at for at, one in manager.heard if one == "WATCHDOG=1" and at > writing]
    assert len(fed) >= 3
