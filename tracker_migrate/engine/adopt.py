"""Rebuilding the ledger of a target from what stands there, when the ledger is lost or an old copy.

Only what an account of ours made is taken in (law 5); nothing is written to the target. First all
places are found, then every object is compared, for its references are known by then. What is as we
would write it is known as written. What differs is kept as a person's edit is, for at the target
nothing tells an edit from a change of the source that never arrived: `verify` shows it, and nothing
overwrites it, unless `source_wins` leaves it to the next apply. Who may read is always left to the
next apply, but for what is closed to all: that stays closed until somebody releases it.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor

import msgspec

from tracker_migrate.engine.doubles import Names
from tracker_migrate.engine.edits import POLICY
from tracker_migrate.engine.events import Listen, silent
from tracker_migrate.engine.likeness import Likened, Likeness
from tracker_migrate.engine.locate import Found, Locator, hidden_by_hand
from tracker_migrate.engine.recover import recover
from tracker_migrate.engine.send import Sender
from tracker_migrate.engine.survey import Survey, pages
from tracker_migrate.engine.target import Target
from tracker_migrate.engine.verify import DifferenceAt
from tracker_migrate.errors import Gone, ObjectError
from tracker_migrate.interfaces import Event, Mine, RemoteRef, Snapshot, Wanted
from tracker_migrate.model import Issue, Key
from tracker_migrate.workspace.ledger import Held, places

_PAGE = 200
_UNLIKE = "is not what would be written: somebody changed it, or the source has changed since"


class Placed(msgspec.Struct, frozen=True):
    """An object that stands there: what it is, and where people find it."""

    key: Key
    kind: str
    where: str


class Adopted(msgspec.Struct, kw_only=True):
    """What was found. issues, objects: of ours, that stand there. added: of these, objects that
    the ledger did not know. shared: projects, tags and the like. absent: issues that are to be
    written and are not there. gone: objects of the ledger that are not there any more. differs:
    fields that are not what would be written, and stay. left: fields that the next apply writes.
    doubled: objects that stand there twice; the younger is left alone. foreign: objects of other
    people. unknown: objects of ours of which the archive knows nothing. hidden: issues that are
    closed there for all but the importer, and stay so. unsettled: issues that were not looked
    through, and why. twins: objects of ours beside one that names the same thing of the source.
    vanished: where objects of ours stand that name nothing of the archive: gone at the source, or
    not for this login. adds: in a dry run, all that the ledger would gain."""

    issues: int = 0
    objects: int = 0
    added: int = 0
    shared: int = 0
    absent: int = 0
    gone: list[Key] = msgspec.field(default_factory=list)
    differs: list[DifferenceAt] = msgspec.field(default_factory=list)
    left: int = 0
    doubled: list[Key] = msgspec.field(default_factory=list)
    foreign: int = 0
    unknown: list[Key] = msgspec.field(default_factory=list)
    hidden: list[Key] = msgspec.field(default_factory=list)
    unsettled: dict[Key, str] = msgspec.field(default_factory=dict)
    twins: list[Placed] = msgspec.field(default_factory=list)
    vanished: list[str] = msgspec.field(default_factory=list)
    adds: list[Placed] = msgspec.field(default_factory=list)


class Adopt:
    """Adopts what stands at one target. source_wins: see the module."""

    def __init__(
        self,
        target: Target,
        listen: Listen = silent,
        *,
        source_wins: bool = False,
        rehearsal: bool = False,
    ) -> None:
        self._target = target
        self._listen = listen
        self._ledger = target.ledger
        self._adoption = target.workspace.adoption(target.ledger.target)
        self._source_wins, self._rehearsal = source_wins, rehearsal
        self._kinds = target.planner.kinds
        self._numbered = frozenset(name for name, kind in self._kinds.items() if kind.chosen)
        self._likeness = Likeness(target, source_wins=source_wins)
        self._locator = Locator(target, self._likeness)
        self._adopted = Adopted()
        self._guard = threading.Lock()
        self._refused: frozenset[Key] = frozenset()
        self._done = 0

    def run(self, *, dry_run: bool = False) -> Adopted:
        """Adopt. dry_run: note everything in a copy of the ledger, and drop that. Raises what
        stops a run."""
        if dry_run:
            with self._target.rehearsing() as copy:
                job = Adopt(copy, self._listen, source_wins=self._source_wins, rehearsal=True)
                return job.run()
        target = self._target
        target.sink.check(target.decisions)
        target.learn()
        Survey(target).judge()
        self._refused = frozenset(one.issue for one in self._ledger.in_state("refused"))
        if self._ledger.open_intents():
            sender = Sender(target.sink, self._ledger, self._listen)
            self._adopted.unsettled |= recover(target.sink, self._ledger, sender)
        for refused in (False, True):  # what a refused issue's parts are is learnt from the others
            self._each(refused, self._places)
        self._others()
        if self._adopted.added:
            self._adoption.retire_blocks()
        for refused in (False, True):
            self._each(refused, self._compared)
        return self._adopted

    def _each(self, refused: bool, work: Callable[[list[Issue]], Iterable[None]]) -> None:
        """Work on all issues, in pages, those that are refused apart."""
        for page in pages(self._issues(refused), _PAGE):
            for _ in work(page):
                pass
            self._ledger.flush()

    def _issues(self, refused: bool) -> Iterator[Issue]:
        for issue in self._target.archive.issues():
            if (issue.key in self._refused) == refused:
                yield issue

    # -- places -----------------------------------------------------------------------------------

    def _places(self, page: list[Issue]) -> Iterator[None]:
        places = self._locator.places(page)
        there = [issue for issue in page if issue.key in places]
        with self._guard:
            self._adopted.absent += sum(
                one.key not in places and one.key not in self._refused for one in page
            )

        def find(issue: Issue) -> None:
            wanted = self._wanted(issue)
            found = self._locator.of(issue, places[issue.key], wanted)
            shared = self._locator.shared(wanted)
            self._count(found, len(shared))
            if hidden_by_hand(self._target, self._likeness, issue, found):
                with self._guard:
                    self._adopted.hidden.append(issue.key)
                    self._target.hide([issue.key])
            self._note(issue.key, found, shared)

        return self._spread(there, find)

    def _count(self, found: Found, shared: int) -> None:
        with self._guard:
            adopted = self._adopted
            adopted.issues += bool(found.refs)
            adopted.objects += len(found.refs.keys() | found.fresh.keys())
            adopted.added += len(found.fresh)
            adopted.shared += shared
            adopted.gone += found.gone
            adopted.unknown += found.unknown
            adopted.doubled += found.seen.doubled
            adopted.foreign += found.seen.foreign

    def _note(self, issue: Key, found: Found, shared: list[Held]) -> None:
        self._ledger.set_gone(found.gone)
        rows = [
            Held(
                key=key,
                kind=kind,
                issue=issue,
                at=at,
                digest="",
                fields={},
                open=(),
                audience="public",
                state="joined",
                within=found.seen.within.get(key),
            )
            for key, (kind, at) in found.fresh.items()
        ]
        self._adoption.keep([*shared, *rows], self._numbered)
        if self._rehearsal:
            with self._guard:
                self._adopted.adds += [_placed(one.key, one.kind, one.at) for one in rows]
                self._adopted.adds += [_placed(one.key, one.kind, one.at) for one in shared]

    # -- what nobody asked for --------------------------------------------------------------------

    def _others(self) -> None:
        """What our account made and the ledger does not know, now that it knows all that the
        archive has."""
        kinds = [name for name, kind in self._kinds.items() if not kind.within]
        strange: list[Mine] = []
        for page in pages(self._target.sink.made(), _PAGE):
            known = self._ledger.at(kinds, [one.at.id for one in page])
            strange += [one for one in page if not any((k, one.at.id) in known for k in one.kinds)]
        named = Names(self._target).of({one.marker for one in strange})
        for one in strange:
            keys = named.get(one.marker)
            if keys is None:
                self._adopted.vanished.append(one.at.url or one.at.number)
                continue
            self._adopted.twins += [
                _placed(held.key, held.kind, one.at)
                for held in self._ledger.held(sorted(keys)).values()
                if held.kind in one.kinds and held.state != "gone"
            ]

    # -- fields -----------------------------------------------------------------------------------

    def _compared(self, page: list[Issue]) -> Iterator[None]:
        # what a copy calls done was done of what the copy knew: the next apply looks again
        held = self._ledger.verdicts([issue.key for issue in page]).values()
        done = [one for one in held if one.state == "done"]
        again = [msgspec.structs.replace(one, state="planned", inputs="") for one in done]
        self._ledger.set_verdicts(again)
        return self._spread(page, self._compare)

    def _compare(self, issue: Issue) -> None:
        held = self._ledger.of_issue(issue.key)
        place = held.get(issue.key)
        if place is None or place.state == "gone":
            return
        wanted = self._wanted(issue)
        seen = self._read(held, wanted, place)
        if issue.key in self._refused:
            there = [one for one in held.values() if one.key in seen.objects]
            rows = [self._likeness.refused(one, seen.objects[one.key]) for one in there]
            self._adoption.keep(rows, frozenset())
            return
        said = any(self._kinds[held[key].kind].phase == 2 for key in seen.objects if key in held)
        rows_of = [
            self._likeness.liken(one, issue, seen.objects[one.key], held.get(one.key))
            for one in wanted
            if one.key in seen.objects
            and (one.key in held or said or self._likeness.stands(one, seen.objects[one.key]))
        ]
        self._keep(rows_of)

    def _read(self, held: dict[Key, Held], wanted: list[Wanted], place: Held) -> Snapshot:
        """All of an issue that the ledger knows by now, and what has no place of its own."""
        refs = places(held, self._kinds)
        within = (one for one in wanted if self._kinds[one.kind].within and one.key not in held)
        refs |= {one.key: (one.kind, place.at) for one in within}
        try:
            return self._target.sink.read(refs)
        except Gone:
            return Snapshot(objects={})  # since a moment ago: the next apply finds it so

    def _keep(self, rows: list[Likened]) -> None:
        self._adoption.keep([held for one in rows for held in one.rows], self._numbered)
        for one in rows:
            for name in one.differs:
                self._ledger.add_conflict(one.row.key, name, POLICY)
        with self._guard:
            for one in rows:
                self._adopted.left += len(one.left)
                self._adopted.differs += [
                    DifferenceAt(one.row.key, name, _UNLIKE) for name in one.differs
                ]

    # -- small ------------------------------------------------------------------------------------

    def _wanted(self, issue: Issue) -> list[Wanted]:
        if issue.key in self._refused:
            return []
        return list(self._target.planner.wanted(issue, self._target.decisions))

    def _spread(self, issues: list[Issue], work: Callable[[Issue], None]) -> Iterator[None]:
        """Work on issues at once, as many as the target takes; one that fails does not stop the
        others."""

        def one(issue: Issue) -> None:
            try:
                work(issue)
            except ObjectError as error:
                with self._guard:
                    self._adopted.unsettled[issue.key] = str(error)
            with self._guard:
                self._done += 1
                event = Event(name="adopted", target=self._target.name, done=self._done)
            self._listen(event)

        with ThreadPoolExecutor(self._target.sink.connections, "adopt") as pool:
            yield from pool.map(one, issues)


def _placed(of: Key, kind: str, at: RemoteRef) -> Placed:
    return Placed(of, kind, at.url or at.number or at.id)
