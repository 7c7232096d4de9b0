"""Dates as StoryBoard reads, keeps and shows them: UTC, whole seconds (facts 2.1)."""

from __future__ import annotations

from datetime import UTC, datetime


def now() -> datetime:
    """The clock that a stand-in has unless a test gives it another."""
    return datetime.now(UTC)


def kept(moment: datetime) -> str:
    """As a later GET shows it: UTC, the fraction cut off (MariaDB cuts, it does not round)."""
    return moment.astimezone(UTC).replace(microsecond=0).isoformat()


def shown(moment: datetime) -> str:
    """As the answer to the POST shows it: with its fraction and its own zone."""
    return moment.isoformat()


def parse(text: str) -> datetime:
    """A date, with or without a zone; ValueError if it is none."""
    return datetime.fromisoformat(text)
