"""Reading a target back, and comparing it field by field with what was sent.

The target is asked, not the ledger: the ledger only says where to look, and by digests what stood
in each field when it was written.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor

import msgspec

from tracker_migrate.digest import short
from tracker_migrate.engine.account import Account, fates
from tracker_migrate.engine.authored import misnamed
from tracker_migrate.engine.differing import Both, Differing
from tracker_migrate.engine.doubles import is_double
from tracker_migrate.engine.events import Listen, silent
from tracker_migrate.engine.exposures import exposures
from tracker_migrate.engine.filters import Only
from tracker_migrate.engine.retired import with_retired
from tracker_migrate.engine.survey import pages
from tracker_migrate.engine.tally import Counted, Tally
from tracker_migrate.engine.target import Target
from tracker_migrate.errors import Gone, ObjectError, UsageError
from tracker_migrate.interfaces import IMPORTER, Event, RemoteRef, Snapshot
from tracker_migrate.model import Issue, Key, name_of
from tracker_migrate.text.notes import is_note
from tracker_migrate.workspace.ledger import Held, Verdict, places
from tracker_migrate.workspace.undone import is_undone

_PAGE = 100
_CHANGED = "is not what was sent: somebody changed it, or the server did"


class DifferenceAt(msgspec.Struct, frozen=True):
    """A field whose value is not the one that was sent; `field` may be `*` for a whole object."""

    key: Key
    field: str
    what: str


class Verified(msgspec.Struct, kw_only=True):
    """What a verification saw.

    planned: objects that should be at the target. found: those that were. differs: fields changed
    since they were sent. doubled: objects that stand there twice. settled: those of which that is
    known, and done about it what the target lets be done. unplanned: objects of ours that the
    ledger does not know. unwanted: objects there that are wanted no more (what was taken away at
    the source, the last part of a text that became shorter). misnamed: objects that are shown as
    another's than the tables say by now. private: objects that not everybody
    may read. exposed: those of them that an outsider can read, and issues of which something can't
    be taken back. closed: issues that are closed for all but the importer. counted: the tasks by
    series, milestone and status, at both ends. texts: both texts of what differs, of public issues
    alone, and of the first `differing.MANY`; no document of `verify` has them.
    """

    planned: int = 0
    found: int = 0
    fields: int = 0
    missing: list[Key] = msgspec.field(default_factory=list)
    doubled: list[Key] = msgspec.field(default_factory=list)
    unplanned: list[Key] = msgspec.field(default_factory=list)
    unwanted: list[Key] = msgspec.field(default_factory=list)
    misnamed: int = 0
    differs: list[DifferenceAt] = msgspec.field(default_factory=list)
    private: int = 0
    exposed: list[Key] = msgspec.field(default_factory=list)
    closed: int = 0
    foreign: int = 0
    pending: int = 0
    settled: int = 0
    account: Account = msgspec.field(default_factory=Account)
    counted: Counted = msgspec.field(default_factory=Counted)
    texts: list[Both] = msgspec.field(default_factory=list)

    @property
    def agrees(self) -> bool:
        """Whether source and target agree, but for what is refused or lost with its reason."""
        found = self.missing or self.doubled or self.unplanned or self.differs or self.exposed
        left = self.account.missing or self.pending or self.counted.differ
        return not found and not left


class Verify:
    """Verifies one target."""

    def __init__(self, target: Target, listen: Listen = silent) -> None:
        self._target = target
        self._listen = listen
        self._verified = Verified()
        self._tally = Tally(target)
        self._differing = Differing(target)
        self._gone = frozenset(target.archive.gone_keys())
        #: what people changed, as far as that is known, and what is done about it
        self._met = {(one.key, one.field): one for one in target.ledger.met.all()}
        doubles = target.workspace.doubled(target.name).standing()
        settled = [one for one in doubles if one.state in ("settled", "told")]
        self._doubles = frozenset(one.key for one in settled)
        self._verified.settled = len(settled)

    def run(self, only: Only | None = None, sample: int | None = None, seed: int = 0) -> Verified:
        """Read the target back. sample: only so many issues, drawn by `seed`."""
        self._target.sink.check(self._target.decisions)
        self._target.learn()
        chosen = self._drawn(sample, seed)
        total = len(chosen) if chosen is not None else self._target.archive.count()
        done = 0
        with ThreadPoolExecutor(self._target.sink.connections) as pool:
            for page in pages(self._issues(only, chosen), _PAGE):
                self._target.exposures.update(exposures(self._target, page))
                keys = [issue.key for issue in page]
                verdicts = self._target.ledger.verdicts(keys)
                held = [self._target.ledger.of_issue(key) for key in keys]
                seen = list(pool.map(self._read, held))
                for issue, ours, snapshot in zip(page, held, seen, strict=True):
                    self._compare(issue, ours, snapshot, verdicts.get(issue.key))
                self._outsider(keys, held, {one.key for one in page if not self._is_private(one)})
                done += len(page)
                name = self._target.name
                self._listen(Event(name="verified", target=name, done=done, total=total))
            if only is None and sample is None:
                self._absent()
        for verdict in self._target.ledger.in_state("exposed"):
            self._expose([verdict.issue])
        self._verified.counted = self._tally.counted()
        self._verified.texts = self._differing.found
        return self._verified

    def _absent(self) -> None:
        """What we wrote of issues that the archive has no more: gone at the source, or forgotten
        on purpose. It has to be closed."""
        for keys in pages(self._target.ledger.issues(), _PAGE):
            ours = {key for key in keys if not is_double(key) or self._is_closed(key)}
            left = sorted(ours - self._target.archive.present(keys))
            held = [self._target.ledger.of_issue(key) for key in left]
            pairs = zip(left, held, strict=True)
            public = {key for key, its in pairs if is_undone(key) and not _was_private(its)}
            self._outsider(left, held, public)

    def _is_closed(self, double: Key) -> bool:
        held = self._target.ledger.held([double])
        return all(one.audience == IMPORTER for one in held.values())

    def _is_private(self, issue: Issue) -> bool:
        return issue.private or self._target.decisions.audience(issue).name != "public"

    def _drawn(self, sample: int | None, seed: int) -> set[Key] | None:
        if sample is None:
            return None
        keys = list(self._target.archive.issue_keys())
        return set(random.Random(seed).sample(keys, min(sample, len(keys))))

    def _issues(self, only: Only | None, chosen: set[Key] | None) -> Iterator[Issue]:
        for issue in self._target.archive.issues():
            if (only is None or only.takes(issue)) and (chosen is None or issue.key in chosen):
                yield issue

    def _read(self, held: dict[Key, Held]) -> Snapshot:
        if not held:
            return Snapshot(objects={})
        try:
            return self._target.sink.read({key: (one.kind, one.at) for key, one in held.items()})
        except Gone:
            return Snapshot(objects={})

    def _compare(
        self, issue: Issue, held: dict[Key, Held], seen: Snapshot, verdict: Verdict | None
    ) -> None:
        result = self._verified
        refusal = self._target.planner.refusal(issue, self._target.decisions)
        if refusal is None and verdict is not None and verdict.state == "aside":
            refusal = verdict.reason
        if refusal is None and (verdict is None or verdict.state != "done"):
            result.pending += 1
        wanted = {}
        if not refusal:
            try:
                wanted = self._wanted(issue, held)
            except (ObjectError, UsageError) as error:
                refusal = str(error)
        for key in wanted:
            result.planned += 1
            if key in seen.objects:
                result.found += 1
            else:
                result.missing.append(key)
        open_ = self._differing.may_tell(issue, held, seen.objects)
        for key, one in held.items():
            if key in seen.objects and one.state == "there":
                self._author(one, seen.objects[key].by)
                differ = self._fields(one, seen.objects[key].fields)
                if differ and open_:
                    self._differing.add(issue, one, seen.objects[key], differ)
        result.doubled += [key for key in seen.doubled if key not in self._doubles]
        if not refusal:
            self._tally.add(issue, seen.objects, private=self._is_private(issue))
            left = seen.objects.keys() & held.keys() - wanted.keys()
            result.unwanted += sorted(key for key in left if not is_note(key))
        result.unplanned += [key for key in seen.ours if key not in held]
        result.foreign += seen.foreign
        for fate in fates(issue, refusal, wanted, seen.objects):
            result.account.add(fate)

    def _wanted(self, issue: Issue, held: dict[Key, Held]) -> dict[Key, str]:
        kinds, decisions = self._target.planner.kinds, self._target.decisions
        planner = self._target.planner
        planned = with_retired(planner, issue, planner.wanted(issue, decisions), held, decisions)
        self._verified.misnamed += sum(1 for _ in misnamed(planned, held, decisions.account))
        return {
            of: one.kind
            for one in planned
            if kinds[one.kind].phase != 0
            for of in (one.key, *one.holds)
        }

    def _author(self, held: Held, by: str) -> None:
        """Note an object that was written as somebody, and shows somebody else by now, as far as
        that is told."""
        if held.by and by and by != held.by:
            what = "is not who it was written as: somebody changed it"
            self._verified.differs.append(DifferenceAt(held.key, "author", what))

    def _fields(self, held: Held, now: dict[str, object]) -> list[str]:
        """The fields of an object that are not what was sent."""
        differ = []
        for name, (_open, sent) in held.fields.items():
            if name not in now:
                continue
            self._verified.fields += 1
            if short(now[name]) != sent:
                met = self._met.get((held.key, name))
                what = f"{_CHANGED} ({met.policy})" if met is not None else _CHANGED
                self._verified.differs.append(DifferenceAt(held.key, name, what))
                differ.append(name)
        return differ

    def _outsider(self, keys: list[Key], held: list[dict[Key, Held]], public: set[Key]) -> None:
        """Look at what is private with the eyes of somebody who must not see it. public: issues
        that everybody may read."""
        private: dict[Key, tuple[str, RemoteRef]] = {}
        for issue, ours in zip(keys, held, strict=True):
            there = {} if issue in public else places(ours, self._target.planner.kinds)
            private |= there
            if there:
                self._closed(issue, ours)
        self._verified.private += len(private)
        if private:
            self._expose(self._target.sink.readable_by_outsider(private))

    def _closed(self, issue: Key, ours: dict[Key, Held]) -> None:
        """Hold what we know against what should be: a policy that lets in too many by now, a
        closing that did not work."""
        self._verified.closed += not (is_double(issue) or is_undone(issue)) and all(
            one.audience == IMPORTER for one in ours.values() if self._has_own(one)
        )
        known = self._target.archive.issue(issue)
        refused = known and self._target.planner.refusal(known, self._target.decisions)
        open_ = any(one.audience != IMPORTER for one in ours.values() if self._has_own(one))
        if open_ and (refused or issue in self._gone):
            self._expose([issue])

    def _has_own(self, held: Held) -> bool:
        return self._target.planner.kinds[held.kind].private == "own" and held.state != "gone"

    def _expose(self, keys: list[Key]) -> None:
        self._verified.exposed += [key for key in keys if key not in self._verified.exposed]


def _was_private(held: Mapping[Key, Held]) -> bool:
    """Whether what was taken back, and stays, is to be read by few: a file of a public issue is as
    open as it was."""
    return any(one.audience != "public" for one in held.values())


def outsiders(target: Target) -> Verified:
    """Read every private object at the target as nobody and as each outsider: the object itself,
    lists, feeds, search hits, tags. Asks of the ledger only where to look."""
    target.sink.check(target.decisions)
    target.learn()
    verified = Verified()
    private: dict[Key, tuple[str, RemoteRef]] = {}
    for page in pages(target.ledger.issues(), _PAGE):
        public = target.archive.public(page)
        for key in page:
            held = target.ledger.of_issue(key)
            if is_double(key) and any(one.audience != IMPORTER for one in held.values()):
                continue  # of something public, and not closed yet
            if is_undone(key) and not _was_private(held):
                continue
            # closed by hand, or for what can't be taken back, though public at the source
            if key not in public or any(one.audience != "public" for one in held.values()):
                private |= places(held, target.planner.kinds)
    known = {name_of(key) for key in target.ledger.of_kind("tag")}
    names = {target.decisions.tag(tag) for tag in target.archive.withheld_tags()}
    withheld = {name for name in names if name is not None} - known
    verified.private = len(private)
    verified.exposed = target.sink.readable_by_outsider(private, withheld=withheld, thorough=True)
    return verified
