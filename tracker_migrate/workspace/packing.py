"""How values are kept in the database: JSON by msgspec, compressed, and times as text."""

from __future__ import annotations

import zlib
from datetime import UTC, datetime
from typing import Any, TypeVar

import msgspec

T = TypeVar("T")


def pack(value: Any) -> bytes:
    """Compressed JSON of a value."""
    return zlib.compress(msgspec.json.encode(value), 1)


def unpack(held: bytes, kind: type[T]) -> T:
    """The value again."""
    return msgspec.json.decode(zlib.decompress(held), type=kind)


def now() -> str:
    """This moment, UTC, as text that sorts by time."""
    return stamp(datetime.now(UTC))


def stamp(moment: datetime) -> str:
    """A moment as text that sorts by time, with microseconds always there."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def moment(text: str) -> datetime:
    """The moment again."""
    return datetime.strptime(text, "%Y-%m-%dT%H:%M:%S.%fZ").replace(tzinfo=UTC)
