"""What nobody foresaw about one object sets that object aside, and stops nothing else.

An error that is not ours comes from a text that no test had, or from a plug-in. Its message may
hold private text, so only its kind is told; with TRACKER_MIGRATE_TRACE=1 it goes on upwards, and
the command shows where it happened.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from sqlalchemy.exc import SQLAlchemyError

from tracker_migrate.abilities import Field, KeepsBoth, Note, Retires, TellsEditions
from tracker_migrate.errors import TRACE, MigrateError, Refused
from tracker_migrate.interfaces import (
    Action,
    Audience,
    Decisions,
    Kind,
    Loss,
    Planner,
    Step,
    Value,
    Wanted,
)
from tracker_migrate.model import Comment, Issue, Key

#: stands in the reason of what nobody foresaw
UNFORESEEN = "a bug of tracker-migrate or of a plug-in"
#: what the machine does to all objects alike: a full disk is no reason to set one aside
_NOT_ITS_OWN = (OSError, MemoryError, SQLAlchemyError)


@contextmanager
def set_aside(what: str) -> Iterator[None]:
    """Around the work on one object: what is not raised on purpose becomes Refused.

    what: what could not be done with the object, in the passive: "read", "rendered".
    """
    try:
        yield
    except (MigrateError, *_NOT_ITS_OWN):
        raise
    except Exception as error:
        if os.environ.get(TRACE):
            raise
        raise Refused(
            f"it could not be {what} ({type(error).__name__}): {UNFORESEEN}, {TRACE}=1 shows where"
        ) from None


class Guarded:
    """A planner whose unforeseen errors concern one issue. Everything else is the planner's own."""

    def __init__(self, planner: Planner) -> None:
        self._planner = planner
        self.tracker = planner.tracker
        self.version = planner.version
        self.kinds: Mapping[str, Kind] = planner.kinds
        self.issue_kind = planner.issue_kind
        self.steps = planner.steps
        #: see `abilities.KeepsBoth`; empty if the planner can't do that
        self.fields: Mapping[str, Mapping[str, Field]] = getattr(planner, "fields", {})

    def refusal(self, issue: Issue, decisions: Decisions) -> str | None:
        """Why this issue can't be written, or None."""
        try:
            with set_aside("judged"):
                return self._planner.refusal(issue, decisions)
        except Refused as error:
            return str(error)

    def wanted(self, issue: Issue, decisions: Decisions) -> Iterator[Wanted]:
        """The objects that the issue becomes. Raises Refused, UsageError."""
        with set_aside("rendered"):
            yield from self._planner.wanted(issue, decisions)

    def losses(self, issue: Issue, decisions: Decisions) -> Iterator[Loss]:
        """What becomes of every field that the issue fills. Raises Refused, UsageError."""
        with set_aside("rendered"):
            yield from self._planner.losses(issue, decisions)

    def access(self, kind: str, audience: Audience) -> dict[str, Value]:
        """The fields of an object that say who may read it."""
        return self._planner.access(kind, audience)

    def retired(
        self, of: Key, kind: str, issue: Issue, decisions: Decisions
    ) -> Mapping[str, object]:
        """See `abilities.Retires`; empty if the planner can't say it."""
        if isinstance(self._planner, Retires):
            return self._planner.retired(of, kind, issue, decisions)
        return {}

    def note(self, note: Note, issue: Issue, decisions: Decisions) -> Wanted:
        """See `abilities.KeepsBoth`. Raises Refused, UsageError."""
        if not isinstance(self._planner, KeepsBoth):
            raise Refused("this target has no place for what both sides say of a field")
        with set_aside("rendered"):
            return self._planner.note(note, issue, decisions)

    def edition(
        self, issue: Issue, comment: Comment, when: datetime, decisions: Decisions
    ) -> Iterator[Wanted]:
        """See `abilities.TellsEditions`; nothing if the planner can't say it. Raises Refused."""
        if isinstance(self._planner, TellsEditions):
            with set_aside("rendered"):
                yield from self._planner.edition(issue, comment, when, decisions)

    def compose(self, actions: Sequence[Action]) -> Iterator[Step]:
        """The requests that carry these actions of one issue."""
        return self._planner.compose(actions)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._planner, name)
