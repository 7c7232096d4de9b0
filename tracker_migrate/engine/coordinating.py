"""An apply that has workers do what can be shared out: see `engine.sharing`."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from functools import cached_property
from itertools import chain

from tracker_migrate.engine.apply import Apply
from tracker_migrate.engine.filters import Only
from tracker_migrate.engine.recover import recover
from tracker_migrate.engine.sharing import Sharing
from tracker_migrate.engine.survey import Survey, reserve
from tracker_migrate.errors import Brake
from tracker_migrate.model import Issue, Key
from tracker_migrate.workspace.crew import Part


class Coordinating(Apply):
    """Writes to one target, with workers: see `Apply`. What creates in order, over one connection,
    is not shared out."""

    _last, _taken_over = True, False

    @cached_property
    def _sharing(self) -> Sharing:
        return Sharing(self._target, self._writing.expected, self._ended, self._take_over)

    def _own(
        self, survey: Survey, only: Only | None, last: bool, issues: Iterable[Issue]
    ) -> Iterable[Issue]:
        """What the workers have left; nothing of theirs is under way any more."""
        if (self._sink.ordered and not last) or self._is_shared_in_doubt():
            return issues
        reserve(self._target)
        self._last = last
        kept: list[Issue] = []
        left = self._sharing.share(self._shareable(issues, kept), last)
        self._sender.late.renew()
        if self._taken_over or self._ledger.open_intents():
            self._recover(survey, only)
        known = (self._target.archive.issue(key) for key in left if key not in self._writing.failed)
        return chain(kept, (issue for issue in known if issue is not None))

    def _is_shared_in_doubt(self) -> bool:
        """Whether something that many issues want, such as a tag, may stand there unseen: workers
        would wait for whoever seems to be making it."""
        unsettled = self._writing.steps.unsettled
        return any(not self._target.archive.digest(key) for key in unsettled)

    def _shareable(self, issues: Iterable[Issue], kept: list[Issue]) -> Iterator[Issue]:
        """Less those of which an earlier step may stand there, unseen: only who coordinates knows
        of it, and a worker would make them again."""
        for issue in issues:
            if issue.key in self._writing.steps.unsettled:
                kept.append(issue)
            else:
                yield issue

    def _take_over(self, owners: Collection[str]) -> Collection[Key]:
        """Settle what workers have sent that are dead by now; returns those issues of which that
        did not work."""
        self._taken_over = True
        self._sender.late.renew()
        unsettled = recover(self._sink, self._ledger, self._sender, owners)
        self._writing.steps.unsettled |= unsettled
        return unsettled

    def _ended(self, part: Part) -> None:
        """Hear of an issue that a worker has ended."""
        for name, many in part.counts.items():
            setattr(self._applied, name, getattr(self._applied, name) + many)
        if part.state == "brake":
            raise Brake(part.reason)
        if part.state == "aside":
            self._writing.failed.add(part.issue)
            self._writing.say("aside", part.issue, part.reason)
        elif part.state == "done":
            self._writing.did("issue" if self._last else "created", part.issue)
