"""A bare load: requests that were asked before, asked again over so many connections with as little
work as there can be, no reply understood. What a server gives to that is its ceiling."""

from __future__ import annotations

import queue
import socket
import threading
import time
from collections import defaultdict
from collections.abc import Iterable, Sequence
from contextlib import ExitStack
from typing import Any, Self
from urllib.parse import urlsplit

#: headers that belong to one connection
_OWN = frozenset({"host", "connection", "content-length", "accept-encoding", "transfer-encoding"})


class Ask:
    """One request, as `benchmarks.served` noted it. lanes: what of a kind goes one at a time."""

    def __init__(self, noted: dict[str, Any], address: str, lanes: Sequence[str] = ()) -> None:
        body = noted["body"].encode("latin-1")
        self.address = address
        self.lanes = sorted(lanes)
        headers = {n: text for n, text in noted["headers"].items() if n not in _OWN}
        headers |= {"host": urlsplit(address).netloc, "content-length": str(len(body))}
        lines = [f"{noted['method']} {noted['target']} HTTP/1.1"]
        lines += [f"{name}: {text}" for name, text in headers.items()]
        self.bytes = "\r\n".join([*lines, "", ""]).encode("latin-1") + body


#: requests, each after the answer to the one before
Chain = Sequence[Ask]


class Line:
    """One connection."""

    def __init__(self, address: str) -> None:
        split = urlsplit(address)
        self._socket = socket.create_connection((split.hostname, split.port), 60)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def ask(self, one: Ask) -> int:
        """The status of the answer, which was read to its end."""
        self._socket.sendall(one.bytes)
        got = b""
        while b"\r\n\r\n" not in got:
            got += self._more()
        head, _, body = got.partition(b"\r\n\r\n")
        left = _length(head) - len(body)
        while left > 0:
            left -= len(self._more())
        return int(head[9:12])

    def _more(self) -> bytes:
        piece = self._socket.recv(1 << 18)
        if not piece:
            raise ConnectionError("the stand-in closed a connection")
        return piece

    def close(self) -> None:
        """End it."""
        self._socket.close()


def _length(head: bytes) -> int:
    for line in head.split(b"\r\n"):
        name, _, text = line.partition(b":")
        if name.lower() == b"content-length":
            return int(text)
    return 0


class Load:
    """So many connections that ask side by side. refused: how many answers were errors."""

    def __init__(self) -> None:
        self._lanes: dict[str, threading.Lock] = defaultdict(threading.Lock)
        self._guard = threading.Lock()
        self._began = time.monotonic()
        self.asked = self.refused = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self.seconds = time.monotonic() - self._began

    def ask(self, chains: Iterable[Chain], connections: int) -> None:
        """Ask all; a chain is taken up when a connection is free, in their order."""
        waiting: queue.SimpleQueue[Chain] = queue.SimpleQueue()
        for chain in chains:
            waiting.put(chain)
        failed: list[BaseException] = []
        threads = [
            threading.Thread(target=self._work, args=(waiting, failed)) for _ in range(connections)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        if failed:
            raise failed[0]

    def _work(self, waiting: queue.SimpleQueue[Chain], failed: list[BaseException]) -> None:
        lines: dict[str, Line] = {}
        try:
            while True:
                for one in waiting.get_nowait():
                    line = lines.get(one.address) or lines.setdefault(
                        one.address, Line(one.address)
                    )
                    self._one(line, one)
        except queue.Empty:
            pass
        except BaseException as error:  # noqa: BLE001  told by whoever started the thread
            failed.append(error)
        finally:
            for line in lines.values():
                line.close()

    def _one(self, line: Line, one: Ask) -> None:
        with ExitStack() as stack:
            for lane in one.lanes:
                stack.enter_context(self._lane(lane))
            status = line.ask(one)
        with self._guard:
            self.asked += 1
            self.refused += status >= 400

    def _lane(self, name: str) -> threading.Lock:
        with self._guard:
            return self._lanes[name]
