"""What "unchanged" means: a canonical form of a value, and its sha256."""

from __future__ import annotations

import hashlib
from typing import Any

import msgspec

_encoder = msgspec.json.Encoder(order="deterministic")


def canonical(value: Any) -> bytes:
    """The one JSON form of a value: sorted names, no blanks, structs by their fields."""
    return _encoder.encode(value)


def digest(value: Any) -> str:
    """The first 32 hexadecimal digits of the sha256 of the canonical form (128 bits)."""
    return hashlib.sha256(canonical(value)).hexdigest()[:32]


def digests(fields: dict[str, Any]) -> dict[str, str]:
    """A short digest (64 bits) of each field: to say which one changed, not to prove equality."""
    return {name: short(value) for name, value in fields.items()}


def short(value: Any) -> str:
    """The digest of one field's value, as `digests` has it."""
    return digest(value)[:16]
