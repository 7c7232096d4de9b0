"""The time that the daemon goes by: this machine's, unless it is given another."""

from __future__ import annotations

import threading
import time
from datetime import UTC, datetime


class Clock:
    """This machine's time. A test gives the daemon one whose hours pass sooner."""

    def now(self) -> datetime:
        """This moment, UTC."""
        return datetime.now(UTC)

    def monotonic(self) -> float:
        """Seconds since some moment; never set back."""
        return time.monotonic()

    def wait(self, event: threading.Event, seconds: float) -> bool:
        """Let so many seconds pass, fewer if the event happens. Whether it has happened."""
        return event.wait(seconds)
