"""Files from a librarian that is not what it should be: no bytes without an end, nobody asked who
must not be, and nothing held."""

from __future__ import annotations

import time
import tracemalloc
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from tests.backends.launchpad.attaching import Shelf, only
from tests.hostile.badness import ELSEWHERE, Bytes, whole
from tests.hostile.servers import Stranger, byte_by_byte
from tracker_migrate import bounded, hosts, reach
from tracker_migrate.backends.launchpad.standin import LaunchpadStandIn, generate
from tracker_migrate.errors import Gone, Refused, Retriable, Unreachable
from tracker_migrate.testing.loopback import Fault, Request, serving

_MB = 2**20
Wire = Callable[[Request], Bytes | None]


@contextmanager
def librarian(wire: Wire) -> Iterator[Shelf]:
    """A Launchpad whose librarian sends these bytes."""
    hosts.forget()
    standin = LaunchpadStandIn()
    generate(standin, bugs=1, blueprints=0, seed=5, private=0.01)
    standin.librarian.wire = wire  # type: ignore[attr-defined]
    with byte_by_byte(standin):
        here = Shelf(standin)
        here.put()
        yield here


def downloaded(here: Shelf, most: int = 50 * _MB) -> int:
    """How many bytes come, up to a bit more than `most`."""
    source, count = here.source(), 0
    with source.download(only(source, here.bug)) as download:
        for part in download.parts:
            count += len(part)
            if count > most:
                break
    return count


def _head(*lines: str) -> bytes:
    return "\r\n".join(["HTTP/1.1 200 OK", "Content-Type: text/plain", *lines, "", ""]).encode()


def _for_ever(first: bytes, piece: bytes, pause: float = 0.0) -> Bytes:
    yield first
    for _ in range(4096 * _MB // len(piece)):
        yield piece
        time.sleep(pause)


def _chunk(size: int) -> bytes:
    return b"%x\r\n" % size + b"z" * size + b"\r\n"


#: bodies that do not end, of which as many bytes are taken as are wanted
ENDLESS: dict[str, Callable[[], Bytes]] = {
    "length": lambda: _for_ever(_head(f"Content-Length: {2**50}"), b"z" * _MB),
    "chunks": lambda: _for_ever(_head("Transfer-Encoding: chunked"), _chunk(_MB)),
    "small-chunks": lambda: _for_ever(_head("Transfer-Encoding: chunked"), _chunk(512) * 2048),
}


@pytest.mark.parametrize("name", ENDLESS)
def test_of_a_body_without_an_end_comes_what_is_wanted(name: str) -> None:
    with librarian(lambda _: ENDLESS[name]()) as here:
        tracemalloc.start()
        try:
            assert downloaded(here) > 50 * _MB
            assert tracemalloc.get_traced_memory()[1] < 12 * _MB
        finally:
            tracemalloc.stop()


#: what is no file at all, or never becomes one
WORTHLESS: dict[str, Callable[[], Bytes]] = {
    "headers": lambda: _for_ever(b"HTTP/1.1 200 OK\r\n", b"X-Zap: 1\r\n" * 1000),
    "continue": lambda: _for_ever(b"", b"HTTP/1.1 100 Continue\r\n\r\n" * 10_000),
    "chunk-size": lambda: _for_ever(_head("Transfer-Encoding: chunked"), b"0" * _MB),
    "extensions": lambda: _for_ever(
        _head("Transfer-Encoding: chunked"), b"1;" + b"z" * 4000 + b"\r\nx\r\n"
    ),
    "trailer": lambda: _for_ever(
        _head("Transfer-Encoding: chunked") + b"0\r\n", b"X-Zap: 1\r\n" * 100_000
    ),
    "no-length": lambda: _for_ever(_head("Connection: close"), b"z" * _MB),
    "two-lengths": lambda: whole(b"hello", "Content-Length: 9"),
    "negative": lambda: iter([_head("Content-Length: -1") + b"{}"]),
    "no-number": lambda: iter([_head("Content-Length: zap") + b"{}"]),
    "short": lambda: iter([_head("Content-Length: 999") + b"hello"]),
    "short-chunk": lambda: iter([_head("Transfer-Encoding: chunked") + b"9\r\nhello"]),
    "no-http": lambda: iter([b"zap\r\n\r\n"]),
}


@pytest.mark.parametrize("name", WORTHLESS)
def test_what_is_no_file_is_given_up(name: str) -> None:
    with librarian(lambda _: WORTHLESS[name]()) as here:
        began = time.monotonic()
        tracemalloc.start()
        try:
            with pytest.raises((Retriable, Refused, Unreachable)) as caught:
                downloaded(here)
            assert tracemalloc.get_traced_memory()[1] < 24 * _MB
        finally:
            tracemalloc.stop()
        assert time.monotonic() - began < 20
    assert "zap" not in str(caught.value).lower()


@pytest.mark.parametrize("first", [b"", b"z" * 300_000])
def test_what_drips_is_given_up(first: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bounded, "LONGEST", 1.0)
    head = _head("Content-Length: 900000000") + first
    with librarian(lambda _: _for_ever(head, b"z" * 10, 0.01)) as here:
        began = time.monotonic()
        with pytest.raises(Retriable, match="slower"):
            downloaded(here)
        assert time.monotonic() - began < 10


# -- where it leads -------------------------------------------------------------------------------


@pytest.fixture
def stranger() -> Iterator[Stranger]:
    other = Stranger()
    with serving(other):
        yield other


def led(here: Shelf, location: str) -> None:
    """Have the web service send us somewhere."""
    fault = Fault(do="status", status=303, headers={"Location": location}, path="/data", times=9)
    here.standin.faults.append(fault)


@pytest.mark.parametrize("where", ELSEWHERE)
def test_only_what_looks_like_a_file_of_a_librarian_is_asked_for(
    stranger: Stranger, where: str
) -> None:
    with librarian(lambda _: None) as here:
        led(here, ELSEWHERE[where].replace("HERE", stranger.url))
        with pytest.raises((Refused, Gone)) as caught:
            downloaded(here)
    assert stranger.came == []
    assert "zap" not in str(caught.value)
    assert "meta" not in str(caught.value)


def test_the_login_goes_nowhere_else(stranger: Stranger) -> None:
    with librarian(lambda _: None) as here:
        led(here, f"{stranger.url}/1/x")
        downloaded(here)  # nobody could tell that this is not the librarian
    (request,) = stranger.came
    said = repr([request.target, *request.headers.items()])
    assert "SECRET" not in said
    assert "oauth" not in said.lower()


def test_the_librarian_sends_us_nowhere(stranger: Stranger) -> None:
    to = f"HTTP/1.1 303 See Other\r\nLocation: {stranger.url}/1/x\r\nContent-Length: 0\r\n\r\n"
    with librarian(lambda _: iter([to.encode()])) as here, pytest.raises(Refused):
        downloaded(here)
    assert stranger.came == []


@pytest.mark.parametrize("named", ["127.0.0.1", "localhost"])
def test_a_launchpad_far_away_does_not_send_us_to_this_machine(
    stranger: Stranger, named: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reach, "_addresses", lambda _: ["8.8.8.8"])
    with librarian(lambda _: None) as here:
        led(here, stranger.url.replace("127.0.0.1", named) + "/1/x")
        with pytest.raises(Refused, match="only we can reach"):
            downloaded(here)
    assert stranger.came == []


@pytest.mark.parametrize(
    ("own", "allowed", "refused"),
    [
        (["8.8.8.8"], ["1.1.1.1", "2606:4700::1111"], ["127.0.0.1", "10.0.0.1", "::1"]),
        (["10.9.8.7"], ["10.0.0.1", "192.168.1.1", "fd00::1", "8.8.8.8"], ["127.0.0.1"]),
        (["127.0.0.1"], ["127.0.0.1", "127.9.9.9", "::1", "8.8.8.8"], ["10.0.0.1"]),
        ([], ["8.8.8.8"], ["127.0.0.1", "10.0.0.1"]),
    ],
)
def test_nearer_than_the_tracker_itself_nobody_is_asked(
    own: list[str], allowed: list[str], refused: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reach, "_addresses", lambda _: own)
    may = reach.Reach("tracker.example")
    assert [one for one in allowed if not may(one)] == []
    always = ["169.254.169.254", "0.0.0.0", "224.0.0.1", "255.255.255.255", "fe80::1%eth0", "zap"]
    hidden = ["::ffff:127.0.0.1", "64:ff9b::a9fe:a9fe", "2002:a9fe:a9fe::1", "100.64.0.1"]
    far = own == ["8.8.8.8"]
    assert [one for one in [*refused, *always, *(hidden if far else ())] if may(one)] == []


def test_bytes_of_another_request_are_nobodys(stranger: Stranger) -> None:
    """More than the length says: what is left over belongs to no file."""
    sent = 0

    def wire(_: Request) -> Bytes:
        nonlocal sent
        sent += 1
        return iter([_head("Content-Length: 6") + b"hello\n" + b"HTTP/1.1 200 OK\r\n\r\nzap"])

    with librarian(wire) as here:
        source = here.source()
        one = only(source, here.bug)
        for _ in range(2):
            with source.download(one) as download:
                assert b"".join(download.parts) == b"hello\n"
    assert sent == 2
