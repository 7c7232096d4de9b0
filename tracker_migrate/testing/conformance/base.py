"""What the checks of a sink share: a mover that is closed afterwards, and reading back."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

import pytest

from tracker_migrate.interfaces import ClosedStep, Sink, Snapshot
from tracker_migrate.model import Issue, Key
from tracker_migrate.testing.conformance.laws import must
from tracker_migrate.testing.conformance.mover import Mover, said
from tracker_migrate.testing.conformance.target import NotShown, SinkUnderTest
from tracker_migrate.testing.samples import rich, talk, with_files

T = TypeVar("T")


class SinkChecks:
    """The root of the suites of a sink. Each check gets the fixture `target`: a SinkUnderTest."""

    @contextmanager
    def mover(self, target: SinkUnderTest) -> Iterator[Mover]:
        """A sink, with a memory of what it wrote."""
        made = Mover(target)
        try:
            yield made
        finally:
            made.close()

    @contextmanager
    def opened(self, target: SinkUnderTest, **how: Any) -> Iterator[Sink]:
        """A sink of its own; skips the check if the far end can't be opened so."""
        sink = self.shown(lambda: target.open(**how))
        try:
            yield sink
        finally:
            sink.close()

    def shown(self, call: Callable[..., T], *arguments: Any) -> T:
        """Have the far end do something; skip the check if it can't."""
        try:
            return call(*arguments)
        except NotShown as reason:
            pytest.skip(f"not shown: {reason}")

    def issue(self, target: SinkUnderTest, number: int = 11) -> Issue:
        """Something of everything."""
        return with_files(target.names, rich(target.names, number), target.files)

    def plain(self, target: SinkUnderTest, number: int = 21, comments: int = 2) -> Issue:
        """A bug with a few comments."""
        return talk(target.names, number, comments)

    def stands_once(self, target: SinkUnderTest, step: ClosedStep, after: str) -> None:
        """What a step creates or changes is there, and once."""
        __tracebackhide__ = True
        count = target.standing(step)
        must(
            count == 1,
            "once",
            f"{step.kind} {after}: its object stands there {count} times",
            expected="once",
            cure="raise Doubtful for a reply that is lost or unreadable, and look in `find`"
            if count > 1
            else "raise Doubtful or Retriable for what was not carried out, never a Receipt",
        )

    def agrees(self, mover: Mover, issue: Issue, after: str = "") -> Snapshot:
        """What stands of an issue is what was sent, no more and no less."""
        __tracebackhide__ = True
        own = mover.own(issue)
        seen: Snapshot = said(mover.sink.read, own)
        missing = sorted(own.keys() - seen.objects.keys())
        must(
            not missing,
            "once",
            f"{_kinds(mover, missing)} can't be read back {after}",
            expected="every object that a receipt named",
            cure="read each by the id that `Receipt.refs` gave",
        )
        for of, observed in seen.objects.items():
            for name, value in mover.sent[of].items():
                now = observed.fields.get(name, value)
                must(
                    now == value,
                    "once",
                    f"{mover.refs[of][0]}.{name} reads back as {now!r:.80}, "
                    f"and {value!r:.80} was sent {after}",
                    expected="the value that was sent, or the one in Receipt.stored",
                    cure="bring both into one form in `read`; what the server changes in a known "
                    "way belongs into `stored`",
                )
        return seen

    def alone(self, snapshot: Snapshot, after: str) -> None:
        """Nothing of an issue stands there twice, and nothing that nobody knows of."""
        __tracebackhide__ = True
        must(
            not snapshot.doubled and not snapshot.ours and not snapshot.foreign,
            "once",
            f"{len(snapshot.doubled)} doubled, {len(snapshot.ours)} unknown, "
            f"{snapshot.foreign} foreign objects {after}",
            expected="none",
            cure="look whether one was sent twice, or whether `read` takes ours for strangers'",
        )


def _kinds(mover: Mover, keys: list[Key]) -> str:
    return ", ".join(sorted({f"a {mover.refs[of][0]}" for of in keys}))
