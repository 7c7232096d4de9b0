"""What stands at a target twice, because something between delivered a request of ours twice.

At the start of a run the target is asked what our accounts did since the last look. An object that
the ledger does not know, though it names another for the same thing at the source, is a double: it
is closed for everybody but the importer, says what it is, and is told until somebody removes it. Of
the two the ledger's stays, whichever is older: everything that was written since hangs on it, and
comments can't be moved. One that people have worked on is left to them, and told.

A change that arrives late can turn back a newer one. It is known by this: the target holds a value
that our account set last, and that is not the one which the ledger says was sent last. It is
written again.
"""

from __future__ import annotations

from collections import OrderedDict, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

import msgspec

from tracker_migrate.abilities import LooksCloser
from tracker_migrate.digest import short
from tracker_migrate.engine.closing import Closing
from tracker_migrate.engine.diff import open_digests
from tracker_migrate.engine.survey import pages
from tracker_migrate.engine.target import Target
from tracker_migrate.errors import Gone, ObjectError, UsageError
from tracker_migrate.interfaces import (
    CLOSED,
    DOUBLED,
    IMPORTER,
    Action,
    Mine,
    RemoteRef,
    Wanted,
    Watch,
)
from tracker_migrate.model import Issue, Key, key, kind_of, parts
from tracker_migrate.text.continued import part_home, part_key, whole_home
from tracker_migrate.text.notes import noted_home
from tracker_migrate.workspace.doubled import Double
from tracker_migrate.workspace.ledger import Held, places
from tracker_migrate.workspace.undone import is_undone

#: so many of the fields that were told lately are remembered, so that older values of them pass
_LATELY = 50_000
_PAGE = 100
JOINED = "an earlier migration made one of them: look which is to stay, and close the other"
TOUCHED = "people have worked on it: look which of the two is to stay, and close the other"
CANT_BE_TAKEN_BACK = (
    "the target's API can't take it back: an administrator may remove it on its page"
)


class Doubles:
    """Finds and settles what stands twice at one target. tell: is told of each that is new."""

    def __init__(self, target: Target, closing: Closing, tell: Callable[[Double], None]) -> None:
        self._target = target
        self._ledger = target.ledger
        self._kinds = target.planner.kinds
        self._store = target.workspace.doubled(target.name)
        self._closing = closing
        self._tell = tell
        #: how many fields were turned back by a change that came late
        self.turned_back = 0

    def mark(self) -> dict[str, Any]:
        """How far it was looked."""
        return self._store.mark()

    def run(self, mark: Mapping[str, Any] | None = None) -> list[Double]:
        """Look, and settle what is found; returns all that still stand twice. mark: look from there
        on, not from where the last look ended. Raises what stops a run."""
        watch = self._target.sink.watch
        if watch is None:
            return []
        self._find(watch, self.mark() if mark is None else mark)
        standing = self._still_there(watch, self._store.standing())
        return [self._settled(one) for one in standing]

    # -- finding ----------------------------------------------------------------------------------

    def _find(self, watch: Watch, since: Mapping[str, Any]) -> None:
        """What our accounts did since a look. The mark moves when all of it is known."""
        look = _Look(self._target)
        mark: dict[str, Any] = {}
        for page in watch.since(since):
            mark = {**page.mark, **mark}  # the first page of each kind tells the newest
            look.page(page.mine)
        under_way = self._under_way()
        found = list(self._doubles(watch, look.strange, under_way))
        self._turn(look.turned, under_way)
        self._store.keep(found, None if look.touches(under_way) else mark)

    def _under_way(self) -> set[Key]:
        """Objects of steps whose result nobody knows: they are not strange yet. Asked after the
        target was, so that nothing which another worker has just made is taken for a double."""
        self._ledger.flush()
        intents = self._ledger.open_intents()
        return {action.key for intent in intents for action in intent.step.actions}

    def _doubles(self, watch: Watch, strange: list[Mine], under_way: set[Key]) -> Iterator[Double]:
        known = {(one.kind, one.at.id) for one in self._store.standing()}
        fresh = [one for one in strange if not {(k, one.at.id) for k in one.kinds} & known]
        seen = [one for page in pages(iter(fresh), _PAGE) for one in watch.look(page)]
        keys = Names(self._target, watch).of({one.marker for one in seen})
        for mine in seen:
            named = keys.get(mine.marker, ()) if mine.names is None else [mine.names]
            for of in sorted(named or self._alike(watch, mine)):
                if (double := self._double(watch, mine, of, under_way)) is not None:
                    yield double

    def _alike(self, watch: Watch, mine: Mine) -> list[Key]:
        """What has no permalink, a file, is taken for the one that we hold and that is like it; in
        its bytes, too, where these can be had."""
        shared = any(self._kinds[kind].phase == 0 for kind in mine.kinds)
        if mine.marker or shared or not mine.fields:
            return []
        alike = list(self._with_fields(mine, mine.fields))
        if alike and isinstance(watch, LooksCloser):
            alike = list(self._with_fields(mine, {**mine.fields, **watch.closer(mine)}))
        return alike[:1]

    def _with_fields(self, mine: Mine, fields: Mapping[str, Any]) -> Iterator[Key]:
        marks = {name: short(value) for name, value in fields.items()}
        for kind in mine.kinds:
            for page in pages(iter(self._ledger.of_kind(kind)), _PAGE):
                for of, held in self._ledger.held(page).items():
                    sent = {name: held.fields.get(name, ("", ""))[1] for name in marks}
                    if held.state != "gone" and sent == marks:
                        yield of

    def _double(self, watch: Watch, mine: Mine, of: Key, under_way: set[Key]) -> Double | None:
        """What an object of ours is that the ledger does not know, if it names another as `of`."""
        held = self._ledger.held([of]).get(of)
        if held is None or of in under_way or held.kind not in mine.kinds or held.state == "gone":
            return None
        if held.at.id == mine.at.id:
            return None  # its row was on its way to the disk
        whose = watch.whose(mine)
        if whose == "theirs":
            return None
        double = Double(key=of, issue=held.issue, kind=held.kind, at=mine.at, beside=held.at.number)
        if held.state == "joined" or (whose == "touched" and self._is_own(double)):
            reason = JOINED if held.state == "joined" else TOUCHED
            double = msgspec.structs.replace(double, state="left", reason=reason)
        self._tell(double)
        return double

    def _still_there(self, watch: Watch, doubles: list[Double]) -> list[Double]:
        """Those that nobody has removed, and the note that the others are gone."""
        asked = [Mine(kinds=(one.kind,), at=one.at, within=one.at.number) for one in doubles]
        there = {one.at.id for page in pages(iter(asked), _PAGE) for one in watch.look(page)}
        gone = [one for one in doubles if one.at.id not in there]
        if gone:
            self._store.keep([msgspec.structs.replace(one, state="gone") for one in gone])
        return [one for one in doubles if one.at.id in there]

    # -- settling ---------------------------------------------------------------------------------

    def _settled(self, one: Double) -> Double:
        """Close what can be closed; what stands twice is worse than what is closed."""
        if one.state in ("settled", "told"):
            return one
        if not self._is_own(one):
            return self._noted(one, "told", CANT_BE_TAKEN_BACK)
        if one.state == "left" and self._is_public(one.issue):
            return one
        try:
            self._close(one)
        except (ObjectError, UsageError) as error:
            return self._noted(one, "failed", str(error))
        return one if one.state == "left" else self._noted(one, "settled", "")

    def _close(self, one: Double) -> None:
        """One update, carried out as any other: meant first, noted afterwards. What people have
        worked on keeps its words, and is closed if not everybody may read its issue."""
        target, named = self._target, double_key(one)
        fields = target.planner.access(one.kind, CLOSED)
        if one.state != "left":
            fields |= target.planner.doubled(one.kind, one.beside, target.decisions)
        wanted = Wanted(
            key=named,
            kind=one.kind,
            issue=named,
            fields=fields,
            audience=IMPORTER,
            marker=f"{DOUBLED}{one.beside}" if one.state != "left" else "",
        )
        held = self._ledger.held([named]).get(named)
        if held is None:
            row = _row(wanted, one.at)
            target.workspace.adoption(target.name).keep([row], frozenset()).result()
            held = row
        marks = open_digests(wanted)
        due = tuple(name for name in fields if held.fields.get(name, ("",))[0] != marks[name])
        if due:
            self._closing.send([Action(op="update", wanted=wanted, fields=due, at=one.at)])
            self._ledger.flush()

    def _noted(self, one: Double, state: str, reason: str) -> Double:
        noted = msgspec.structs.replace(one, state=state, reason=reason)
        if noted != one:
            self._store.keep([noted])
        return noted

    def _is_own(self, one: Double) -> bool:
        return self._kinds[one.kind].private == "own"

    def _is_public(self, issue: Key) -> bool:
        """Whether everybody may read an issue at the target, as far as we know."""
        known = self._target.archive.issue(issue)
        if known is None or self._target.closed(issue) is not None:
            return False
        return self._target.decisions.audience(known).name == "public"

    # -- changes that came late -------------------------------------------------------------------

    def _turn(self, turned: Mapping[Key, dict[str, str]], under_way: set[Key]) -> None:
        """Have written again what still stands as a late change has left it."""
        by_issue: dict[Key, dict[Key, Held]] = defaultdict(dict)
        for of, held in self._ledger.held(list(turned)).items():
            if of not in under_way:
                by_issue[held.issue][of] = held
        for issue, ours in by_issue.items():
            refs = places(self._ledger.of_issue(issue), self._kinds)
            try:
                seen = self._target.sink.read(refs).objects
            except Gone:
                continue
            for of, held in ours.items():
                now = {n: short(v) for n, v in seen[of].fields.items()} if of in seen else {}
                self._unsend(held, {n: m for n, m in turned[of].items() if now.get(n) == m})

    def _unsend(self, held: Held, fields: dict[str, str]) -> None:
        late = {name: mark for name, mark in fields.items() if held.fields[name][1] != mark}
        if late:
            self._ledger.unsend(held.key, late)
            self.turned_back += len(late)


class _Look:
    """What one look has seen. strange: made by us, and not known to the ledger. turned: fields that
    were set last to something that the ledger does not say was sent last."""

    def __init__(self, target: Target) -> None:
        self._ledger = target.ledger
        self._kinds = [name for name, kind in target.planner.kinds.items() if not kind.within]
        self._lately: OrderedDict[tuple[str, str, str], None] = OrderedDict()
        self.strange: list[Mine] = []
        self.turned: dict[Key, dict[str, str]] = {}

    def page(self, mine: Sequence[Mine]) -> None:
        """Look at a page of what we did, the latest first."""
        self._ledger.flush()
        known = self._ledger.at(self._kinds, sorted({one.at.id for one in mine}))
        for one in mine:
            held = next((known[k, one.at.id] for k in one.kinds if (k, one.at.id) in known), None)
            if held is not None:
                self._fields(one, held)
            elif one.made:
                self.strange.append(one)

    def touches(self, under_way: set[Key]) -> bool:
        """Whether something strange may be of a step that is still under way."""
        return bool(under_way and (self.strange or self.turned))

    def _fields(self, mine: Mine, held: Held) -> None:
        for name, value in mine.fields.items():
            at = (held.kind, held.at.id, name)
            if at in self._lately:
                continue
            self._lately[at] = None
            if len(self._lately) > _LATELY:
                self._lately.popitem(last=False)
            mark, sent = short(value), held.fields.get(name, ("", ""))[1]
            if sent and mark != sent:
                self.turned.setdefault(held.key, {})[name] = mark


class Names:
    """Which things of the source permalinks name: those of the archive; and what the ledger has of
    issues that the archive has no more."""

    def __init__(self, target: Target, watch: Watch | None = None) -> None:
        self._target = target
        self._watch = watch

    def of(self, markers: set[str]) -> dict[str, set[Key]]:
        """The keys of each permalink; it goes over the whole archive, if there is one at all."""
        wanted, found = {one for one in markers if one}, defaultdict[str, set[Key]](set)
        if not wanted:
            return {}
        numbers = defaultdict[str, list[int]](list)
        for home, number in map(whole_home, wanted):
            numbers[home].append(number)
        notes = {one: named for one in wanted if (named := noted_home(one)) is not None}
        for issue in self._target.archive.issues():
            for marker, (home, kind, mark) in notes.items():
                if home == issue.home:
                    tracker, _kind, name = parts(issue.key)
                    found[marker].add(key(tracker, kind, f"{name}/{mark}"))
            for home, of in _homes(issue):
                for number in numbers.get(home, ()):
                    marker = part_home(home, number) if number else home
                    found[marker].add(part_key(of, number) if number else of)
        if self._watch is not None and wanted - found.keys():
            for marker, of in self._left_there(self._watch):
                if marker in wanted - found.keys():
                    found[marker].add(of)
        return found

    def _left_there(self, watch: Watch) -> Iterator[tuple[str, Key]]:
        """What stands there of issues that the archive has no more says itself what it is."""
        for page in pages(self._target.ledger.issues(), _PAGE):
            present = self._target.archive.present(page)
            for issue in (one for one in page if one not in present and not _is_left(one)):
                held = self._target.ledger.of_issue(issue)
                by_id = {one.at.id: of for of, one in held.items() if one.within is None}
                asked = [
                    Mine(kinds=(one.kind,), at=one.at, within=one.at.number)
                    for one in held.values()
                    if one.state != "gone" and one.within is None
                ]
                for mine in watch.look(asked):
                    yield mine.marker, by_id[mine.at.id]


def _homes(issue: Issue) -> Iterator[tuple[str, Key]]:
    yield issue.home, issue.key
    yield from ((task.home, task.key) for task in issue.tasks)
    yield from ((item.home, item.key) for item in issue.work_items)
    yield from ((comment.home, comment.key) for comment in issue.comments)


def _row(wanted: Wanted, at: RemoteRef) -> Held:
    return Held(
        key=wanted.key,
        kind=wanted.kind,
        issue=wanted.issue,
        at=at,
        digest="",
        fields={},
        open=(),
        audience="",
        state="there",
    )


def double_key(one: Double) -> Key:
    """What a double is called in the ledger: it belongs to no issue there."""
    return key("target", "double", f"{one.kind}/{one.at.id}")


def is_double(of: Key) -> bool:
    """Whether a key of the ledger is a double's."""
    return kind_of(of) == "double"


def _is_left(of: Key) -> bool:
    """Whether a key of the ledger is no issue's: what was settled or taken back names nothing."""
    return is_double(of) or is_undone(of)


def waiting(doubles: Iterable[Double]) -> list[Double]:
    """Those about which a person has to do something."""
    return [one for one in doubles if one.state != "settled"]
