"""Puts people and their tokens into the store, past the API."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from tracker_migrate.backends.storyboard.standin import dates
from tracker_migrate.backends.storyboard.standin.collation import fold
from tracker_migrate.backends.storyboard.standin.errors import taken
from tracker_migrate.backends.storyboard.standin.personas import (
    EXPIRED_TOKEN,
    TEN_YEARS,
    Persona,
)
from tracker_migrate.backends.storyboard.standin.store import Store

LONG_AGO = "2020-01-01T00:00:00+00:00"


def seed(store: Store, personas: Sequence[Persona], now: datetime) -> None:
    """The personas, and for the first superuser a token that has run out."""
    added = [add_user(store, one, now) for one in personas]
    superusers = (n for n, one in zip(added, personas, strict=True) if one.is_superuser)
    if (number := next(superusers, None)) is not None:
        add_token(store, number, EXPIRED_TOKEN, now, LONG_AGO)


def add_user(store: Store, persona: Persona, now: datetime) -> int:
    """A user, and the token if one is named; returns the number. 400 if it is taken."""
    number = store.free("user", {"id": persona.id})
    values = {
        "full_name": persona.full_name,
        "email": persona.email,
        "folded": fold(persona.email),
        "openid": persona.openid,
        "is_superuser": persona.is_superuser,
        "enable_login": persona.enable_login,
        "created_at": dates.kept(now),
    }
    store.insert("user", {**values, "id": number}, taken("User", persona.email))
    if persona.token is not None:
        add_token(store, number, persona.token, now, persona.ends)
    return number


def add_token(store: Store, user: int, token: str, now: datetime, ends: str | None) -> None:
    """A token of a user that ends at a date; ten years from now if none is named."""
    values = {
        "user_id": user,
        "access_token": token,
        "expires_in": TEN_YEARS,
        "ends": ends or dates.kept(now + timedelta(seconds=TEN_YEARS)),
        "created_at": dates.kept(now),
    }
    number = store.take("token")
    store.insert("token", {**values, "id": number}, taken("AccessToken", token))
