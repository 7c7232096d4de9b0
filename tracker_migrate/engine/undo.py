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
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import cast

import msgspec

from tracker_migrate.abilities import Back, Part, TakesBack
from tracker_migrate.digest import short
from tracker_migrate.engine.closing import Closing
from tracker_migrate.engine.coming import Coming
from tracker_migrate.engine.diff import open_digests
from tracker_migrate.engine.doubles import double_key, is_double
from tracker_migrate.engine.events import Listen, silent
from tracker_migrate.engine.filters import Only
from tracker_migrate.engine.left import Undone, tell_left
from tracker_migrate.engine.recover import recover
from tracker_migrate.engine.referring import Referring
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
    Observed,
    Wanted,
)
from tracker_migrate.model import Key
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
        self._referring = Referring(target, self._store)
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
        coming = Coming(self._sink, self._ledger, self._sender)
        try:
            if not self._dry_run:
                self._settle(only, coming)
            self._know_doubles()
            self._each(only)
            if not self._dry_run:
                coming.settle()  # a late closing must not shut what the next run makes there
        finally:
            self._ledger.drop_leases()
        tell_left(self._target, self._store, self._back, self._undone, look=not self._dry_run)
        return self._undone

    def _settle(self, only: Only | None, coming: Coming) -> None:
        """End what an earlier run left in doubt, and wait for what it did not wait for: what comes
        late goes, too. Have the references known that will lead nowhere: before anything goes, so
        that no moment loses them."""
        if self._ledger.open_intents():
            self._unsettled = recover(self._sink, self._ledger, self._sender)
        coming.settle()
        if only is not None:
            self._referring.note_all(only, lambda issue: self._takes(issue, only))

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
            self._referring.note(known, lambda _issue: True)

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

    def _hear(self, event: Event) -> None:
        if event.name == "found":
            with self._guard:
                self._undone.found += 1
        self._listen(msgspec.structs.replace(event, target=self._target.name))


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
