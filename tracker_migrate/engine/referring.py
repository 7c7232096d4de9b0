"""What stays at a target and refers to what is taken back: it is written again when that is there
anew."""

from __future__ import annotations

from collections.abc import Callable

from tracker_migrate.engine.diff import references
from tracker_migrate.engine.filters import Only
from tracker_migrate.engine.survey import pages
from tracker_migrate.engine.target import Target
from tracker_migrate.errors import ObjectError, UsageError
from tracker_migrate.interfaces import Text, Wanted
from tracker_migrate.model import Issue, Key
from tracker_migrate.workspace.undone import Undone as Store

_PAGE = 100


class Referring:
    """Notes what refers to issues that go. Asks no server."""

    def __init__(self, target: Target, store: Store) -> None:
        self._target = target
        self._ledger = target.ledger
        self._kinds = target.planner.kinds
        self._store = store

    def note_all(self, only: Only, goes: Callable[[Key], bool]) -> None:
        """Of all issues that a filter leaves where they are. goes: whether an issue is taken
        back."""
        for page in pages(self._target.archive.issues(), _PAGE):
            held = self._ledger.held([issue.key for issue in page])
            for issue in page:
                if issue.key in held and not (only.may_take(issue.key) and only.takes(issue)):
                    self.note(issue, goes)

    def note(self, issue: Issue, goes: Callable[[Key], bool]) -> None:
        """Note which of an issue's fields refer to objects of issues that go."""
        try:
            planned = list(self._target.planner.wanted(issue, self._target.decisions))
        except (ObjectError, UsageError):
            return  # nothing is written of it
        kept = [one for one in planned if self._is_changed_later(one)]
        gone = self._gone(issue, kept, goes)
        held = self._ledger.held([one.key for one in kept])
        refers = {
            one.key: found
            for one in kept
            if one.key in held and (found := _referring(one, gone))[0]
        }
        if refers:
            self._store.reopen(issue.key, refers)

    def _is_changed_later(self, wanted: Wanted) -> bool:
        kind = self._kinds[wanted.kind]
        return kind.editable and kind.phase != 0

    def _gone(self, issue: Issue, kept: list[Wanted], goes: Callable[[Key], bool]) -> set[Key]:
        """What these refer to of other issues that go."""
        named = {to for one in kept for value in one.fields.values() for to in references(value)}
        whose = {of: one.issue for of, one in self._ledger.held(sorted(named)).items()}
        return {of for of, its in whose.items() if its != issue.key and goes(its)}


def _referring(wanted: Wanted, gone: set[Key]) -> tuple[list[Key], list[str]]:
    """To which of these an object refers; and in which of its fields that are no texts."""
    named = {name: references(value) & gone for name, value in wanted.fields.items()}
    fields = [
        name for name, to in named.items() if to and not isinstance(wanted.fields[name], Text)
    ]
    return sorted(to for its in named.values() for to in its), fields
