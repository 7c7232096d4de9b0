"""Whether a host is up, as far as the requests of all threads tell. No I/O, no locks: times and
jitter are handed in.

closed   requests go out. After some failures in a row, with no answer between them, it opens.
open     nothing goes out but a probe now and then, more and more seldom.
trying   a probe was answered: one request goes out, and decides.
"""

from __future__ import annotations

import enum
from collections.abc import Callable

#: so many failures in a row say that the host is down
LIMIT = 3
#: and so do two, if this many seconds lie between the first and the last: slow ones
SLOW = 30.0
#: failures further apart than this, in seconds, are not in a row
WINDOW = 600.0
#: seconds until the first probe, and the longest between two
FIRST_PROBE = 1.0
LAST_PROBE = 30.0


class State(enum.Enum):
    """See the module."""

    CLOSED = "closed"
    OPEN = "open"
    TRYING = "trying"


class Circuit:
    """The failures of one host. jitter: a factor for each interval, about 1."""

    def __init__(self, jitter: Callable[[], float] = lambda: 1.0) -> None:
        self._jitter = jitter
        self.state = State.CLOSED
        #: when the first failure of this row was, and in words what the last one was
        self.since = 0.0
        self.what = ""
        self.next_probe = 0.0
        self.interval = 0.0
        self._last = 0.0
        self._count = 0
        self._about: set[str] = set()
        self._probes = 0

    @property
    def in_a_row(self) -> int:
        """Failures with no answer between them; those about one single object count as none."""
        only_one = self._count == 0 and len(self._about) == 1
        return self._count + (0 if only_one else len(self._about))

    @property
    def lasting(self) -> bool:
        """Whether it is more than a mishap."""
        return self.state is not State.CLOSED or self.in_a_row >= LIMIT

    def fail(self, now: float, what: str, about: str = "", *, opens: bool = True) -> None:
        """A request failed. about: the object that it may be about instead of the host. opens:
        whether this is a sign that the host is down."""
        if self.state is State.CLOSED and now - self._last > WINDOW:
            self._forget()
        if not self._count and not self._about:
            self.since = now
        self._last, self.what = now, what
        if about:
            self._about.add(about)
        else:
            self._count += 1
        many = self.in_a_row >= LIMIT
        slow = self.in_a_row >= 2 and now - self.since >= SLOW
        if self.state is State.TRYING or (self.state is State.CLOSED and opens and (many or slow)):
            self._go_down(now)

    def probed(self, now: float, what: str) -> None:
        """A probe came back. what: "" if it was answered, else what was wrong."""
        if self.state is not State.OPEN:
            return
        if what:
            self.what = what
            self._go_down(now)
        else:
            self.state = State.TRYING

    def succeed(self) -> bool:
        """A request was answered; whether that ends an outage."""
        was_down = self.state is not State.CLOSED
        self._forget()
        self.state = State.CLOSED
        return was_down

    def renew(self, now: float) -> None:
        """Somebody new asks: the outage is as old as that, and a probe is due."""
        self.since = self.next_probe = now

    def _go_down(self, now: float) -> None:
        self.state = State.OPEN
        self.interval = min(LAST_PROBE, FIRST_PROBE * 2**self._probes) * self._jitter()
        self.next_probe = now + self.interval
        self._probes = min(self._probes + 1, 10)

    def _forget(self) -> None:
        self._count = self._probes = 0
        self._about.clear()
