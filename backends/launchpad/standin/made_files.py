"""The files of a made-up project: logs and patches, and now and then one of another kind."""

from __future__ import annotations

import gzip
import struct
import zlib
from collections.abc import Callable

File = tuple[str, str, bytes]


def made_file(number: int, title: str, text: bytes) -> File:
    """Name, media type and bytes of an attachment. No chance in it: the same for the same number.

    One in seven each: a picture, a name that is not ASCII, one that tries to be a path, a packed
    log, and nothing at all.
    """
    if title.endswith(".diff"):
        return title, "text/x-diff", text
    odd = _ODD.get(number % 7)
    return odd(number, text) if odd is not None else (title, "text/plain", text)


def _picture(number: int, _: bytes) -> File:
    rows = b"".join(b"\0" + bytes((number + x * y) % 256 for x in range(16)) for y in range(16))
    parts = (
        (b"IHDR", struct.pack(">IIBBBBB", 16, 16, 8, 0, 0, 0, 0)),
        (b"IDAT", zlib.compress(rows)),
        (b"IEND", b""),
    )
    chunks = (
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        for kind, data in parts
    )
    return f"screenshot-{number}.png", "image/png", b"\x89PNG\r\n\x1a\n" + b"".join(chunks)


def _foreign(number: int, text: bytes) -> File:
    return f"журнал é 再起動 {number}.txt", "text/plain; charset=utf-8", text


def _path(number: int, text: bytes) -> File:
    return f"..\\..\\boot {number}%2f..%2f.ini", "text/plain", text


def _packed(number: int, text: bytes) -> File:
    return f"build-{number}.txt.gz", "application/gzip", gzip.compress(text, mtime=0)


def _empty(number: int, _: bytes) -> File:
    return f"empty-{number}.log", "application/octet-stream", b""


_ODD: dict[int, Callable[[int, bytes], File]] = {
    1: _picture,
    2: _foreign,
    3: _path,
    4: _packed,
    5: _empty,
}
