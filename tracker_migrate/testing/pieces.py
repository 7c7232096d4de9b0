"""Bodies of any size, piece by piece: what stand-ins send of a file that nobody holds whole."""

from __future__ import annotations

from collections.abc import Iterator

#: bytes of one piece
PIECE = 256 * 1024


def pieces(content: bytes, size: int | None = None, start: int = 0) -> Iterator[bytes]:
    """A file's bytes from `start` on. size: of the file; `content` is repeated, or cut, to it."""
    size = len(content) if size is None else size
    if 0 < len(content) < min(PIECE, size):
        content *= PIECE // len(content)
    while start < size and content:
        within = start % len(content)
        piece = content[within : within + min(PIECE, size - start)]
        yield piece
        start += len(piece)
