"""What issues become at a target, a page at a time: the part of a plan that takes long, and that
needs to know nothing of other issues' plans.

So it can be done in several processes at once (`engine.processes`): what a page holds can be
pickled.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

import msgspec

from tracker_migrate.engine.filters import Only
from tracker_migrate.engine.foreseen import Foresight, Seen
from tracker_migrate.engine.retired import with_retired
from tracker_migrate.engine.target import Target
from tracker_migrate.errors import ObjectError, UsageError
from tracker_migrate.interfaces import Wanted
from tracker_migrate.model import Issue, Key
from tracker_migrate.workspace.ledger import Held, Verdict

Stands = Mapping[Key, Held]


class Rendered(msgspec.Struct, frozen=True, kw_only=True):
    """An issue. seen: what was foreseen of it; without the issue itself. due: it was not written
    whole from what it is made of now. issue: itself, if it had to be looked at. held: what stands
    of it, if that had to be known. wanted: what it becomes, if it is due and still there; reason:
    why that can't be said."""

    seen: Seen
    due: bool
    issue: Issue | None
    held: Stands
    wanted: tuple[Wanted, ...] | None = None
    reason: str = ""


class Page(msgspec.Struct, frozen=True, kw_only=True):
    """Some issues, in order. due: how many have to be rendered. standing: how many objects stand of
    those that need not be."""

    issues: Iterable[Rendered]
    due: int
    standing: int


class Rendering:
    """Renders the issues of a target. losses, whole, looks: see `Plan`. Use one for one plan: what
    moves is asked of it, and remembered."""

    def __init__(self, target: Target, *, losses: bool, whole: bool, looks: bool) -> None:
        self._target = target
        self._whole, self._looks = whole, looks
        self._foresight = Foresight(target, losses=losses)
        target.foretell(self._foresight.moves, every=True)

    def page(
        self, contents: Mapping[Key, str], only: Only | None = None, most: int | None = None
    ) -> Page:
        """Those of these issues that `only` takes, the first `most` of them; the digests of their
        contents are given. They are rendered as they are asked for."""
        found = self._foresight.page(contents, read=only is not None or self._looks)
        taken = [
            seen
            for seen in found.values()
            if only is None or (seen.issue is not None and only.takes(seen.issue))
        ][:most]
        ledger = self._target.ledger
        verdicts = ledger.verdicts([seen.key for seen in taken])
        due = {seen.key for seen in taken if _is_due(seen, verdicts.get(seen.key))}
        asked = [seen.key for seen in taken if self._whole or seen.key in due]
        stands = ledger.of_issues(asked) if asked else {}
        done = [one.key for one in taken if one.key not in due and not (one.refused or one.exposed)]
        standing = ledger.standing_of(done) if done else 0
        return Page(issues=self._rendered(taken, due, stands), due=len(due), standing=standing)

    def _rendered(
        self, taken: list[Seen], due: set[Key], stands: Mapping[Key, dict[Key, Held]]
    ) -> Iterator[Rendered]:
        issues = self._read(seen for seen in taken if seen.key in due)
        with self._target.expecting(issues.values(), stands):
            for seen in taken:
                issue = issues.get(seen.key) or seen.issue
                held = stands.get(seen.key, {})
                yield self._one(seen, seen.key in due, issue, held)

    def _read(self, due: Iterable[Seen]) -> dict[Key, Issue]:
        """The issues that have to be rendered, and were not decoded yet."""
        keys = [seen.key for seen in due if seen.issue is None]
        return self._target.archive.some(keys) if keys else {}

    def _one(self, seen: Seen, due: bool, issue: Issue | None, held: Stands) -> Rendered:
        wanted, reason = None, ""
        if due and issue is not None:
            try:
                wanted = self._wanted(issue, held)
            except (ObjectError, UsageError) as error:
                reason = str(error)  # apply would set it aside
        bare = msgspec.structs.replace(seen, issue=None)
        return Rendered(seen=bare, due=due, issue=issue, held=held, wanted=wanted, reason=reason)

    def _wanted(self, issue: Issue, held: Stands) -> tuple[Wanted, ...]:
        target = self._target
        planned = target.planner.wanted(issue, target.decisions)
        return tuple(with_retired(target.planner, issue, planned, held, target.decisions))


def _is_due(seen: Seen, verdict: Verdict | None) -> bool:
    """Whether an issue has to be rendered: it was not written whole from what it is made of now. Of
    one that is done with a reason something can't be: that is told each time."""
    if seen.refused or seen.exposed:
        return False
    if verdict is None or verdict.state != "done" or verdict.reason:
        return True
    return verdict.inputs != seen.inputs
