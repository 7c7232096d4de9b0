"""Taking back what this workspace wrote to a target, where the target allows that.

Issue by issue: what stands there is read and compared with what was sent, its history is asked, and
what somebody else has worked on is left alone. The rest goes, or is closed where the target keeps
everything; each request is meant first, and a lost reply is settled by looking. Then the ledger
knows no more of the issue, which is thereby to be written: the next run makes it anew. Killed at
any moment and run again, it comes to the same end.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import cast

import msgspec

from tracker_migrate.abilities import Back, Part, TakesBack
from tracker_migrate.digest import short
from tracker_migrate.engine.closing import Closing
from tracker_migrate.engine.diff import open_digests, references
from tracker_migrate.engine.doubles import double_key, is_double
from tracker_migrate.engine.events import Listen, silent
from tracker_migrate.engine.filters import Only
from tracker_migrate.engine.recover import recover
from tracker_migrate.engine.send import InDoubt, Sender
from tracker_migrate.engine.steps import Steps
from tracker_migrate.engine.survey import pages
from tracker_migrate.engine.target import Target
from tracker_migrate.errors import ClosingOnly, Gone, ObjectError, Refused, UsageError
from tracker_migrate.interfaces import (
    IMPORTER,
    Action,
    ClosedAction,
    ClosedStep,
    Event,
    Mine,
    Observed,
    RemoteRef,
    Text,
    Wanted,
)
from tracker_migrate.model import Issue, Key
from tracker_migrate.workspace.ledger import Held, places
from tracker_migrate.workspace.undone import is_undone

_PAGE = 100
_TRIES = 4
JOINED = "an earlier migration wrote it, and not this workspace"
UNSEEN = (
    "it is not to be seen any more: somebody has removed it, or has taken this account off its "
    "readers"
)
FOREIGN = "{many} comments or tasks of other people stand on it"
EDITED = "somebody has changed it since: {fields}"
UNSETTLED = "an earlier request is not settled yet: {why}"


class Left(msgspec.Struct, frozen=True, kw_only=True):
    """Something that stays at the target. where: its address, number or name there."""

    kind: str
    where: str


class Undone(msgspec.Struct, kw_only=True):
    """What was taken back, or would be.

    issues: those that were taken back whole. deleted, closed: objects, by kind; with what went
    along. spared: issues that are left as they are, and why. failed: those that could not be taken
    back, and why: they are tried again by the next run. found: requests whose reply was lost, and
    that were carried out. left: what was taken back and stays at the target, closed where that was
    possible, from this run or an earlier one. shared: projects, tags and the like, which stay, by
    kind. advice: what an administrator may do about what is left.
    """

    issues: int = 0
    deleted: dict[str, int] = {}
    closed: dict[str, int] = {}
    spared: dict[Key, str] = {}
    failed: dict[Key, str] = {}
    found: int = 0
    left: list[Left] = []
    shared: dict[str, list[str]] = {}
    advice: list[str] = []


class Undo:
    """Takes back what stands at one target. Raises UsageError if that can take back nothing."""

    def __init__(self, target: Target, listen: Listen = silent, *, dry_run: bool = False) -> None:
        if not isinstance(target.sink, TakesBack):
            raise UsageError(f"{target.tracker} can take back nothing of what was written to it")
        self._target = target
        self._listen = listen
        self._dry_run = dry_run
        self._sink, self._ledger = target.sink, target.ledger
        self._back = cast(TakesBack, target.sink)
        self._kinds = target.planner.kinds
        self._store = target.workspace.undone(target.ledger.target)
        self._sender = Sender(self._sink, self._ledger, self._hear)
        self._closing = Closing(
            target, self._sender, Steps(target, self._sender, None, lambda _step: None)
        )
        self._guard = threading.Lock()
        self._done = 0
        self._stopping = False
        self._unsettled: dict[Key, str] = {}
        self._doubles: dict[Key, dict[Key, Part]] = {}
        self._undone = Undone()

    # -- what it is about -------------------------------------------------------------------------

    def outlook(self, only: Only | None = None) -> Undone:
        """The most that could be taken back, by the ledger alone: what people have touched is still
        among it."""
        for issue in self._issues(only):
            held = self._ours(issue)
            if not _is_spared(issue, held):
                self._count(self._backs(held), held)
        return self._undone

    def _issues(self, only: Only | None) -> Iterator[Key]:
        """Issues of which something of this workspace stands there."""
        for page in pages(self._ledger.issues(), _PAGE):
            for issue in page:
                if not (is_double(issue) or is_undone(issue)) and self._takes(issue, only):
                    yield issue

    def _takes(self, issue: Key, only: Only | None) -> bool:
        """What the archive has no more is taken back with all, and by no filter."""
        if only is None:
            return True
        known = self._target.archive.issue(issue) if only.may_take(issue) else None
        return known is not None and only.takes(known)

    def _ours(self, issue: Key) -> dict[Key, Held]:
        """What stands of an issue, as the ledger has it; nothing that many issues share."""
        return {
            of: held
            for of, held in self._ledger.of_issue(issue).items()
            if held.state != "gone" and self._kinds[held.kind].phase != 0
        }

    # -- the run ----------------------------------------------------------------------------------

    def run(self, only: Only | None = None) -> Undone:
        """Take back. Raises what stops a run; what concerns one issue is told in the end."""
        with suppress(ClosingOnly):
            self._sink.check(self._target.decisions)
        self._target.learn()
        try:
            if not self._dry_run:
                self._settle(only)
            self._know_doubles()
            self._each(only)
        finally:
            self._ledger.drop_leases()
        self._tell_left()
        return self._undone

    def _settle(self, only: Only | None) -> None:
        """End what an earlier run left in doubt; have the references known that will lead nowhere:
        before anything goes, so that no moment loses them."""
        if self._ledger.open_intents():
            self._unsettled = recover(self._sink, self._ledger, self._sender)
        if only is not None:
            self._reopen_others(only)

    def _know_doubles(self) -> None:
        """What a proxy has delivered twice, and is known to, is no work of anybody's."""
        for one in self._target.workspace.doubled(self._target.name).standing():
            its = self._doubles.setdefault(one.issue, {})
            its[double_key(one)] = Part(kind=one.kind, at=one.at)

    def _each(self, only: Only | None) -> None:
        with ThreadPoolExecutor(self._sink.connections, thread_name_prefix="undo") as pool:
            try:
                for page in pages(self._issues(only), _PAGE):
                    for future in [pool.submit(self._in_turn, issue) for issue in page]:
                        future.result()
            except BaseException:
                self._stopping = True
                pool.shutdown(wait=True, cancel_futures=True)
                raise

    def _in_turn(self, issue: Key) -> None:
        if self._stopping:
            return
        try:
            self._issue(issue)
        except BaseException:
            self._stopping = True
            raise
        with self._guard:
            self._done += 1
            done = self._done
        self._listen(Event(name="undone", target=self._target.name, key=issue, done=done))

    # -- one issue --------------------------------------------------------------------------------

    def _issue(self, issue: Key) -> None:
        held = self._ours(issue)
        if not held:
            return
        try:
            if reason := self._spared(issue, held):
                self._spare(issue, reason)
                return
            backs = self._backs(held)
            if not self._dry_run:
                self._take_back(issue, held, backs)
        except Gone:
            self._spare(issue, UNSEEN)
            return
        except (ObjectError, UsageError) as error:
            with self._guard:
                self._undone.failed[issue] = str(error)
            return
        with self._guard:
            self._count(backs, held)

    def _spare(self, issue: Key, reason: str) -> None:
        with self._guard:
            self._undone.spared[issue] = reason
        known = self._target.archive.issue(issue) if not self._dry_run else None
        if known is not None:  # what it refers to may go
            self._reopen(known, lambda _issue: True)

    def _spared(self, issue: Key, held: Mapping[Key, Held]) -> str:
        """Why an issue is left as it is, or "". Raises Gone if it is not to be seen."""
        if issue in self._unsettled:
            return UNSETTLED.format(why=self._unsettled[issue])
        if reason := _is_spared(issue, held):
            return reason
        seen = self._sink.read(places(held, self._kinds))
        if seen.foreign:
            return FOREIGN.format(many=seen.foreign)
        if edited := self._edited(held, seen.objects):
            return EDITED.format(fields=", ".join(edited))
        parts = {of: _part(one) for of, one in held.items()}
        return self._back.worked_on(issue, parts | self._doubles.get(issue, {}))

    def _edited(self, held: Mapping[Key, Held], seen: Mapping[Key, Observed]) -> list[str]:
        """The fields that are not as we sent them, by kind."""
        backs = {one.key: one for one in self._backs(held)}
        names = set()
        for of, one in held.items():
            if of not in seen or one.kind in self._back.unminded or _is_back(one, backs.get(of)):
                continue
            now = seen[of].fields
            for name, (_open, sent) in one.fields.items():
                if sent and name in now and short(now[name]) != sent:
                    names.add(f"{one.kind}.{name}")
        return sorted(names)

    def _backs(self, held: Mapping[Key, Held]) -> Sequence[Back]:
        parts = {of: _part(one) for of, one in held.items()}
        return self._back.backs(parts, self._target.decisions)

    def _count(self, backs: Sequence[Back], held: Mapping[Key, Held]) -> None:
        undone = self._undone
        undone.issues += 1
        for back in backs:
            if back.op == "update":
                _add(undone.closed, [held[back.key].kind])
            else:
                gone = (back.key, *back.takes)
                _add(undone.deleted, [held[of].kind for of in gone if held[of].within is None])

    # -- taking back ------------------------------------------------------------------------------

    def _take_back(self, issue: Key, held: Mapping[Key, Held], backs: Sequence[Back]) -> None:
        for back in backs:
            if back.op == "delete":
                self._delete(issue, back, held[back.key])
            else:
                self._close(issue, back, held[back.key])
        self._ledger.flush()
        gone = {of for one in backs if one.op == "delete" for of in (one.key, *one.takes)}
        taken = {of for one in backs for of in one.takes}
        stay = [of for of in held if of not in gone | taken and held[of].within is None]
        self._store.finish(issue, list(held), stay)
        for of in held:
            self._target.places.forget(of)

    def _delete(self, issue: Key, back: Back, held: Held) -> None:
        action = ClosedAction(
            op="delete",
            key=back.key,
            kind=held.kind,
            fields={},
            at=held.at,
            holds=back.takes,
            by=held.by,
        )
        step = ClosedStep(kind=f"{held.kind}.delete", issue=issue, actions=(action,))
        lost = 0
        while lost < _TRIES:
            try:
                for _receipt in self._sender.send([step]):
                    pass
            except InDoubt as waiting:
                lost += not waiting.doubt.down
                self._sender.settle(waiting.doubt)
                self._ledger.flush()
                if back.key not in self._ledger.held([back.key]):
                    return
            else:
                return
        raise Refused(f"the replies to {_TRIES} requests were lost: look at the server")

    def _close(self, issue: Key, back: Back, held: Held) -> None:
        """One update as any other, carried out but for what was sent by an earlier run."""
        wanted = Wanted(
            key=back.key,
            kind=held.kind,
            issue=issue,
            fields=back.fields,
            audience=IMPORTER,
            marker=back.marker,
        )
        marks = open_digests(wanted)
        sent = {name: mark for name, (mark, _sent) in held.fields.items()}
        due = tuple(name for name in back.fields if sent.get(name) != marks[name])
        if due:
            # whoever runs `apply` after this was killed half-way finds that it is not as it was
            self._ledger.unsend(back.key, {})
            self._closing.send([Action(op="update", wanted=wanted, fields=due, at=held.at)])

    # -- what refers to it ------------------------------------------------------------------------

    def _reopen_others(self, only: Only) -> None:
        """What stays and refers to what goes is written again when that is there anew."""
        for page in pages(self._target.archive.issues(), _PAGE):
            held = self._ledger.held([issue.key for issue in page])
            for issue in page:
                if issue.key in held and not (only.may_take(issue.key) and only.takes(issue)):
                    self._reopen(issue, lambda to: self._takes(to, only))

    def _reopen(self, issue: Issue, goes: Callable[[Key], bool]) -> None:
        """Note which of an issue's fields refer to objects of issues that go."""
        try:
            planned = list(self._target.planner.wanted(issue, self._target.decisions))
        except (ObjectError, UsageError):
            return  # nothing is written of it
        planned = [
            one
            for one in planned
            if self._kinds[one.kind].editable and self._kinds[one.kind].phase != 0
        ]
        named = {to for one in planned for value in one.fields.values() for to in references(value)}
        whose = {of: one.issue for of, one in self._ledger.held(sorted(named)).items()}
        gone = {of for of, its in whose.items() if its != issue.key and goes(its)}
        held = self._ledger.held([one.key for one in planned])
        refers = {
            one.key: found
            for one in planned
            if one.key in held and (found := _referring(one, gone))[0]
        }
        if refers:
            self._store.reopen(issue.key, refers)

    # -- what stays -------------------------------------------------------------------------------

    def _tell_left(self) -> None:
        """What was taken back and stands there still; and what many issues share."""
        left: list[Part] = []
        for page in pages(self._store.standing(), _PAGE):
            there = self._still_there(page)
            if not self._dry_run:
                self._store.forget([of for of, _kind, _at in page if of not in there])
            left += [Part(kind=kind, at=at) for of, kind, at in page if of in there]
        self._undone.left = [Left(kind=one.kind, where=_where(one.at)) for one in left]
        self._undone.advice = list(self._back.advice(left))
        for kind in (name for name, one in self._kinds.items() if one.phase == 0):
            held = self._ledger.held(self._ledger.of_kind(kind)).values()
            names = sorted(_where(one.at) for one in held if one.state != "gone")
            if names:
                self._undone.shared[kind] = names

    def _still_there(self, page: Sequence[tuple[Key, str, RemoteRef]]) -> set[Key]:
        watch = self._sink.watch
        if watch is None:
            return {of for of, _kind, _at in page}
        asked = [Mine(kinds=(kind,), at=at) for _of, kind, at in page]
        there = {one.at.id for one in watch.look(asked)}
        return {of for of, _kind, at in page if at.id in there}

    def _hear(self, event: Event) -> None:
        if event.name == "found":
            with self._guard:
                self._undone.found += 1
        self._listen(msgspec.structs.replace(event, target=self._target.name))


def _where(at: RemoteRef) -> str:
    return at.url or at.number or at.id


def _part(held: Held) -> Part:
    return Part(kind=held.kind, at=held.at, by=held.by)


def _is_spared(issue: Key, held: Mapping[Key, Held]) -> str:
    """Why an issue is none of this workspace's, or ""."""
    own = held.get(issue)
    return JOINED if own is not None and own.state == "joined" else ""


def _is_back(held: Held, back: Back | None) -> bool:
    """Whether an object was taken back already, by a run that did not come to its end."""
    if back is None or back.op == "delete":
        return False
    return all(
        held.fields.get(name, ("", ""))[1] == short(value) for name, value in back.fields.items()
    )


def _add(counts: dict[str, int], kinds: Sequence[str]) -> None:
    for kind, many in Counter(kinds).items():
        counts[kind] = counts.get(kind, 0) + many


def _referring(wanted: Wanted, gone: set[Key]) -> tuple[list[Key], list[str]]:
    """To which of these an object refers; and in which of its fields that are no texts."""
    named = {name: references(value) & gone for name, value in wanted.fields.items()}
    fields = [
        name for name, to in named.items() if to and not isinstance(wanted.fields[name], Text)
    ]
    return sorted(to for its in named.values() for to in its), fields
