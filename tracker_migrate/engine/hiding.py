"""Closing issues by hand, now, at several targets: none of which keeps another one open."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress

import msgspec

from tracker_migrate.engine.closing import hide_one
from tracker_migrate.engine.target import Target
from tracker_migrate.errors import ClosingOnly, MigrateError, ObjectError, UsageError, together
from tracker_migrate.model import Key


class Hid(msgspec.Struct):
    """there: by target, of each issue that was closed, whether something of it stands there.
    failed: what kept others from that; they are noted, and the next run closes them."""

    there: dict[str, dict[Key, bool]] = msgspec.field(default_factory=dict)
    failed: list[MigrateError] = msgspec.field(default_factory=list)

    def stop_if_any(self) -> None:
        """Raise the first of what failed, in the words of all."""
        if self.failed:
            raise together(self.failed)

    @contextmanager
    def trying(self, target: str) -> Iterator[None]:
        """What goes wrong with a target is kept."""
        try:
            yield
        except MigrateError as error:
            error.args = (f"{target}: {error}",)
            self.failed.append(error)

    def close(self, bound: Target, issues: Sequence[Key]) -> None:
        """Close these at a target. Raises what stops a run."""
        there = self.there.setdefault(bound.name, {})
        with suppress(ClosingOnly):
            bound.sink.check(bound.decisions)
        for issue in issues:
            try:
                there[issue] = hide_one(bound, issue)
            except (ObjectError, UsageError) as error:
                error.args = (f"{bound.name}: {issue} is not closed yet: {error}",)
                self.failed.append(error)
