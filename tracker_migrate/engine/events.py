"""Telling a listener what happens. Nothing private is ever in an event: keys and counts alone."""

from __future__ import annotations

from collections.abc import Callable

from tracker_migrate.interfaces import Event

Listen = Callable[[Event], None]


def silent(_event: Event) -> None:
    """A listener that hears nothing."""
