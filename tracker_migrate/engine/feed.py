"""What a target's feed tells: who of its people changed what we wrote, in a request or two.

What we did ourselves stands in the feed, too, and costs no look: a value that the ledger says was
sent is ours whoever set it; where the feed does not say to what something was changed, it is ours
if an account of ours did it and the ledger has a step that did. Everything else is looked at, issue
by issue, and compared with the ledger by value (`engine.noticing`). The feed's mark moves on with
the list of what is to be looked at, in one commit: nothing that was told is forgotten, and an issue
that can't be read now is looked at by the next round.
"""

from __future__ import annotations

from collections import Counter, OrderedDict
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec

from tracker_migrate.abilities import ClosesParents, TellsEdits, Touch
from tracker_migrate.digest import short
from tracker_migrate.engine.doubles import is_double
from tracker_migrate.engine.events import Listen, silent
from tracker_migrate.engine.noticing import Noticing
from tracker_migrate.engine.parents import ClosingParents
from tracker_migrate.engine.survey import pages
from tracker_migrate.engine.target import Target
from tracker_migrate.errors import Gone, ObjectError
from tracker_migrate.interfaces import Snapshot
from tracker_migrate.model import Key
from tracker_migrate.workspace.ledger import Held, places
from tracker_migrate.workspace.packing import now, stamp
from tracker_migrate.workspace.undone import is_undone

#: so many of the fields and objects that were told lately are remembered
_LATELY = 50_000
_PAGE = 100


class Fed(msgspec.Struct, kw_only=True):
    """What a look at the feed brought. told: what was done to objects of ours, by anybody. looked:
    issues that were read for it. edited: fields that are known as somebody's edits since now.
    reverted: those that somebody changed back. gone: issues that are not there any more. closed:
    issues that were closed because all that stands below them is. owed: issues that could not be
    read, and are looked at again by the next round. came: something was made that the ledger does
    not know, while creates of ours may still come that were given up."""

    told: int = 0
    looked: int = 0
    edited: int = 0
    reverted: int = 0
    gone: int = 0
    closed: int = 0
    owed: int = 0
    came: bool = False
    failed: str = ""

    @property
    def to_write(self) -> bool:
        """Whether an apply may have to do with it. An edit is no reason to write, by itself."""
        return bool(self.gone or self.closed or self.owed or self.came or self.failed)


def begin(target: Target) -> None:
    """Have the feed read from here on, if nobody has read it: before the first write. One request.
    Raises Unreachable, LoginNeeded."""
    with suppress(ObjectError):  # the look itself tells of it
        _begin(target)


def _begin(target: Target) -> None:
    sink, store = target.sink, target.workspace.fed(target.name)
    if isinstance(sink, TellsEdits) and store.stand() is None:
        at = now()
        mark = next(iter(sink.edits_since({}))).mark
        store.keep(mark, at, at, ())


class Feed:
    """The feed of one target. count: after so long it is also asked which issues are there at all,
    though nothing says that one is missing; zero: never. at: this moment, as the daemon has it."""

    def __init__(
        self,
        target: Target,
        listen: Listen = silent,
        *,
        count: timedelta = timedelta(0),
        at: datetime | None = None,
    ) -> None:
        self._target = target
        self._ledger = target.ledger
        self._kinds = target.planner.kinds
        self._store = target.workspace.fed(target.name)
        self._count = count
        self._at = at or datetime.now(UTC)
        self._fed = Fed()
        self._noticing = Noticing(target, listen)
        self._parents = ClosingParents(target, listen)

    def run(self) -> Fed:
        """Ask, look, and note what is found. Raises what stops a run."""
        sink = self._target.sink
        if not isinstance(sink, TellsEdits):
            return self._fed
        self._ledger.flush()
        try:
            _begin(self._target)
            self._ask(sink)
        except ObjectError as error:
            self._fed.failed = str(error)
        self._look(self._store.issues("look"))
        self._fed.owed = len(self._store.issues("look"))
        return self._fed

    def _ask(self, sink: TellsEdits) -> None:
        stand = self._store.stand()
        assert stand is not None, "it has begun"
        began, counted = now(), stand.counted
        sift = _Sift(self._target, stand.at)
        mark: dict[str, Any] = {}
        missing = self._is_due(counted)
        for page in sink.edits_since(stand.mark):
            mark = mark or page.mark  # the first page tells where the feed stands
            sift.page(page.touches)
            missing = missing or page.missing
        due = sift.due
        if missing:
            due |= self._missing(sink)
            counted = stamp(self._at)
        self._fed.told = sift.told
        self._fed.came = sift.strange and self._awaits()
        if mark != stand.mark or due or counted != stand.counted:
            self._store.keep(mark, began, counted, sorted(due))

    def _awaits(self) -> bool:
        awaited = sorted({one.key for one in self._ledger.given_up.all()})
        return len(self._ledger.held(awaited)) < len(awaited)

    def _is_due(self, counted: str) -> bool:
        return bool(self._count) and counted <= stamp(self._at - self._count)

    def _missing(self, sink: TellsEdits) -> set[Key]:
        """The issues whose objects are not to be seen any more."""
        known: dict[str, Key] = {}
        for page in self._ledger.standing_ids(self._target.planner.issue_kind):
            known |= {at: of for at, of in page.items() if not _is_nobodys(of)}
        there = sink.visible(known) if known else frozenset()
        return {of for at, of in known.items() if at not in there}

    def _look(self, due: Sequence[Key]) -> None:
        """Read these issues, a few at once, and compare. One that can't be read keeps no other."""
        with ThreadPoolExecutor(self._target.sink.connections) as pool:
            for page in pages(iter(due), _PAGE):
                held = [self._ledger.of_issue(issue) for issue in page]
                for issue, ours, seen in zip(page, held, pool.map(self._read, held), strict=True):
                    self._found(issue, ours, seen)

    def _read(self, held: Mapping[Key, Held]) -> Snapshot | ObjectError | None:
        refs = places(held, self._kinds)
        if not refs:
            return None
        try:
            return self._target.sink.read(refs)
        except ObjectError as error:
            return error

    def _found(
        self, issue: Key, held: Mapping[Key, Held], seen: Snapshot | Exception | None
    ) -> None:
        self._fed.looked += 1
        if isinstance(seen, Gone):
            self._fed.gone += self._noticing.removed(issue, held)
        elif isinstance(seen, Snapshot):
            edited, reverted = self._noticing.compare(issue, held, seen)
            self._fed.edited += edited
            self._fed.reverted += reverted
            try:
                self._fed.closed += self._parents.one(issue, held, seen)
            except ObjectError:
                return
        elif seen is not None:
            return  # it stays owed
        self._store.drop([issue], "look")


class _Sift:
    """Goes through the feed, the latest first. due: issues that have to be looked at, for all that
    was told so far. strange: something was told of what the ledger does not know. since: when the
    last look began; what we wrote since then stands in this one.
    """

    def __init__(self, target: Target, since: str) -> None:
        self._ledger = target.ledger
        self._since = since
        self._names = list(target.planner.kinds)
        self._lately: OrderedDict[tuple[str, str], None] = OrderedDict()
        self._written: OrderedDict[Key, int] = OrderedDict()
        sink = target.sink
        self._parents = sink.parents() if isinstance(sink, ClosesParents) else None
        self.due: set[Key] = set()
        self.told = 0
        self.strange = False

    def page(self, touches: Sequence[Touch]) -> None:
        """Look at a page."""
        if not touches:
            return
        told = list(self._of_ours(touches))
        self.told += len(told)
        self.due |= {held.issue for touch, held in told if not self._is_ours(touch, held)}
        fresh = [(touch, held) for touch, held in told if held.issue not in self.due]
        self.due |= self._unexplained([one for one in fresh if one[0].untold])
        fresh = [(touch, held) for touch, held in told if held.issue not in self.due]
        self.due |= self._in_conflict([held for _touch, held in fresh])
        self.due |= self._below([held for touch, held in fresh if self._closes(touch, held)])

    def _of_ours(self, touches: Sequence[Touch]) -> Iterator[tuple[Touch, Held]]:
        """Those that are about objects of ours which are there."""
        known = self._ledger.at(self._names, sorted({one.at for one in touches}))
        for touch in touches:
            held = next((known[k, touch.at] for k in touch.kinds if (k, touch.at) in known), None)
            self.strange = self.strange or held is None
            if held is not None and held.state == "there" and not _is_nobodys(held.issue):
                yield touch, held

    def _is_ours(self, touch: Touch, held: Held) -> bool:
        """Whether it is as the ledger says, as far as can be said without asking the ledger for
        more. Only what was told last of a field counts."""
        if touch.gone:
            return False
        for name, value in touch.fields.items():
            sent = held.fields.get(name, ("", ""))[1]
            if self._is_older(held.key, name) or not sent:
                continue
            if short(value) != sent:
                return False
        return not touch.untold or touch.by in ("", held.by)

    def _is_older(self, of: Key, name: str) -> bool:
        """Whether something newer was told of a field."""
        at = (of, name)
        if at in self._lately:
            return True
        _remember(self._lately, at, None)
        return False

    def _unexplained(self, told: Sequence[tuple[Touch, Held]]) -> set[Key]:
        """The issues that our accounts changed more often than the ledger says we did."""
        if not told:
            return set()
        written = self._written_since(sorted({held.issue for _touch, held in told}))
        found = set()
        for touch, held in told:
            steps = written.get(held.issue, Counter())
            if not touch.once:
                explained = bool(steps)
            else:
                times = self._written.get(held.key, 0) + 1
                _remember(self._written, held.key, times)
                explained = times <= steps[held.key]
            if not explained:
                found.add(held.issue)
        return found

    def _written_since(self, issues: Sequence[Key]) -> dict[Key, Counter[Key]]:
        found: dict[Key, Counter[Key]] = {}
        for page in pages(iter(issues), _PAGE):
            found |= self._ledger.written_since(page, self._since)
        return found

    def _in_conflict(self, held: Sequence[Held]) -> set[Key]:
        """The issues that somebody's edit is known of: it may have been changed back."""
        issues = {one.key: one.issue for one in held}
        return {issues[key] for key, _field in self._ledger.met.of(sorted(issues))}

    def _closes(self, touch: Touch, held: Held) -> bool:
        """Whether something below a parent was opened or closed."""
        above = self._parents
        return above is not None and held.kind == above.below and above.field in touch.fields

    def _below(self, held: Sequence[Held]) -> set[Key]:
        """The issues whose own object we left open, and something of which somebody else closed:
        now that we have closed the rest, it may be to be closed."""
        above, issues = self._parents, sorted({one.issue for one in held})
        if above is None or not issues:
            return set()
        open_ = {short(word) for word in above.open}
        found = set()
        for page in pages(iter(issues), _PAGE):
            for issue, its in self._ledger.of_kinds([above.parent, above.below], page).items():
                of_parent = [one for one in its.values() if one.kind == above.parent]
                left = [
                    one for one in of_parent if one.fields.get(above.field, ("", ""))[1] in open_
                ]
                below = [one.key for one in its.values() if one.kind == above.below]
                if left and any(name == above.field for _, name in self._ledger.met.of(below)):
                    found.add(issue)
        return found


def _remember(known: OrderedDict[Any, Any], what: Any, value: Any) -> None:
    known[what] = value
    known.move_to_end(what)
    if len(known) > _LATELY:
        known.popitem(last=False)


def _is_nobodys(issue: Key) -> bool:
    """Whether a key of the ledger is no issue's: a double's, or of what was taken back."""
    return is_double(issue) or is_undone(issue)
