"""Planning: the difference of every issue, without writing anything anywhere but the ledger's
verdicts; as counts, and on request as a file that `apply` keeps to."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec

from tracker_migrate.engine.diff import diff, open_digest, step_digest
from tracker_migrate.engine.events import Listen, silent
from tracker_migrate.engine.filters import Only
from tracker_migrate.engine.survey import inputs
from tracker_migrate.engine.target import Target
from tracker_migrate.errors import ObjectError, UsageError
from tracker_migrate.interfaces import Event, Loss, total
from tracker_migrate.model import Issue, Key

FORMAT = 1
#: keys that hold a number and no name
_NUMBERED = re.compile(r"[a-z]+:(part:)?[a-z]+:\d+(/\d+)*")


class Item(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One line of a plan: what happens to one object, and why. No line holds a text of an issue,
    and one of an issue that is not public no name of a series, milestone or tag (`_guarded`)."""

    issue: Key
    key: Key
    op: str  # create, update, refuse, stuck, gone, unwanted
    kind: str = ""
    fields: tuple[str, ...] = ()
    reason: str = ""
    digest: str = ""


class Planned(msgspec.Struct, kw_only=True):
    """A plan added up. losses: (entity, field, outcome) → how often; reasons of what is lost.
    private: issues that not everybody may read. less: who may read some of those at the source, and
    not at the target, as far as that is known without asking it → how many. held: what would be
    written within another object: comments by bots that are folded. no_bots: they are to be folded,
    and nobody said who they are."""

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
    private: int = 0
    less: Counter[Key] = msgspec.field(default_factory=Counter)
    losses: Counter[tuple[str, str, str]] = msgspec.field(default_factory=Counter)
    reasons: dict[str, str] = msgspec.field(default_factory=dict)

    @property
    def writes(self) -> int:
        """How many objects would be created or updated."""
        return self.create.total() + self.update.total()

    def outcome_fields(self, outcome: str) -> int:
        """How many different fields end as native, text or lost."""
        return len({(entity, field) for entity, field, what in self.losses if what == outcome})


class Plan:
    """Plans for one target. No server is asked."""

    def __init__(self, target: Target, listen: Listen = silent, losses: bool = True) -> None:
        self._target = target
        self._listen = listen
        self._losses = losses
        folds = target.options.get("bots") == "fold"
        self._planned = Planned(no_bots=folds and not target.decisions.tables.people.bots)
        self._shared: set[Key] = set()

    def run(
        self,
        only: Only | None = None,
        limit: int | None = None,
        each: Callable[[Item], None] | None = None,
    ) -> Planned:
        """Plan for the issues that `only` takes. each: is given every line of the plan."""
        count = self._target.archive.count()
        for taken, issue in enumerate(self._issues(only), 1):
            if limit is not None and taken > limit:
                break
            for item in self._issue(issue):
                if each is not None:
                    each(_guarded(item, issue))
            name = self._target.name
            self._listen(Event(name="planned", target=name, key=issue.key, done=taken, total=count))
        return self._planned

    def _issues(self, only: Only | None) -> Iterator[Issue]:
        for issue in self._target.archive.issues():
            if only is None or only.takes(issue):
                yield issue

    def _issue(self, issue: Issue) -> Iterator[Item]:
        plan, target = self._planned, self._target
        plan.issues += 1
        if issue.private:
            plan.private += 1
            plan.less.update(target.decisions.readers(issue).less)
        reason = target.planner.refusal(issue, target.decisions)
        try:
            if reason is None and self._losses:
                self._lose(target.planner.losses(issue, target.decisions))
            if reason is None and not self._is_done(issue.key):
                yield from self._difference(issue)
            elif reason is None:
                plan.unchanged += 1
        except (ObjectError, UsageError) as error:
            reason = str(error)  # apply would set it aside
        if reason is not None:
            plan.refuse[reason] += 1
            yield Item(issue=issue.key, key=issue.key, op="refuse", reason=reason)

    def _is_done(self, key: Key) -> bool:
        """Whether it was written whole, from what it is still made of."""
        verdict = self._target.ledger.verdict(key)
        if verdict is None or verdict.state != "done":
            return False
        return verdict.inputs == inputs(self._target, self._target.archive.digest(key))

    def _difference(self, issue: Issue) -> Iterator[Item]:
        plan, target = self._planned, self._target
        wanted = list(target.planner.wanted(issue, target.decisions))
        held = target.ledger.of_issue(issue.key)
        held |= target.ledger.held([one.key for one in wanted if one.issue != issue.key])
        found = diff(wanted, held, target.planner.kinds, target.places)
        plan.unchanged += found.unchanged
        for action in found.actions:
            one = action.wanted
            if self._is_repeat(one.key, one.issue, issue.key):
                continue
            (plan.create if action.op == "create" else plan.update)[one.kind] += 1
            plan.held += len(one.holds) if action.op == "create" else 0
            mark = step_digest(action.op, one.key, open_digest(one))
            yield Item(
                issue=issue.key,
                key=one.key,
                op=action.op,
                kind=one.kind,
                fields=() if action.op == "create" else action.fields,
                digest=mark,
            )
        for key, reason in found.stuck:
            plan.stuck += 1
            yield Item(issue=issue.key, key=key, op="stuck", reason=reason)
        for key in found.gone:
            plan.gone += 1
            yield Item(issue=issue.key, key=key, op="gone", reason="removed at the target")
        for key in found.left:
            plan.unwanted += 1
            yield Item(issue=issue.key, key=key, op="unwanted", reason="stays at the target")

    def _is_repeat(self, key: Key, owner: Key, issue: Key) -> bool:
        """Whether a shared object was planned already, for another issue of this run."""
        if owner == issue:
            return False
        if key in self._shared:
            return True
        self._shared.add(key)
        return False

    def _lose(self, losses: Iterator[Loss]) -> None:
        held = list(losses)
        for loss in held:
            if loss.outcome == "lost":
                self._planned.reasons[f"{loss.entity}.{loss.field}"] = loss.reason
        self._planned.losses.update(total(held))


def _guarded(item: Item, issue: Issue) -> Item:
    """The line as it may be kept in a file. The key of a task names the series that a weakness is
    in, that of a milestone when it will be mended: of what is not public only numbers are told."""
    if not issue.private or _NUMBERED.fullmatch(item.key):
        return item
    return msgspec.structs.replace(item, key=issue.key)


def write_file(path: Path, target: str, items: Iterator[Item] | list[Item]) -> None:
    """Keep a plan as JSON lines: a head, then an item each."""
    with path.open("wb") as out:
        head = {"plan": FORMAT, "target": target}
        out.write(json.dumps(head).encode() + b"\n")
        for item in items:
            out.write(msgspec.json.encode(item) + b"\n")


def read_file(path: Path, target: str) -> frozenset[str]:
    """The digests of a kept plan. UsageError if it is none, or another target's."""
    try:
        lines = path.read_bytes().splitlines()
        head: dict[str, Any] = json.loads(lines[0])
        if head["plan"] != FORMAT:
            raise UsageError(f"{path} was written by another version: make the plan again")
        planned_for: str = head["target"]
        items = [msgspec.json.decode(line, type=Item) for line in lines[1:]]
    except OSError as error:
        raise UsageError(f"{path} can't be read: {error.strerror}") from None
    except (ValueError, KeyError, IndexError, TypeError):
        raise UsageError(f"{path} is no plan: make one with tracker-migrate plan -o FILE") from None
    if planned_for != target:
        raise UsageError(f"{path} is a plan for the target {planned_for}, not {target}")
    return frozenset(item.digest for item in items if item.digest)
