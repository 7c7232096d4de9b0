"""Planning: the difference of every issue, without asking or writing anything at the target.

It goes over the archive in pages. What is known to be done, from the very inputs that it has now,
is not rendered again and not even decoded; what becomes of its fields was kept when it was.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

import msgspec

from tracker_migrate.engine.authored import misnamed
from tracker_migrate.engine.costs import Costs
from tracker_migrate.engine.diff import Difference, diff, open_digest, step_digest
from tracker_migrate.engine.edits import reopen
from tracker_migrate.engine.events import Listen, silent
from tracker_migrate.engine.filters import Only
from tracker_migrate.engine.processes import Crew, How
from tracker_migrate.engine.rendering import Page, Rendered, Rendering
from tracker_migrate.engine.survey import pages
from tracker_migrate.engine.target import Target
from tracker_migrate.errors import ObjectError, UsageError
from tracker_migrate.interfaces import Action, Event, Wanted
from tracker_migrate.model import Issue, Key
from tracker_migrate.typed import ready
from tracker_migrate.workspace.ledger import Held

_PAGE = 200
#: other processes take long to start: so many issues of a page have to be rendered, and so many
#: have to follow
_MANY, _WORTH = 100, 1000
#: what is said of an issue: the first of these that is true of something of it
_TELLING = ("refuse", "create", "update", "stuck")
#: keys that hold a number and no name
_NUMBERED = re.compile(r"[a-z]+:(part:)?[a-z]+:\d+(/\d+)*")
#: why an object stands in a plan, if nothing else says it
WHY = {
    "create": "not there yet",
    "unchanged": "as it was written",
    "gone": "removed at the target, and not made again unasked",
    "unwanted": "wanted no more, and left there",
}


class Item(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One line of a plan: what happens to one object, and why. No line holds a text of an issue,
    and one of an issue that is not public no name of a series, milestone or tag (`_guarded`).

    op: create, update, unchanged, refuse, stuck, gone, unwanted; `issue` says of an issue as a
    whole what it was planned from (`inputs`). fields: those that an update sends. digest: what
    `apply` keeps to; other: the same for what is written as somebody else if the target lets us,
    for if it does not.
    """

    issue: Key
    key: Key
    op: str
    kind: str = ""
    fields: tuple[str, ...] = ()
    reason: str = ""
    digest: str = ""
    other: str = ""
    inputs: str = ""


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """What becomes of one issue: its lines, and what becomes of its fields. op: the first of
    `refuse`, `create`, `update`, `stuck`, `unchanged` that is true of something of it. inputs: what
    that depends on. fates: numbers of `workspace.fates`, and how often. issue: itself, if it had to
    be looked at."""

    key: Key
    op: str
    inputs: str
    items: tuple[Item, ...] = ()
    fates: tuple[tuple[int, int], ...] = ()
    issue: Issue | None = None


class Planned(msgspec.Struct, kw_only=True):
    """A plan added up. losses: (entity, field, outcome) → how often; reasons of what is lost.
    private: issues that not everybody may read. less: who may read some of those at the source, and
    not at the target, as far as that is known without asking it → how many. held: what would be
    written within another object: comments by bots that are folded. misnamed: objects that are
    shown as another's than the tables say, and that only `backdate` can change. no_bots: they are
    to be folded, and nobody said who they are. requests, seconds: by kind of request; what they
    take of a server that has nothing else to do, None where nobody has measured it."""

    issues: int = 0
    create: Counter[str] = msgspec.field(default_factory=Counter)
    update: Counter[str] = msgspec.field(default_factory=Counter)
    refuse: Counter[str] = msgspec.field(default_factory=Counter)
    unchanged: int = 0
    stuck: int = 0
    gone: int = 0
    held: int = 0
    no_bots: bool = False
    unwanted: int = 0
    misnamed: int = 0
    private: int = 0
    less: Counter[Key] = msgspec.field(default_factory=Counter)
    losses: Counter[tuple[str, str, str]] = msgspec.field(default_factory=Counter)
    reasons: dict[str, str] = msgspec.field(default_factory=dict)
    requests: dict[str, int] = msgspec.field(default_factory=dict)
    seconds: dict[str, float] | None = None

    @property
    def writes(self) -> int:
        """How many objects would be created or updated."""
        return self.create.total() + self.update.total()

    def outcome_fields(self, outcome: str) -> int:
        """How many different fields end as native, text or lost."""
        return len({(entity, field) for entity, field, what in self.losses if what == outcome})


class Plan:
    """Plans for one target. No server is asked.

    losses: also what becomes of every field. whole: lines for what is unchanged, too. looks: every
    issue is decoded, for who wants to show it. marked: lines have the digests that `apply` keeps
    to. processes: how many others may render once there is much to render; 1 for none. Use one for
    one plan.
    """

    def __init__(
        self,
        target: Target,
        listen: Listen = silent,
        losses: bool = True,
        *,
        whole: bool = False,
        looks: bool = False,
        marked: bool = True,
        processes: int = 1,
    ) -> None:
        self._target = target
        self._listen = listen
        self._whole, self._looks, self._marked = whole, looks, marked
        self._rendering = Rendering(target, losses=losses, whole=whole, looks=looks)
        self._processes = processes
        self._how = How(
            folder=target.workspace.folder,
            target=target.name,
            losses=losses,
            whole=whole,
            looks=looks,
        )
        folds = target.options.get("bots") == "fold"
        self._planned = Planned(no_bots=folds and not target.decisions.tables.people.bots)
        self._costs = Costs(target.planner)
        self._fates: dict[int, int] = {}
        self._shared = _Shared(target)

    def run(
        self,
        only: Only | None = None,
        limit: int | None = None,
        each: Callable[[Item], None] | None = None,
    ) -> Planned:
        """Plan for the issues that `only` takes, the first `limit` of them. each: is given every
        line of the plan."""
        for one in self.outcomes(only, limit):
            for item in one.items if each is not None else ():
                each(item)  # type: ignore[misc]
        return self.result()

    def outcomes(self, only: Only | None = None, limit: int | None = None) -> Iterator[Outcome]:
        """What becomes of each issue that `only` takes, in order; all added up by `result`."""
        reopen(self._target)
        name, total = self._target.name, self._target.archive.count()
        taken = 0
        for page in self._pages(only, limit, total):
            for one in self._page(page):
                taken += 1
                yield one
                done = Event(name="planned", target=name, key=one.key, done=taken, total=total)
                self._listen(done)

    def _pages(self, only: Only | None, limit: int | None, total: int) -> Iterator[Page]:
        """The pages of the archive. One that has much to be rendered, with many to follow, is
        reason enough to start other processes."""
        left = limit
        contents = (dict(page) for page in pages(self._contents(only), _PAGE))
        spread = self._processes > 1 and only is None and limit is None
        for number, one in enumerate(contents, 1):
            page = self._rendering.page(one, only, left)
            if spread and page.due >= _MANY and total - number * _PAGE >= _WORTH:
                yield from self._together(page, contents)
                return
            yield page
            if limit is not None and (left := limit - self._planned.issues) <= 0:
                return

    def _together(self, first: Page, rest: Iterator[Mapping[Key, str]]) -> Iterator[Page]:
        """All pages from one on. That one is rendered while the others come up."""
        self._target.ledger.flush()
        with Crew(self._how, self._processes) as crew:
            yield first
            yield from crew.pages(rest, self._rendering)

    def _contents(self, only: Only | None) -> Iterator[tuple[Key, str]]:
        return (
            (key, content)
            for key, content in self._target.archive.digests()
            if only is None or only.may_take(key)
        )

    # -- a page of issues -------------------------------------------------------------------------

    def _page(self, page: Page) -> Iterator[Outcome]:
        self._planned.unchanged += page.standing
        told = [self._outcome(one, tuple(self._issue(one))) for one in page.issues]
        yield from told

    def _outcome(self, one: Rendered, items: tuple[Item, ...]) -> Outcome:
        seen, issue = one.seen, one.issue
        for number, count in seen.fates:
            self._fates[number] = self._fates.get(number, 0) + count
        ops = {item.op for item in items}
        return Outcome(
            key=seen.key,
            op=next((op for op in _TELLING if op in ops), "unchanged"),
            inputs=seen.inputs,
            items=items if issue is None else tuple(_guarded(item, issue) for item in items),
            fates=tuple(seen.fates),
            issue=issue,
        )

    # -- one issue --------------------------------------------------------------------------------

    def _issue(self, one: Rendered) -> Iterator[Item]:
        plan, seen = self._planned, one.seen
        reason = seen.exposed or seen.refused or one.reason
        plan.issues += 1
        if one.issue is not None and one.issue.private:
            plan.private += 1
            plan.less.update(self._target.decisions.readers(one.issue).less)
        if not reason and not one.due:
            yield from _standing(seen.key, one.held) if self._whole else ()
        elif not reason and one.wanted is not None:
            try:
                yield from self._difference(seen.key, one.wanted, one.held)
            except (ObjectError, UsageError) as error:
                reason = str(error)  # apply would set it aside
        if reason:
            plan.refuse[reason] += 1
            yield Item(issue=seen.key, key=seen.key, op="refuse", reason=reason)

    def _difference(
        self, issue: Key, wanted: Sequence[Wanted], held: Mapping[Key, Held]
    ) -> Iterator[Item]:
        plan, target = self._planned, self._target
        shared = self._shared.held([one.key for one in wanted if one.issue != issue])
        found = diff(wanted, {**held, **shared}, target.planner.kinds, target.places)
        actions = [one for one in found.actions if self._shared.is_first(one.wanted, issue)]
        self._costs.add(actions)
        open_ = {one.key: one for one in wanted}
        for action in actions:
            (plan.create if action.op == "create" else plan.update)[action.wanted.kind] += 1
            plan.held += len(action.wanted.holds) if action.op == "create" else 0
            yield self._item(issue, action, open_[action.wanted.key])
        same = _unchanged(issue, wanted, found)
        plan.unchanged += len(same)
        plan.stuck += len(found.stuck)
        plan.gone += len(found.gone)
        plan.unwanted += len(found.left)
        plan.misnamed += sum(1 for _ in misnamed(wanted, held, target.decisions.account))
        yield from _others(issue, found, open_)
        for one in same if self._whole else ():
            yield Item(issue=issue, key=one.key, op="unchanged", kind=one.kind)

    def _item(self, issue: Key, action: Action, planned: Wanted) -> Item:
        one = action.wanted
        fields = () if action.op == "create" else action.fields
        reason = f"changed: {', '.join(fields)}" if fields else ""
        marks = _marks(action, planned) if self._marked else ("", "")
        return Item(
            issue=issue,
            key=one.key,
            op=action.op,
            kind=one.kind,
            fields=fields,
            reason=reason,
            digest=marks[0],
            other=marks[1],
        )

    # -- all together -----------------------------------------------------------------------------

    def result(self) -> Planned:
        """All of it added up, as far as it was gone through."""
        self._target.ledger.flush()  # who plans again finds what was kept
        plan, costs = self._planned, self._costs
        named = self._target.workspace.fates.named(self._fates)
        for number, count in sorted(self._fates.items(), key=lambda one: one[1]):
            fate = named[number]
            plan.losses[fate.entity, fate.field, fate.outcome] += count
            if fate.outcome == "lost":  # the most frequent reason is told
                plan.reasons[f"{fate.entity}.{fate.field}"] = fate.reason
        plan.requests = dict(costs.requests)
        if costs.seconds is not None:
            plan.seconds = {kind: costs.seconds_of(kind) or 0.0 for kind in costs.requests}
        return plan


class _Shared:
    """What many issues share at the target: asked of the ledger once, planned for the first."""

    def __init__(self, target: Target) -> None:
        self._ledger = target.ledger
        self._known: dict[Key, Held | None] = {}
        self._planned: set[Key] = set()

    def held(self, keys: list[Key]) -> dict[Key, Held]:
        """Those of these objects that stand there."""
        fresh = [key for key in keys if key not in self._known]
        if fresh:
            there = self._ledger.held(fresh)
            self._known.update((key, there.get(key)) for key in fresh)
        return {key: one for key in keys if (one := self._known[key]) is not None}

    def is_first(self, wanted: Wanted, issue: Key) -> bool:
        """Whether an object is the issue's own, or was not planned yet for another one."""
        if wanted.issue == issue:
            return True
        if wanted.key in self._planned:
            return False
        self._planned.add(wanted.key)
        return True


def _marks(action: Action, planned: Wanted) -> tuple[str, str]:
    """What `apply` keeps to: of the action, and of one that is not written as somebody else."""
    mark = step_digest(action.op, planned.key, open_digest(action.wanted))
    if action.op == "update" or not action.wanted.by:
        return mark, ""
    other = step_digest(action.op, planned.key, open_digest(planned))
    return mark, "" if other == mark else other


def _unchanged(issue: Key, wanted: Iterable[Wanted], found: Difference) -> list[Wanted]:
    """The issue's own objects that stay as they are."""
    others = {one.wanted.key for one in found.actions} | {key for key, _ in found.stuck}
    others |= set(found.gone)
    return [one for one in wanted if one.issue == issue and one.key not in others]


def _others(issue: Key, found: Difference, wanted: Mapping[Key, Wanted]) -> Iterator[Item]:
    """The lines of what differs, and is not written."""
    for key, reason in found.stuck:
        yield Item(issue=issue, key=key, op="stuck", kind=wanted[key].kind, reason=reason)
    for key in found.gone:
        yield Item(issue=issue, key=key, op="gone", kind=wanted[key].kind, reason=WHY["gone"])
    for key in found.left:
        yield Item(issue=issue, key=key, op="unwanted", reason=WHY["unwanted"])


def _standing(issue: Key, held: Mapping[Key, Held]) -> Iterator[Item]:
    for key, one in held.items():
        op = "gone" if one.state == "gone" else "unchanged"
        yield Item(issue=issue, key=key, op=op, kind=one.kind)


def _guarded(item: Item, issue: Issue) -> Item:
    """The line as it may be kept in a file. The key of a task names the series that a weakness is
    in, that of a milestone when it will be mended: of what is not public only numbers are told."""
    if not issue.private or _NUMBERED.fullmatch(item.key):
        return item
    return msgspec.structs.replace(item, key=issue.key)


ready(Item)
