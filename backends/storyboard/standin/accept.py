"""Which form of answer a caller takes: the Accept header, and nothing else of HTTP."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache


@lru_cache(maxsize=64)
def _ranges(accept: str) -> tuple[tuple[str, float], ...]:
    return tuple(_range(part) for part in accept.split(",") if part.strip())


def _range(part: str) -> tuple[str, float]:
    name, *parameters = (piece.strip() for piece in part.split(";"))
    weight = next((text[2:] for text in parameters if text.startswith("q=")), "1")
    return name.lower(), float(weight)


def _weight(accept: str, offer: str) -> float:
    family = offer.partition("/")[0] + "/*"
    exact = [weight for name, weight in _ranges(accept) if name == offer]
    wide = [weight for name, weight in _ranges(accept) if name in (family, "*/*")]
    return max(exact or wide or [0.0])


def preferred(accept: str, offers: Sequence[str]) -> str | None:
    """The offer that the caller likes best, the earlier of two equals; None if it takes none."""
    weight, place = max((_weight(accept, offer), -at) for at, offer in enumerate(offers))
    return offers[-place] if weight > 0 else None
