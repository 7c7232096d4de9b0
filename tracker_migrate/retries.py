"""Reads that are tried again, for whatever client package makes them."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any, TypeVar

import tenacity

from tracker_migrate import waiting
from tracker_migrate.errors import NotSent, Retriable
from tracker_migrate.failures import Swallowed
from tracker_migrate.hosts import put_off

#: a read inside of a send is not tried again for longer than this, in seconds
_IN_A_SEND = 30.0
_LONGEST_WAIT = 30.0
#: a read whose answer is swallowed is tried so often: the server has been seen to be up each time
_SWALLOWED = 3
_T = TypeVar("_T")


class Reads:
    """Tries reads again that end in Retriable: up to `attempts` times, and more often while the
    server is down, for then `Host.ready` says when to stop. The last failure is raised as it is.

    Never for writes: whether one is sent again is the engine's decision.
    """

    def __init__(self, attempts: int, backoff: float) -> None:
        self._attempts = attempts
        self._backoff = backoff

    def __call__(self, read: Callable[..., _T], *given: Any) -> _T:
        """What a read gives."""
        tries = _Tries(self._attempts, self._backoff)
        retrying = tenacity.Retrying(
            retry=tenacity.retry_if_exception(_may_pass),
            after=tries.count,
            wait=tries.wait,
            stop=tries.enough,
            sleep=waiting.sleep,
            reraise=True,
        )
        try:
            return retrying(read, *given)
        except Retriable as error:
            if isinstance(error, NotSent) or tries.used_up:
                raise
            late = put_off(str(error), 1.0, down=error.down)  # the send has gone on for too long
        raise late


def _may_pass(error: BaseException) -> bool:
    return isinstance(error, Retriable) and not isinstance(error, NotSent)


class _Tries:
    """The failures of one read that were not the whole server's, and what follows from them."""

    def __init__(self, attempts: int, backoff: float) -> None:
        self._attempts, self._backoff = attempts, backoff
        self._tried, self._swallowed, self._down = 0, 0, False

    def count(self, state: tenacity.RetryCallState) -> None:
        error = state.outcome.exception() if state.outcome else None
        self._down = isinstance(error, Retriable) and error.down
        self._tried += not self._down
        self._swallowed += isinstance(error, Swallowed)

    def wait(self, _state: tenacity.RetryCallState) -> float:
        """Seconds: longer each time, and drawn, so that threads do not come back together. None for
        a server that is down: that is waited for where requests are let go."""
        if self._down:
            return 0.0
        return random.uniform(0.0, min(_LONGEST_WAIT, self._backoff * 2.0 ** (self._tried - 1)))

    @property
    def used_up(self) -> bool:
        """Whether it was tried as often as it may be."""
        return self._tried >= self._attempts or self._swallowed >= _SWALLOWED

    def enough(self, _state: tenacity.RetryCallState) -> bool:
        under_way = waiting.send()
        return self.used_up or bool(under_way and under_way.age > _IN_A_SEND)


def patient_reads(attempts: int, backoff: float) -> Reads:
    """How every backend reads. backoff: seconds, at most, before the second attempt."""
    return Reads(attempts, backoff)
