"""Who is there before the first request: people and their tokens."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Persona:
    """A user with one token. `ends` is when the token runs out, an ISO date; None: in ten years.

    `id` None takes the next free number; `token` None makes no token.
    """

    full_name: str
    email: str
    token: str | None = None
    id: int | None = None
    is_superuser: bool = False
    openid: str | None = None
    enable_login: bool = True
    ends: str | None = None

    @classmethod
    def of(cls, given: Mapping[str, Any]) -> Persona:
        """From what a control call or a file says; TypeError on an unknown field."""
        return cls(**given)


def _lab(name: str, number: int, superuser: bool = False) -> Persona:
    return Persona(
        full_name=f"Lab {'Superuser' if superuser else name.title()}",
        email=f"{name}@example.org",
        token=f"token-of-{name}",
        id=number,
        is_superuser=superuser,
        openid=f"https://login.example.org/+id/{name}",
    )


#: the people of the recordings; a token of the first that has run out is there as well
PERSONAS: tuple[Persona, ...] = (_lab("super", 1, True), _lab("normal", 2), _lab("other", 3))
EXPIRED_TOKEN = "token-that-ran-out"
TEN_YEARS = 315_360_000
