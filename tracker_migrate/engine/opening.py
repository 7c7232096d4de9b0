"""Opening, after everything else of a run: what became public at the source.

Such an issue waits, with all that is new of it, until the others are written; then the source is
asked once more whether everybody may read it.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping

from tracker_migrate.engine.diff import diff
from tracker_migrate.engine.edits import outdated
from tracker_migrate.engine.likeness import UNKNOWN
from tracker_migrate.engine.retired import with_retired
from tracker_migrate.engine.target import Target
from tracker_migrate.errors import MigrateError, ObjectError, Unreachable, UsageError
from tracker_migrate.interfaces import Kind, Wanted
from tracker_migrate.model import Issue, Key
from tracker_migrate.text.continued import is_edition, whole_key
from tracker_migrate.workspace.archive import position
from tracker_migrate.workspace.ledger import Held, places

_OUTDATED = (
    "it became public, and {many} of its comments say at the target what they said before they were"
    " changed, perhaps when not everybody could read them; the target can't edit them: have them "
    "removed there, or accept it in privacy.toml"
)

_REMEMBERED = (
    "it became public, and the target would show everybody what it said before, when not everybody "
    "could read it, for it keeps that; the source does not: have it removed there, or accept it in "
    "privacy.toml"
)


class Opening:
    """The issues of one run that wait to be opened. is_public: one more look at the source; without
    it none is opened."""

    def __init__(self, target: Target, is_public: Callable[[Key], bool] | None) -> None:
        self._target = target
        self._is_public = is_public
        self._waiting: set[Key] = set()
        self._guard = threading.Lock()

    def must_wait(self, issue: Issue, held: Held | None) -> bool:
        """Whether it is closed at the target, and is to be opened: it waits from now on. held: what
        the ledger knows of the issue's own object."""
        if held is None or held.audience == "public" or held.state == "joined":
            return False
        if self._target.decisions.audience(issue).name != "public":
            return False
        with self._guard:
            self._waiting.add(issue.key)
        return True

    @property
    def waits(self) -> bool:
        """Whether an issue waits."""
        return bool(self._waiting)

    def due(self) -> Iterator[tuple[Issue, str]]:
        """What waits, in order, and why it can't be opened after all (or "")."""
        for key in sorted(self._waiting, key=position):
            issue = self._target.archive.issue(key)
            if issue is not None:
                yield issue, self._reason(key) or self._outdated(issue)

    def _outdated(self, issue: Issue) -> str:
        """Why everybody would read what perhaps nobody else ever could: something that says there
        what it says no more at the source, and that can't be edited. What is gone there by now does
        not count, nor what everybody could read when it was written, nor what a person has
        accepted."""
        target, key = self._target, issue.key
        if key in target.decisions.tables.privacy.accepted:
            return ""
        try:
            wanted = list(target.planner.wanted(issue, target.decisions))
            held, kinds = target.ledger.of_issue(key), target.planner.kinds
            changed = [of for of, _why in diff(wanted, held, kinds, target.places).stuck]
            changed += [of for of, one in held.items() if _is_of_unknown(one, kinds[one.kind])]
            stuck = {of for of in changed if _is_rewritten(issue, of, held)}
            stuck |= {*outdated(key, wanted, held), *self._told_again(issue, wanted, held)}
            stuck = {of for of in stuck if of in held and not _was_public(held[of])}
            kept = set(self._remembering(issue, held))
            there = target.sink.read(places(held, kinds)).objects if stuck | kept else {}
        except (ObjectError, UsageError) as error:
            return f"it became public, and can't be compared with what is there: {error}"
        target.ledger.set_gone(of for of in stuck if of not in there)
        left = sum(of in there for of in stuck)
        if left:
            return _OUTDATED.format(many=left)
        return _REMEMBERED if kept & there.keys() else ""

    def _remembering(self, issue: Issue, held: Mapping[Key, Held]) -> Iterator[Key]:
        """What tells there, whoever may read it, what the issue said while few could read it, and
        says no more, at a source that tells that nobody."""
        kinds = self._target.planner.kinds
        if self._target.archive.was_reworded(issue.key):
            yield from (of for of, one in held.items() if kinds[one.kind].remembers)

    def _told_again(
        self, issue: Issue, wanted: list[Wanted], held: Mapping[Key, Held]
    ) -> Iterator[Key]:
        """What says there what it said before it was edited, and is told once more beside it."""
        planner, decisions = self._target.planner, self._target.decisions
        present = {one.key for one in with_retired(planner, issue, wanted, held, decisions)}
        for of in filter(is_edition, held):
            yield whole_key(of)
            if of not in present:
                yield of

    def _reason(self, key: Key) -> str:
        if self._is_public is None:
            return "it became public: it is opened after one more look at the source"
        try:
            public = self._is_public(key)
        except Unreachable:
            raise  # no issue is set aside because a server is down
        except MigrateError as error:
            return f"it became public, and the source can't be asked once more: {error}"
        return "" if public else "it is not public at the source any more: pull again"


def _is_rewritten(issue: Issue, of: Key, held: Mapping[Key, Held]) -> bool:
    """Whether what stands there differs because of the source's words, and not of ours: a comment
    leads to a file by another way once its issue is public. Of a comment the source says when it
    was edited; of a description, whose parts are comments there, it does not. One may hold several
    of the source's."""
    edited = {one.key: one.edited for one in issue.comments}
    wholes = {whole_key(of), *(key for key, one in held.items() if one.within == of)}
    return any(edited[one] is not None if one in edited else one != of for one in wholes)


def _is_of_unknown(held: Held, kind: Kind) -> bool:
    """Whether it was found there, when the ledger was lost, not as it would be written now."""
    return held.audience == UNKNOWN and kind.private == "follows" and not kind.editable


def _was_public(held: Held) -> bool:
    """Whether everybody could read the issue when this was written there, or stood there as the
    source had it: then it says nothing that not everybody could ever read."""
    return held.audience == "public" and held.state == "there"
