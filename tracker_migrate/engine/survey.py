"""Before the first write of a run: who is refused, who was here before, which numbers are taken.

It goes over the archive once, in pages, and leaves its findings in the ledger.
"""

from __future__ import annotations

from collections.abc import Container, Iterator, Mapping, Sequence
from typing import TypeVar

import msgspec

from tracker_migrate.engine.events import Listen, silent
from tracker_migrate.engine.exposures import exposures, settle
from tracker_migrate.engine.filters import Only
from tracker_migrate.engine.foreseen import Foresight, Seen
from tracker_migrate.engine.late import Late
from tracker_migrate.engine.placed import placed
from tracker_migrate.engine.target import Target
from tracker_migrate.errors import ObjectError
from tracker_migrate.interfaces import Event, RemoteRef, Wanted
from tracker_migrate.model import Issue, Key
from tracker_migrate.workspace.ledger import Verdict

T = TypeVar("T")
#: verdicts of what must not be written, whatever its inputs are
CLOSED_STATES = ("refused", "exposed")
_PAGE = 200
_SPARE = 1.1


class Found(msgspec.Struct):
    """How many issues were at the target already: of another migration's, and of ours. failed: why
    what is there of an issue could not be read."""

    joined: int = 0
    taken_back: int = 0
    failed: dict[Key, str] = msgspec.field(default_factory=dict)


class Survey:
    """Notes a verdict for each issue of the archive, joins what an earlier migration of ours
    brought, and gives numbers where the target lets us choose them."""

    def __init__(self, target: Target, listen: Listen = silent) -> None:
        self._target = target
        self._listen = listen

    def judge(self, only: Only | None = None) -> int:
        """Say of each issue whether it is refused; returns how many are to be written.

        Asks no server. An issue that was done before stays so, until its inputs change. What the
        target holds and can't take back is looked for in all issues, whatever this run is about.
        """
        planned, foresight = 0, Foresight(self._target)
        for page in pages(self._target.archive.digests(), _PAGE):
            seen = foresight.page(dict(page), read=only is not None)
            held = self._target.ledger.verdicts(list(seen))
            exposed = {key: one.exposed for key, one in seen.items() if one.exposed}
            self._target.exposures.update(exposed)
            found = [
                _verdict(one, held.get(key)) for key, one in seen.items() if _is_judged(one, only)
            ]
            news = [one for one in found if one != held.get(one.issue)]
            self._look_again([one.issue for one in news if _moved(one, held.get(one.issue))])
            self._target.ledger.set_verdicts(news).result()
            planned += sum(verdict.state not in CLOSED_STATES for verdict in found)
            self._listen(Event(name="judged", target=self._target.name, done=planned))
        self._target.foretell(foresight.moves)
        return planned

    def freed(self, but: Container[Key]) -> bool:
        """Ask the target whether what it can't take back is gone there by now, of all issues but
        those that were looked at before; whether it is of any: then judge again. Raises what stops
        a run."""
        fresh = sorted(key for key in self._target.exposures if key not in but)
        settle(self._target, fresh)
        known = (self._target.archive.issue(key) for key in fresh)
        freed = False
        for page in pages((issue for issue in known if issue is not None), _PAGE):
            still = exposures(self._target, page)
            for issue in page:
                if issue.key not in still:
                    del self._target.exposures[issue.key]
                    freed = True
        return freed

    def _look_again(self, issues: list[Key]) -> None:
        """What names one of these, or is named by it, is written otherwise now that they move, or
        move no more: it is not done, though nothing of its own has changed."""
        beside = self._target.archive.beside(issues) if issues else ()
        verdicts = self._target.ledger.verdicts(list(beside)) if beside else {}
        done = [key for key, one in verdicts.items() if one.state == "done" and one.inputs]
        if done:
            self._target.workspace.foreseen(self._target.name).drop(done)
            self._target.ledger.unfinish(*done)

    def join(self, late: Late, only: Only | None = None) -> Found:
        """Look up, in batches, which issues are at the target already; returns how many.

        An issue that another workspace's migration brought is joined and not written twice. What a
        request of ours has made after it was given up is ours: it is taken back, also if nothing is
        to be written of its issue by now. One that may have been made by a step that is not settled
        yet is left alone.
        """
        found = Found()
        for page in pages(self._newcomers(only), _PAGE):
            issues = {issue.key: issue for issue in page}
            bares = [bare(self._target, issue) for issue in page]
            self._look_up(bares, issues, late, found)
        for bares in pages(self._given_up(late), _PAGE):
            self._look_up(bares, {}, late, found)
        for bares in pages(self._parts_given_up(late), _PAGE):
            self._look_up(bares, {}, late, found)
        return found

    def _look_up(
        self, bares: list[Wanted], issues: Mapping[Key, Issue], late: Late, found: Found
    ) -> None:
        known = self._not_anothers(bares, self._target.sink.lookup(bares))
        for key, issue in ((one.key, one.issue) for one in bares if one.key in known):
            if self._target.ledger.in_flight(key):
                continue
            try:
                if late.take_back(key, known[key]):
                    found.taken_back += 1
                elif key in issues:
                    self._take_up(issues[key], known[key])
                    found.joined += 1
            except ObjectError as error:
                found.failed[issue] = str(error)

    def _given_up(self, late: Late) -> Iterator[Wanted]:
        """Of issues that are refused, or gone, what may stand there of ours."""
        gone: frozenset[Key] | None = None
        for page in pages(iter(late.issues()), _PAGE):
            gone = frozenset(self._target.archive.gone_keys()) if gone is None else gone
            held, verdicts = self._target.ledger.held(page), self._target.ledger.verdicts(page)
            fresh = [one for one in page if one not in held]
            still = [one for one in fresh if one in gone or not _moves(verdicts.get(one))]
            for key, home in self._target.archive.homes(still).items():
                yield _bare(self._target, key, home)

    def _parts_given_up(self, late: Late) -> Iterator[Wanted]:
        """Of any issue, for nothing but the ledger tells of what else of it stands there: it would
        be made again, or stay open though its issue is closed."""
        for page in pages(iter(late.parts()), _PAGE):
            held = self._target.ledger.held([one.key for one in page])
            for one in (one for one in page if one.key not in held):
                issue = Key(one.issue)
                yield Wanted(key=one.key, kind=one.kind, issue=issue, fields={}, marker=one.marker)

    def _not_anothers(
        self, asked: Sequence[Wanted], found: Mapping[Key, RemoteRef]
    ) -> dict[Key, RemoteRef]:
        """Less those that the ledger knows: what was renamed says its old name there until it is
        written again, and something else may have that name by now."""
        kinds = {one.key: one.kind for one in asked}
        ids = [at.id for at in found.values()]
        known = self._target.ledger.at(sorted(set(kinds.values())), ids)
        return {key: at for key, at in found.items() if (kinds[key], at.id) not in known}

    def _take_up(self, issue: Issue, at: RemoteRef) -> None:
        """Know the objects of an issue that somebody of ours wrote before this ledger was there."""
        kind = self._target.planner.issue_kind
        found = self._target.sink.read({issue.key: (kind, at)})
        objects = {issue.key: (kind, at)}
        wanted = list(self._target.planner.wanted(issue, self._target.decisions))
        kinds = {one.key: one.kind for one in wanted}
        kinds |= {held: one.kind for one in wanted for held in one.holds}
        objects |= {key: (kinds[key], ref) for key, ref in found.ours.items() if key in kinds}
        objects |= placed(self._target, wanted, objects)
        self._target.ledger.join(issue.key, objects, found.within)
        self._listen(Event(name="joined", target=self._target.name, key=issue.key))

    def give_numbers(self, only: Only | None = None) -> None:
        """Choose the number of every issue that will be written, so that each reference to it can
        be written at once. Claims a block where numbers are not kept."""
        kind = self._target.planner.issue_kind
        for page in pages(self._newcomers(only), _PAGE):
            wanted = [
                (issue.key, self._target.sink.number(bare(self._target, issue))) for issue in page
            ]
            give(self._target, {kind: wanted})

    def _newcomers(self, only: Only | None) -> Iterator[Issue]:
        """Issues that are to be written and are not at the target yet."""
        for keys in pages(self._target.archive.issue_keys(), _PAGE):
            held, verdicts = self._target.ledger.known(keys), self._target.ledger.verdicts(keys)
            fresh = [key for key in keys if key not in held and _moves(verdicts.get(key))]
            issues = self._target.archive.some(fresh) if fresh else {}
            for key in fresh:
                if key in issues and (only is None or only.takes(issues[key])):
                    yield issues[key]


def _is_judged(seen: Seen, only: Only | None) -> bool:
    if only is None or seen.exposed:
        return True
    return seen.issue is not None and only.takes(seen.issue)


def _verdict(seen: Seen, held: Verdict | None) -> Verdict:
    if seen.exposed:
        return Verdict(seen.key, "exposed", seen.exposed, "", 0)
    if seen.refused:
        return Verdict(seen.key, "refused", seen.refused, "", 0)
    if held is None or held.state in CLOSED_STATES:
        return Verdict(seen.key, "planned", "", "", 0)
    return held


def _moves(verdict: Verdict | None) -> bool:
    return verdict is not None and verdict.state not in CLOSED_STATES


def _moved(verdict: Verdict, held: Verdict | None) -> bool:
    """Whether an issue moves that did not before, or the other way round."""
    return (held is None or held.state == "refused") != (verdict.state == "refused")


def bare(target: Target, issue: Issue) -> Wanted:
    """An issue's own object, as far as it takes to look for it."""
    return _bare(target, issue.key, issue.home)


def _bare(target: Target, issue: Key, home: str) -> Wanted:
    kind = target.planner.issue_kind
    return Wanted(key=issue, kind=kind, issue=issue, fields={}, marker=home)


def give(target: Target, wanted: Mapping[str, Sequence[tuple[Key, int | None]]]) -> None:
    """Give numbers, by kind, claiming a block at the target when those that we have are used up."""
    without = target.ledger.give_numbers(wanted) if wanted else {}
    for kind in without:
        _claim(target, kind, wanted[kind])


def _claim(target: Target, kind: str, wanted: Sequence[tuple[Key, int | None]]) -> None:
    with target.beside.claiming:  # whoever waited here finds a new block
        without = target.ledger.give_numbers({kind: wanted}).get(kind)
        if without:
            count = max(100, int(len(without) * _SPARE), _foreseen(target, kind))
            target.ledger.add_block(kind, target.sink.claim(kind, count))
            target.ledger.give_numbers({kind: wanted})


def reserve(target: Target) -> None:
    """Claim, before others begin to write beside us, what they may need of each kind: claims of
    theirs would cost requests, and leave holes."""
    issues = target.ledger.states().get("planned", 0)
    for kind, one in target.planner.kinds.items():
        wanted = _needed(issues, 8)
        own = kind == target.planner.issue_kind
        if one.chosen and not own and target.ledger.room(kind) < wanted:
            target.ledger.add_block(kind, target.sink.claim(kind, max(100, wanted)))


def _needed(issues: int, each: int) -> int:
    return min(int(issues * each * _SPARE), 1_000_000)


def _foreseen(target: Target, kind: str) -> int:
    """How many numbers of a kind the whole archive may need: a claim costs requests, and leaves a
    hole, so make few."""
    issues = target.archive.count()
    per_issue = 1 if kind == target.planner.issue_kind else 8
    return _needed(issues, per_issue)


def pages(things: Iterator[T], size: int) -> Iterator[list[T]]:
    """Issues, or whatever else streams, in lists of at most `size`."""
    page: list[T] = []
    for one in things:
        page.append(one)
        if len(page) == size:
            yield page
            page = []
    if page:
        yield page
