"""When the logins of a workspace end: by what the server said at the login, or by the settings."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from tracker_migrate.errors import WorkspaceError
from tracker_migrate.workspace import granted, secrets
from tracker_migrate.workspace.settings import Settings


def ends(folder: Path, settings: Settings) -> Iterator[tuple[str, str, datetime]]:
    """Each login of which it is known: whose (`source`, or a target's name), the credential's name,
    and when it ends. What the settings say counts before what the server said."""
    tracker = settings.source.specs[0].partition(":")[0]
    yield from _end(folder, "source", tracker, settings.source.token_ends)
    for name, target in settings.targets.items():
        yield from _end(folder, name, f"{name}-token", target.get("token_ends"))


def _end(folder: Path, of: str, name: str, said: Any) -> Iterator[tuple[str, str, datetime]]:
    when = as_moment(said) if said is not None else _noted(folder, name)
    if when is not None:
        yield of, name, when


def _noted(folder: Path, name: str) -> datetime | None:
    try:
        held = secrets.secret(folder, name)
    except WorkspaceError:  # told where it is used
        return None
    note = granted.of(folder, name, " ".join(held.split())) if held else None
    return as_moment(note.ends) if note is not None else None


def as_moment(said: Any) -> datetime | None:
    """A date or moment, or an ISO text of one; None for what is none, such as `never`. A date ends
    with its beginning, UTC."""
    if isinstance(said, date) and not isinstance(said, datetime):
        return datetime(said.year, said.month, said.day, tzinfo=UTC)
    try:
        when = said if isinstance(said, datetime) else datetime.fromisoformat(str(said))
    except ValueError:
        return None
    return when if when.tzinfo else when.replace(tzinfo=UTC)
