"""Users as others see them: the dates of a person are shown to that person alone."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tracker_migrate.backends.storyboard.standin.store import Row, Store


def person(row: Row, whole: bool = False) -> dict[str, Any]:
    """A user; `whole` with the dates."""
    return {
        "full_name": row["full_name"],
        "openid": row["openid"],
        "email": row["email"],
        "is_superuser": bool(row["is_superuser"]),
        "last_login": None,
        "enable_login": bool(row["enable_login"]),
        "id": row["id"],
        "created_at": row["created_at"] if whole else None,
        "updated_at": row["updated_at"] if whole else None,
    }


def people(store: Store, numbers: Sequence[int]) -> list[dict[str, Any]]:
    """Users by their numbers, in that order."""
    rows = store.among("SELECT * FROM user WHERE id IN ({numbers})", numbers)
    found = {row["id"]: person(row) for row in rows}
    return [found[number] for number in numbers if number in found]


def team(row: Row) -> dict[str, Any]:
    """A team."""
    return {name: row[name] for name in ("name", "id", "created_at", "updated_at")}


def full_name(store: Store, number: int | None) -> str:
    """How the timeline names an assignee."""
    name: str | None = store.value("SELECT full_name FROM user WHERE id = ?", (number,))
    return "unassigned" if name is None else name
