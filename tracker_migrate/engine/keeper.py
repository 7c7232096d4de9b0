"""What a daemon keeps over its rounds: open sinks, and what their targets said of themselves.

A sink that is opened for each round asks its server who it is, each time; and an apply goes over
all that there is, to find that nothing is to be done. So a sink stays open; what it was asked is
asked again after a time, after a failure, and when a table changes; and what an apply would do that
has nothing to go on is known beforehand.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec

from tracker_migrate.engine.applied import Applied
from tracker_migrate.engine.doubles import waiting
from tracker_migrate.engine.intake import Pulled
from tracker_migrate.engine.target import Known, Target
from tracker_migrate.interfaces import Sink


class _Kept:
    """Of one target. by: what the sink was opened with."""

    def __init__(self, sink: Sink, by: Any) -> None:
        self.sink = sink
        self.by = by
        self.known: Known | None = None
        self.asked = 0.0
        self.last: Applied | None = None
        self.state: Any = None
        self.failed = False


class Keeper:
    """monotonic: seconds since some moment. ask_again: seconds after which a target is asked again
    who it is, and everything is gone over again."""

    def __init__(self, monotonic: Callable[[], float], ask_again: float) -> None:
        self._monotonic = monotonic
        self._ask_again = ask_again
        self._kept: dict[str, _Kept] = {}

    # -- sinks, as `engine.target.Keeps` ----------------------------------------------------------

    def sink(self, name: str, by: Any, make: Callable[[], Sink]) -> Sink:
        """The sink of a target, opened once. by: what it is opened with; if that is something else
        by now, such as a new token, it is opened anew, and so it is when the target is to be asked
        again who it is: a sink remembers answers."""
        kept = self._kept.get(name)
        if kept is not None and (kept.by != by or not self._is_fresh(kept)):
            self.drop(name)
            kept = None
        if kept is None:
            kept = self._kept[name] = _Kept(make(), by)
        return kept.sink

    def known(self, name: str, writer: str) -> Known | None:
        """What a target said of itself, if that is still believed. writer: of the tables."""
        kept = self._kept.get(name)
        if kept is None or kept.known is None or kept.known.writer != writer:
            return None
        return kept.known if self._is_fresh(kept) else None

    def _is_fresh(self, kept: _Kept) -> bool:
        if kept.failed:
            return False
        return kept.known is None or self._monotonic() - kept.asked < self._ask_again

    def know(self, name: str, known: Known) -> None:
        """A target was asked."""
        if (kept := self._kept.get(name)) is not None:
            kept.known, kept.asked = known, self._monotonic()

    # -- rounds -----------------------------------------------------------------------------------

    def at_rest(self, target: Target, pulled: Pulled) -> Applied | None:
        """What an apply would come to that has nothing to go on, because nothing has changed since
        the last one at either side, in the tables, or by hand; None if it has to be made."""
        kept = self._kept.get(target.name)
        if kept is None or kept.last is None or _has_news(pulled):
            return None
        if self.known(target.name, target.decisions.source_writer) is None:
            return None
        return kept.last if kept.state == _state(target) else None

    def applied(self, target: Target, applied: Applied) -> None:
        """An apply came to its end. What it leaves for a time, and what it has just written, is
        looked at by the next one."""
        if (kept := self._kept.get(target.name)) is not None:
            kept.last = applied if _is_settled(applied) else None
            kept.state = _state(target)

    def others(self) -> None:
        """Somebody else was at work in the workspace: what the last apply left need not stand."""
        for kept in self._kept.values():
            kept.last = None

    def failed(self, name: str) -> None:
        """Something went wrong there: believe nothing that was known."""
        if (kept := self._kept.get(name)) is not None:
            kept.failed = True

    def drop(self, name: str) -> None:
        """Close a sink."""
        if (kept := self._kept.pop(name, None)) is not None:
            kept.sink.close()

    def close(self) -> None:
        """Close them all."""
        for name in list(self._kept):
            self.drop(name)


def _has_news(pulled: Pulled) -> bool:
    return bool(pulled.new or pulled.changed or pulled.gone or pulled.renamed or pulled.found)


def _is_settled(applied: Applied) -> bool:
    """Whether an apply wrote nothing, met nothing, and left nothing that time or somebody at the
    target may end. What is refused, and what can't be changed there, stays so."""
    written = applied.steps or applied.kept or applied.closed or applied.joined
    left = applied.aside or applied.exposed or applied.turned_back or waiting(applied.doubles)
    return not written and not left


def _state(target: Target) -> Any:
    """What else an apply goes by, besides the archive: the tables, what was hidden by hand, where
    each issue stands, requests in doubt."""
    ledger = target.ledger
    return msgspec.json.encode(
        (
            target.decisions.source_writer,
            sorted(target.hidden.keys()),
            sorted(ledger.states().items()),
            len(ledger.open_intents()),
        )
    )
