"""What was set aside, and when it is tried again.

An issue that fails goes to the side with its reason, and the others go on. The next run tries it
once more: most reasons pass. If it fails again from the same inputs, it rests, twice as long each
time, so that a daemon does not press a server with what it will not take. It is tried at once when
the issue or a table changes, or when somebody asks for it (`apply --retry`).
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import cached_property

from tracker_migrate.engine.foreseen import inputs
from tracker_migrate.engine.target import Target
from tracker_migrate.model import Key
from tracker_migrate.workspace.ledger import Tried, Verdict

#: how long it rests after the second failure; each further one doubles that
_REST = timedelta(hours=1)
_LONGEST = timedelta(days=1)
#: so many attempts come without a rest between them
_EAGER = 2


class Aside:
    """The issues of one target that failed. retry: whether all of them are tried now.
    now: a seam for tests."""

    def __init__(
        self,
        target: Target,
        *,
        retry: bool = False,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._now = now
        self._target = target
        self._ledger = target.ledger
        self._retry = retry

    def rests(self, verdict: Verdict, content: str) -> bool:
        """Whether an issue that was set aside is left alone in this run. content: its digest."""
        if verdict.state != "aside" or self._retry or verdict.attempts < _EAGER:
            return False
        if verdict.inputs != inputs(self._target, content):
            return False
        tried = self._tried.get(verdict.issue)
        return tried is not None and _rests(tried, self._now())

    @cached_property
    def _tried(self) -> dict[Key, Tried]:
        """As it was when somebody asked first: what fails in this run is not tried again in it."""
        return self._ledger.tried()

    def add(self, issue: Key, reason: str, *, failed: bool = True) -> None:
        """Set an issue aside. Failures count together as long as its inputs are the same. failed:
        whether this is one, and nothing that the next run is to go on with."""
        made_of = inputs(self._target, self._target.archive.digest(issue))
        held = self._ledger.verdict(issue)
        again = held is not None and held.state == "aside" and held.inputs == made_of
        attempts = (held.attempts if held is not None and again else 0) + failed
        self._ledger.set_verdicts([Verdict(issue, "aside", reason, made_of, attempts)]).result()


def next_try(tried: Tried) -> datetime | None:
    """When an issue that rests is tried again by itself; None: by the next run."""
    if tried.attempts < _EAGER:
        return None
    doubled: timedelta = _REST * 2 ** min(tried.attempts - _EAGER, 10)
    return tried.at + min(_LONGEST, doubled)


def _rests(tried: Tried, now: datetime) -> bool:
    """A clock that was put back must not make it rest for longer."""
    then = next_try(tried)
    return then is not None and tried.at <= now < then
