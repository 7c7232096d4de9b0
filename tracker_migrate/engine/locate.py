"""Where everything of ours is at a target, for a ledger that does not know: the first half of
adopting. What is found is put into the ledger as joined at once, so that whatever follows, it is
never written a second time."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping

from tracker_migrate.digest import digests
from tracker_migrate.engine.diff import open_digest, open_digests
from tracker_migrate.engine.likeness import Likeness
from tracker_migrate.engine.placed import placed
from tracker_migrate.engine.survey import bare
from tracker_migrate.engine.target import Target
from tracker_migrate.errors import Gone, ObjectError, Refused
from tracker_migrate.interfaces import IMPORTER, ClosedStep, RemoteRef, Snapshot, Wanted
from tracker_migrate.model import Issue, Key, kind_of
from tracker_migrate.text.notes import is_note
from tracker_migrate.workspace.ledger import Held, places

Refs = dict[Key, tuple[str, RemoteRef]]


class Found:
    """What was found of one issue. refs: kind and place of its objects. fresh: those that the
    ledger did not know. unknown: objects of ours of which nobody can say what they are."""

    def __init__(self, issue: Key, refs: Refs, seen: Snapshot, gone: Iterable[Key] = ()) -> None:
        self.issue, self.refs, self.seen, self.gone = issue, refs, seen, tuple(gone)
        self.fresh: Refs = {}
        self.unknown: list[Key] = []


class Locator:
    """Finds the objects of one target's issues; writes nothing anywhere. May be called from
    several threads."""

    def __init__(self, target: Target, likeness: Likeness) -> None:
        self._target = target
        self._likeness = likeness
        self._kinds = target.planner.kinds
        #: what the target makes of the source's kinds of things, as learnt from what was wanted
        self._becomes: dict[str, str] = {}
        self._shared: dict[Key, Held | None] = {}
        self._guard = threading.Lock()

    def places(self, issues: list[Issue]) -> dict[Key, RemoteRef]:
        """Where these issues are: by the ledger, else by asking the target, in one batch."""
        known: dict[Key, RemoteRef] = {}
        for issue, held in self._target.ledger.held([one.key for one in issues]).items():
            if held.state != "gone":
                known[issue] = held.at
        strange = [bare(self._target, one) for one in issues if one.key not in known]
        return known | dict(self._target.sink.lookup(strange) if strange else {})

    def of(self, issue: Issue, at: RemoteRef, wanted: list[Wanted]) -> Found:
        """What stands of an issue that is at this place. Raises ObjectError."""
        held = self._target.ledger.of_issue(issue.key)
        refs: Refs = {issue.key: (self._target.planner.issue_kind, at)}
        refs |= places(held, self._kinds)
        try:
            seen = self._target.sink.read(refs)
        except Gone:
            return Found(issue.key, {}, Snapshot(objects={}), refs)
        gone = [key for key in held.keys() & refs.keys() if key not in seen.objects]
        there = {key: ref for key, ref in refs.items() if key in seen.objects}
        found = Found(issue.key, there, seen, gone)
        self._name(found, seen.ours, wanted)
        found.fresh |= placed(self._target, wanted, refs)
        known = {key for key, one in held.items() if self._is_there(one)}
        found.fresh |= {key: ref for key, ref in there.items() if key not in known}
        return found

    def _is_there(self, held: Held) -> bool:
        return held.state != "gone" and self._kinds[held.kind].phase != 0

    def _name(self, found: Found, ours: Mapping[Key, RemoteRef], wanted: list[Wanted]) -> None:
        """Say of which kind each object is that only the target knew of."""
        kinds = {of: one.kind for one in wanted for of in (one.key, *one.holds)}
        with self._guard:
            self._becomes |= {kind_of(key): kind for key, kind in kinds.items()}
            guessed = {key: self._becomes.get(_said_as(key)) for key in ours}
        for key, at in ours.items():
            kind = kinds.get(key) or guessed[key]
            if kind is None:
                found.unknown.append(key)
            else:
                found.fresh[key] = (kind, at)

    # -- shared objects ---------------------------------------------------------------------------

    def shared(self, wanted: Iterable[Wanted]) -> list[Held]:
        """The projects, tags and the like of these that are there and that the ledger does not
        know: found by their names, as they would be before one is made."""
        found = []
        for one in wanted:
            if self._kinds[one.kind].phase == 0:
                with self._guard:
                    fresh = one.key not in self._shared
                    if fresh and self._target.places.where(one.key) is None:
                        self._shared[one.key] = self._look(one)
                        found.append(self._shared[one.key])
        return [one for one in found if one is not None]

    def _look(self, wanted: Wanted) -> Held | None:
        try:
            action = self._likeness.closed(wanted)
            step = ClosedStep(kind=f"{wanted.kind}.create", issue=wanted.issue, actions=(action,))
            receipt = self._target.sink.find(step, {})
        except (ObjectError, Refused):
            return None  # it is looked for again before it is made
        if receipt is None:
            return None
        self._target.places.put(receipt.refs)
        sent = digests({**action.fields, **receipt.stored.get(wanted.key, {})})
        marks = open_digests(wanted)
        return Held(
            key=wanted.key,
            kind=wanted.kind,
            issue=wanted.issue,
            at=receipt.refs[wanted.key],
            digest=open_digest(wanted),
            fields={name: (marks.get(name, ""), mark) for name, mark in sent.items()},
            open=(),
            audience="public",
            state="there",
        )


def hidden_by_hand(target: Target, likeness: Likeness, issue: Issue, found: Found) -> bool:
    """Whether an issue stands there for nobody but the importer, and neither the tables nor the
    ledger know why: somebody has hidden it, and whoever did it has to say that it may be read."""
    kind, seen = target.planner.issue_kind, found.seen.objects.get(issue.key)
    audience = target.decisions.audience(issue)
    if seen is None or audience.refused or not likeness.is_closed(kind, seen, audience):
        return False
    held = target.ledger.held([issue.key]).get(issue.key)
    return held is None or held.state != "there" or held.audience != IMPORTER


def _said_as(key: Key) -> str:
    """The source's kind of what becomes the same: a part of a text is a comment, even where no text
    is too long any more, and so is what one side says of a field."""
    return "comment" if kind_of(key) == "part" or is_note(key) else kind_of(key)
