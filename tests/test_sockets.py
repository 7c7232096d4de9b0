"""A request leaves whole, or not at all: nobody is killed between its head and its body."""

from __future__ import annotations

import io
from typing import Any

import pytest

from tracker_migrate.sockets import _Plain


class Line:
    """A socket that notes each call that sends, and answers with nothing to say."""

    def __init__(self) -> None:
        self.sent: list[bytes] = []

    def sendall(self, data: bytes) -> None:
        self.sent.append(bytes(data))

    def makefile(self, *_args: Any, **_more: Any) -> io.RawIOBase:
        return io.BytesIO(b"HTTP/1.1 204 No Content\r\n\r\n")  # type: ignore[return-value]

    def settimeout(self, _seconds: float | None) -> None:
        pass

    def close(self) -> None:
        pass


@pytest.fixture
def line() -> Line:
    return Line()


def ask(line: Line, method: str, body: Any = None) -> None:
    connection = _Plain("x.example.org")
    connection.sock = line
    connection.request(method, "/v1/stories/1/comments", body=body)


@pytest.mark.parametrize(
    "body", [b'{"content": "hello"}', '{"content": "hello"}', b"x" * 2_000_000]
)
def test_head_and_body_leave_in_one_call(line: Line, body: Any) -> None:
    ask(line, "POST", body)
    (sent,) = line.sent
    head, _, rest = sent.partition(b"\r\n\r\n")
    assert head.startswith(b"POST /v1/stories/1/comments")
    assert rest == (body.encode() if isinstance(body, str) else body)


@pytest.mark.parametrize("method", ["GET", "POST", "DELETE"])
def test_a_request_without_a_body_leaves_at_once(line: Line, method: str) -> None:
    ask(line, method)
    (sent,) = line.sent
    assert sent.endswith(b"\r\n\r\n")


def test_a_body_in_pieces_leaves_piece_by_piece_the_first_with_the_head(line: Line) -> None:
    ask(line, "POST", iter([b"a" * 10, b"b" * 10]))
    assert len(line.sent) >= 2
    assert b"a" * 10 in line.sent[0]
    assert b"".join(line.sent).count(b"b" * 10) == 1


def test_one_connection_serves_one_request_after_another(line: Line) -> None:
    connection = _Plain("x.example.org")
    connection.sock = line
    for body in (b"one", None, b"two"):
        connection.request("POST", "/", body=body)
        connection.getresponse().read()
    assert [sent.rpartition(b"\r\n\r\n")[2] for sent in line.sent] == [b"one", b"", b"two"]
