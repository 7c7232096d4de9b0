"""Dates as the wire has them: ISO with +00:00, microseconds left out when they are 0."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from tracker_migrate.backends.launchpad.standin.errors import Refusal


def iso(moment: datetime) -> str:
    """A moment as the wire has it; such texts sort by time."""
    return moment.astimezone(UTC).isoformat()


def parse_date(name: str, text: str) -> str:
    """An argument that is a date or a date and time; 400 for anything else."""
    return iso(moment_of(name, text))


def moment_of(name: str, text: str) -> datetime:
    """The moment that an argument names."""
    try:
        moment = datetime.fromisoformat(text.strip())
    except ValueError:
        raise Refusal(400, f"{name}: Value doesn't look like a date.") from None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def plus(text: str, **delta: float) -> str:
    """A date of the wire, moved."""
    return iso(datetime.fromisoformat(text) + timedelta(**delta))
