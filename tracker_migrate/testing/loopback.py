"""A small HTTP server on 127.0.0.1 that a tracker's stand-in is built on, and that can misbehave.

It knows no tracker. A stand-in subclasses `StandIn` and says what a request is answered with;
this file listens, counts, delays, loses, resets and truncates. Each connection has a thread of
its own and is kept alive, as the real servers do.

A running stand-in is steered over its own wire, so that it may live in another process:
`GET /__standin__/counts`, `POST /__standin__/faults`, `DELETE /__standin__/faults`.
"""

from __future__ import annotations

import argparse
import json
import signal
import socket
import socketserver
import struct
import sys
import threading
import time
import weakref
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any, Protocol
from urllib.parse import parse_qsl, unquote, urlsplit

CONTROL = "/__standin__/"
MAX_HEAD = 256 * 1024


class Stream(Protocol):
    """As much of a file as a request is read from."""

    def read(self, size: int, /) -> bytes:
        """That many bytes, fewer at the end."""
        ...

    def readline(self, limit: int = -1, /) -> bytes:
        """Up to and with the next newline."""
        ...


@dataclass(frozen=True)
class Request:
    """One request as it came: `path` is decoded and has no query; header names are lower case."""

    method: str
    target: str
    path: str
    query: tuple[tuple[str, str], ...]
    headers: Mapping[str, str]
    body: bytes

    def arg(self, name: str, default: str | None = None) -> str | None:
        """The first value of a query argument, or `default`."""
        return next((value for key, value in self.query if key == name), default)

    def args(self, name: str) -> list[str]:
        """All values of a query argument, in order."""
        return [value for key, value in self.query if key == name]

    def json(self) -> Any:
        """The body as JSON; ValueError if it is none."""
        return json.loads(self.body)


@dataclass(frozen=True)
class Reply:
    """What goes back. `headers` need not name Content-Length, Connection or Date.

    parts: makes the body piece by piece, in place of `body`, so that a long one is never held; size
    is its length in bytes.
    """

    status: int = 200
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    parts: Callable[[], Iterator[bytes]] | None = None
    size: int = 0

    @property
    def length(self) -> int:
        """Of the body, in bytes."""
        return len(self.body) if self.parts is None else self.size

    def pieces(self, limit: int) -> Iterator[bytes]:
        """The body, up to so many bytes of it."""
        for piece in iter((self.body,)) if self.parts is None else self.parts():
            yield piece[:limit]
            limit -= len(piece)
            if limit <= 0:
                return

    @classmethod
    def of_json(cls, value: Any, status: int = 200, **headers: str) -> Reply:
        """A JSON reply; underscores in keyword names stand for hyphens of header names."""
        named = {name.replace("_", "-"): text for name, text in headers.items()}
        body = json.dumps(value, ensure_ascii=True).encode()
        return cls(status, body, {"Content-Type": "application/json", **named})


@dataclass
class Fault:
    """One way to misbehave, for the next `times` requests that match, after `skip` matching ones.

    do: `delay` (seconds, then a normal answer) · `hold` (done, the reply comes seconds later) ·
    `reset` (before anything is done) · `drop` (nothing done, the connection closes without a
    reply) · `lose` (done, then the connection closes without a reply) ·
    `late` (the connection closes at once, the work is done `seconds` later) · `truncate` (done,
    half of the body arrives) ·
    `mangle` (done, the body is cut and is no JSON) · `status` (nothing done, this status, body and
    headers) · `html` (nothing done, 200 with a page) · `double` (something between delivers it
    twice: at once, or again when `after` further requests were answered) · any name in the
    stand-in's own `mischief`.
    """

    do: str
    method: str | None = None
    path: str | None = None  # a part of the path
    body: str | None = None  # a part of the body
    times: int = 1
    skip: int = 0
    seconds: float = 0.0
    status: int = 503
    text: str = ""
    headers: dict[str, str] = field(default_factory=dict)
    after: int = 0
    writes: bool = False  # only requests that could change something at the tracker

    def takes(self, request: Request) -> bool:
        """Whether this fault strikes now; counts down `skip` and `times`."""
        if self.times <= 0 or not self._matches(request):
            return False
        if self.skip > 0:
            self.skip -= 1
            return False
        self.times -= 1
        return True

    def _matches(self, request: Request) -> bool:
        return (
            (self.method is None or self.method == request.method)
            and (self.path is None or self.path in request.target)
            and (self.body is None or self.body.encode() in request.body)
        )


#: what of a `Fault` each word of `faults.FAULTS` is, where it isn't a word of `Fault.do` itself
_STRUCK: Mapping[str, dict[str, Any]] = {
    "slow": {"do": "delay", "seconds": 0.2},
    "late": {"do": "late", "seconds": 0.2},
    "busy": {"do": "status", "status": 429, "headers": {"Retry-After": "0"}},
    "unavailable": {"do": "status", "status": 503, "headers": {"Retry-After": "0"}},
    "gateway": {"do": "status", "status": 502},
    "down": {"do": "reset", "times": 4},
    "expired": {"do": "status", "status": 401},
}


def struck(word: str, **where: Any) -> Fault:
    """The fault that a word of `faults.FAULTS` names. where: other fields of `Fault`, such as
    `method`, `path`, `times`, `seconds`."""
    return Fault(**{"do": word, **_STRUCK.get(word, {}), **where})


class StandIn:
    """What a stand-in answers, and what it was asked. Subclass, and define `answer`.

    `answer` is called from one thread a connection: guard your state with `self.lock`.
    """

    #: names of a subclass's own faults: each gets the request, does its mischief, and returns a
    #: reply, or None to let the normal answer follow
    mischief: Mapping[str, Callable[[Request], Reply | None]] = {}

    def __init__(self) -> None:
        self.lock = threading.RLock()
        self.faults: list[Fault] = []
        self.latency = 0.0  # seconds added to every request
        self.requests: Counter[str] = Counter()
        self.held = 0  # replies that are held back just now
        self.again: list[tuple[int, Request]] = []  # to be delivered again, after so many more
        self.url = ""  # set when a server listens
        self.beside: tuple[StandIn, ...] = ()  # served with it, each under an address of its own
        self.listening: _Listening | None = None
        self.on_request: Callable[[Request], None] | None = None

    def answer(self, request: Request) -> Reply:
        """The answer of the tracker."""
        raise NotImplementedError

    def is_write(self, request: Request) -> bool:
        """Whether this request could change something at the tracker."""
        return request.method not in ("GET", "HEAD", "OPTIONS")

    def label(self, request: Request) -> str:
        """Under which name the request is counted."""
        return f"{request.method} {request.path}"

    def control(self, name: str, request: Request) -> Reply:
        """A stand-in's own steering calls, below `/__standin__/`; 404 if it has none."""
        return Reply.of_json({"error": f"no control {name!r}"}, 404)

    @contextmanager
    def down(self) -> Iterator[None]:
        """While in it, nothing listens at the stand-in's address, and no connection is left."""
        assert self.listening is not None, "it is not served"
        self.listening.stop()
        try:
            yield
        finally:
            self.listening.start()

    # -- called by the server ---------------------------------------------------------------

    def steer(self, request: Request) -> Reply:
        """Answer a control request."""
        name = request.path.removeprefix(CONTROL)
        with self.lock:
            if name == "counts":
                writes = sum(n for key, n in self.requests.items() if key.startswith("write:"))
                counts = {"writes": writes, "requests": dict(self.requests), "holding": self.held}
                return Reply.of_json(counts)
            if name == "reset-counts":
                self.requests.clear()
                return Reply.of_json({})
            if name == "latency":
                self.latency = float(request.json()["seconds"])
                return Reply.of_json({})
            if name == "faults" and request.method == "POST":
                self.faults.extend(Fault(**fault) for fault in request.json())
                return Reply.of_json({})
            if name == "faults" and request.method == "DELETE":
                self.faults.clear()
                return Reply.of_json({})
        return self.control(name, request)

    def count(self, request: Request) -> Fault | None:
        """Note a request, and say which fault strikes it."""
        with self.lock:
            kind = "write" if self.is_write(request) else "read"
            self.requests[f"{kind}:{self.label(request)}"] += 1
            return next(
                (
                    fault
                    for fault in self.faults
                    if (kind == "write" or not fault.writes) and fault.takes(request)
                ),
                None,
            )

    def due_again(self, passed: int = 1) -> list[Request]:
        """Count down by the answers that have passed; the requests that are delivered again now."""
        with self.lock:
            waiting = [(left - passed, request) for left, request in self.again]
            self.again = [one for one in waiting if one[0] > 0]
        return [request for left, request in waiting if left <= 0]

    def let_go(self) -> None:
        """Deliver now all that is still to be delivered a second time."""
        with self.lock:
            waiting, self.again = self.again, []
        for _left, request in waiting:
            self.answer(request)

    @contextmanager
    def holding(self) -> Iterator[None]:
        """While a reply is held back."""
        with self.lock:
            self.held += 1
        try:
            yield
        finally:
            with self.lock:
                self.held -= 1

    @property
    def writes(self) -> int:
        """How many writing requests came since the start (or since `reset-counts`)."""
        with self.lock:
            return sum(n for key, n in self.requests.items() if key.startswith("write:"))


class _Gone(Exception):
    """The connection has to end now."""


class _Connection(socketserver.StreamRequestHandler):
    disable_nagle_algorithm = True
    wbufsize = 0
    server: _Server

    def setup(self) -> None:
        super().setup()
        self.server.connections.add(self.connection)

    def finish(self) -> None:
        self.server.connections.discard(self.connection)
        super().finish()

    def handle(self) -> None:
        try:
            while (request := read_request(self.rfile)) is not None:
                self._serve(request)
                if request.headers.get("connection", "").lower() == "close":
                    return
        except (_Gone, ConnectionError, TimeoutError):
            return
        except ValueError as error:
            self._send(Reply(400, str(error).encode(), {"Content-Type": "text/plain"}))

    def _serve(self, request: Request) -> None:
        standin = self.server.standin
        if request.path.startswith(CONTROL):
            self._send(standin.steer(request))
            return
        if standin.on_request is not None:
            standin.on_request(request)
        fault = standin.count(request)
        if standin.latency:
            time.sleep(standin.latency)
        if fault is None:
            reply = self._answer(request)
            for again in standin.due_again():
                self._answer(again)
            self._send(reply)
        else:
            self._misbehave(fault, request)

    def _answer(self, request: Request) -> Reply:
        try:
            return self.server.standin.answer(request)
        except Exception as error:  # noqa: BLE001  a bug of the stand-in must be seen, not hang
            sys.stderr.write(f"stand-in failed on {request.method} {request.target}: {error!r}\n")
            return Reply(599, repr(error).encode(), {"Content-Type": "text/plain"})

    def _misbehave(self, fault: Fault, request: Request) -> None:
        if fault.do in self.server.standin.mischief:
            reply = self.server.standin.mischief[fault.do](request)
            self._send(reply if reply is not None else self._answer(request))
            return
        match fault.do:
            case "delay":
                time.sleep(fault.seconds)
                self._send(self._answer(request))
            case "hold":
                reply = self._answer(request)
                with self.server.standin.holding():
                    time.sleep(fault.seconds)
                self._send(reply)
            case "reset":
                self._reset()
            case "drop":
                raise _Gone
            case "lose":
                self._answer(request)
                raise _Gone
            case "double":
                self._send(self._twice(fault.after, request))
            case "late":
                timer = threading.Timer(fault.seconds, self._answer, (request,))
                timer.daemon = True
                timer.start()
                raise _Gone
            case "truncate":
                reply = self._answer(request)
                self._send(reply, cut=reply.length // 2)
                raise _Gone
            case "mangle":
                reply = self._answer(request)
                half = b"".join(reply.pieces(reply.length // 2))
                self._send(Reply(reply.status, half, reply.headers))
            case "status":
                page = {"Content-Type": "text/html", **fault.headers}
                self._send(Reply(fault.status, fault.text.encode(), page))
            case "html":
                page = {"Content-Type": "text/html"}
                self._send(Reply(200, b"<html><body>It works!</body></html>", page))
            case _:
                raise ValueError(f"unknown fault {fault.do!r}")

    def _twice(self, after: int, request: Request) -> Reply:
        """Deliver it twice: now, with the second reply; or when `after` others are answered."""
        reply = self._answer(request)
        if not after:
            return self._answer(request)
        with self.server.standin.lock:
            self.server.standin.again.append((after, request))
        return reply

    def _reset(self) -> None:
        linger = struct.pack("ii", 1, 0)
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        self.connection.close()
        raise _Gone

    def _send(self, reply: Reply, cut: int | None = None) -> None:
        try:
            reason = HTTPStatus(reply.status).phrase
        except ValueError:
            reason = "Unknown"
        head = [f"HTTP/1.1 {reply.status} {reason}"]
        head += [f"{name}: {value}" for name, value in reply.headers.items()]
        if reply.status not in (204, 304) and "Content-Length" not in reply.headers:
            head.append(f"Content-Length: {reply.length}")
        first = "\r\n".join([*head, "", ""]).encode("utf-8", "replace")
        for piece in reply.pieces(reply.length if cut is None else cut):
            self.connection.sendall(first + piece)
            first = b""
        if first:
            self.connection.sendall(first)


def read_request(stream: Stream) -> Request | None:
    """The next request of a connection, None at its end; ValueError if it is not HTTP."""
    line = stream.readline(MAX_HEAD)
    while line in (b"\r\n", b"\n"):
        line = stream.readline(MAX_HEAD)
    if not line:
        return None
    try:
        method, target, _version = line.decode("latin-1").split()
    except ValueError:
        raise ValueError(f"not an HTTP request line: {line[:80]!r}") from None
    headers: dict[str, str] = {}
    while (line := stream.readline(MAX_HEAD)) not in (b"\r\n", b"\n", b""):
        name, _, value = line.decode("latin-1").partition(":")
        headers[name.strip().lower()] = value.strip()
    if headers.get("transfer-encoding", "").lower() == "chunked":
        body = _read_chunks(stream)
    else:
        body = stream.read(int(headers.get("content-length", "0") or 0))
    split = urlsplit(target)
    query = tuple(parse_qsl(split.query, keep_blank_values=True))
    return Request(method, target, unquote(split.path), query, headers, body)


def _read_chunks(stream: Stream) -> bytes:
    parts = []
    while size := int(stream.readline().split(b";")[0], 16):
        parts.append(stream.read(size))
        stream.readline()
    stream.readline()
    return b"".join(parts)


class _Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True
    request_queue_size = 256
    block_on_close = False

    def __init__(self, standin: StandIn, port: int) -> None:
        self.standin = standin
        self.connections: weakref.WeakSet[socket.socket] = weakref.WeakSet()
        super().__init__(("127.0.0.1", port), _Connection)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that goes away is no error of ours."""


@contextmanager
def serving(standin: StandIn, port: int = 0) -> Iterator[str]:
    """Serve a stand-in from a thread of this process; yields its base address, no slash at the end.

    `port` 0 takes a free one. The address is also in `standin.url`.
    """
    listening = _Listening(standin, port)
    try:
        yield standin.url
    finally:
        listening.stop()


class _Listening:
    """A server that can be stopped and started again under the same address."""

    def __init__(self, standin: StandIn, port: int) -> None:
        self._standin = standin
        self._port = port
        self._server: _Server | None = None
        self._beside = [_Listening(one, 0) for one in standin.beside]
        self._listen()
        standin.url = f"http://127.0.0.1:{self._port}"
        standin.listening = self

    def start(self) -> None:
        """Take connections."""
        for one in self._beside:
            one.start()
        self._listen()

    def _listen(self) -> None:
        server = self._server = _Server(self._standin, self._port)
        self._port = server.server_address[1]
        self._thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Take none, and break those that are there; what was asked for is done all the same."""
        for one in self._beside:
            one.stop()
        server, self._server = self._server, None
        if server is None:
            return
        server.shutdown()
        server.server_close()
        self._thread.join(5)
        for connection in list(server.connections):
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)


def run_alone(standin: StandIn, port: int) -> None:
    """Serve a stand-in as this process's only duty, until SIGTERM or Ctrl-C.

    Prints one line, `listening on http://127.0.0.1:PORT`, when it is ready.
    """
    done = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: done.set())
    with serving(standin, port) as url:
        print(f"listening on {url}", flush=True)  # noqa: T201
        try:
            done.wait()
        except KeyboardInterrupt:
            return


def arguments(argv: Sequence[str] | None, about: str) -> argparse.Namespace:
    """The command line that every stand-in has: `--port`, `--data`, `--load`."""
    parser = argparse.ArgumentParser(description=about)
    parser.add_argument("--port", type=int, default=0, help="0 takes a free one")
    parser.add_argument("--data", default=":memory:", help="SQLite file to keep the data in")
    parser.add_argument("--load", action="append", default=[], help="what to fill it with")
    return parser.parse_args(argv)
