"""Bad replies, byte by byte: what goes over the wire instead of an answer."""

from __future__ import annotations

import gzip
import time
import zlib
from collections.abc import Callable, Iterator

Bytes = Iterator[bytes]
_MB = 2**20
#: what a server might say that must be seen nowhere
WORDS = "zap-7f3a"


def _head(*lines: str, status: str = "200 OK", kind: str = "application/json") -> bytes:
    return "\r\n".join(
        [f"HTTP/1.1 {status}", f"Content-Type: {kind}", "Connection: close", *lines, "", ""]
    ).encode()


def whole(
    body: bytes, *lines: str, status: str = "200 OK", kind: str = "application/json"
) -> Bytes:
    """An answer with its right length."""
    yield _head(f"Content-Length: {len(body)}", *lines, status=status, kind=kind) + body


def _for_ever(head: bytes, piece: bytes, pause: float = 0.0) -> Bytes:
    """Two GB of it, or until the client has had enough."""
    yield head
    for _ in range(2 * 1024 * _MB // len(piece)):
        yield piece
        time.sleep(pause)


def gzip_bomb() -> Bytes:
    """Two GB of blanks, packed into two MB."""
    yield _head("Content-Encoding: gzip")
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    for _ in range(2 * 1024):
        if packed := packer.compress(b" " * _MB):
            yield packed
    yield packer.flush()


def packed_twice() -> Bytes:
    inner = gzip.compress(b" " * 32 * _MB)
    return whole(gzip.compress(inner), "Content-Encoding: gzip, gzip")


def dripping() -> Bytes:
    """A byte now and then, for ever."""
    return _for_ever(_head(), b" ", 0.05)


#: name → the bytes. Each ends by itself, or when the client hangs up
BAD: dict[str, Callable[[], Bytes]] = {
    # -- too much
    "gzip-bomb": gzip_bomb,
    "packed-twice": packed_twice,
    "endless-body": lambda: _for_ever(_head(), b" " * _MB),
    "endless-chunks": lambda: _for_ever(
        _head("Transfer-Encoding: chunked"), b"100000\r\n" + b" " * _MB + b"\r\n"
    ),
    "endless-chunk-size": lambda: _for_ever(_head("Transfer-Encoding: chunked"), b"0" * _MB),
    "endless-trailer": lambda: _for_ever(
        _head("Transfer-Encoding: chunked") + b"0\r\n", b"X-Zap: 1\r\n" * 100_000
    ),
    "endless-headers": lambda: _for_ever(b"HTTP/1.1 200 OK\r\n", b"X-Zap: 1\r\n" * 1000),
    "endless-header": lambda: _for_ever(b"HTTP/1.1 200 OK\r\nX-Zap: ", b"z" * _MB),
    "endless-continue": lambda: _for_ever(b"", b"HTTP/1.1 100 Continue\r\n\r\n" * 10_000),
    "ten-gb-announced": lambda: _for_ever(_head("Content-Length: 10737418240"), b" " * _MB),
    "dripping-body": dripping,
    "dripping-header": lambda: _for_ever(b"HTTP/1.1 200 OK\r\nX-Zap: ", b"z", 0.05),
    # -- JSON that costs
    "nested-arrays": lambda: whole(b"[" * 10**6 + b"]" * 10**6),
    "nested-objects": lambda: whole(b'{"a":' * 10**6 + b"1" + b"}" * 10**6),
    "nested-open": lambda: whole(b'[{"a":' * 10**6),
    "many-values": lambda: whole(b"[" + b"{}," * 8 * 10**6 + b"{}]"),
    "huge-number": lambda: whole(b'{"id": ' + b"9" * 5 * 10**6 + b"}"),
    "open-string": lambda: whole(b'{"a": "' + b'\\"' * 4 * 10**6),
    # -- no JSON
    "nothing": lambda: whole(b""),
    "null": lambda: whole(b"null"),
    "text": lambda: whole(f'"{WORDS}"'.encode()),
    "page": lambda: whole(f"<html><script>{WORDS}</script>".encode(), kind="text/html"),
    "page-said-to-be-json": lambda: whole(f"<html><script>{WORDS}</script>".encode()),
    "not-a-number": lambda: whole(b'{"id": NaN, "entries": Infinity}'),
    "byte-order-mark": lambda: whole(b'\xef\xbb\xbf{"id": 1}'),
    "no-utf8": lambda: whole(b'{"id": "\xff\xfe\xc0\x80"}'),
    "names-twice": lambda: whole(b'{"id": 1, "id": "zap", "id": [], "entries": {}}'),
    "broken-gzip": lambda: whole(b"\x1f\x8b\x08zap" * 99, "Content-Encoding: gzip"),
    "no-http": lambda: iter([f"{WORDS}\r\n\r\n".encode()]),
    "short-body": lambda: iter([_head("Content-Length: 999") + b'{"a": 1}']),
    "negative-length": lambda: iter([_head("Content-Length: -1") + b"{}"]),
    "no-status": lambda: whole(b"{}", status="99999 zap"),
    # -- what headers say
    "patience-for-ever": lambda: whole(b"", f"Retry-After: {'9' * 400}", status="400 No"),
    "patience-no-number": lambda: whole(b"", "Retry-After: \u00b2", status="400 No"),
    "cookies": lambda: whole(
        b"{}", *(f"Set-Cookie: c{n}=zap; Domain=127.0.0.1" for n in range(90)), status="400 No"
    ),
}
#: where a redirect may lead; HERE becomes the address of a second server
ELSEWHERE = {
    "other-host": "HERE/devel/bugs/1",
    "other-scheme": "file:///etc/passwd",
    "local": "http://127.0.0.1:1/",
    "local-6": "http://[::1]:1/",
    "cloud": "http://169.254.169.254/latest/meta-data/",
    "no-scheme": "//127.0.0.1:1/",
    "broken": "http://[::1",
    "not-utf8": "http://\xff\xfe/",
    "user": "http://zap:zap@127.0.0.1:1/",
    "nowhere": "",
}


def redirect(status: int, where: str) -> Bytes:
    """A redirect, and what a browser would show."""
    lines = [f"HTTP/1.1 {status} Zap", f"Location: {where}", "Connection: close"]
    yield "\r\n".join([*lines, "Content-Length: 0", "", ""]).encode("latin-1")
