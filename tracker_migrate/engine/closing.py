"""Closing, before anything else of a run: who may read what stands at the target already.

Whatever part of the issues a run is about, and whatever plan it keeps to: what is not public any
more, what nobody may see there, what was hidden by hand, what is gone at the source and what can't
be taken back is closed first. Only the fields that say who may read are sent.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import msgspec

from tracker_migrate.digest import digests
from tracker_migrate.engine.send import InDoubt, Sender
from tracker_migrate.engine.steps import Steps
from tracker_migrate.engine.target import HIDDEN_FOR, Target
from tracker_migrate.errors import Gone, ObjectError, Refused, UsageError
from tracker_migrate.interfaces import CLOSED, IMPORTER, Action, Audience, Wanted
from tracker_migrate.model import Key
from tracker_migrate.workspace.ledger import Held, places

_TRIES = 4
#: what making an issue's objects raises where it or a table has a mistake: who may read it is not
#: known then, and closing it for all but the importer needs no more than its id
_CANT_BE_MADE = (ObjectError, UsageError)


class Closed(msgspec.Struct, frozen=True):
    """An issue that had to be closed. failed: why that did not work, or ""."""

    issue: Key
    failed: str = ""


class Due:
    """What has to be closed at one target. Asks no server."""

    def __init__(self, target: Target) -> None:
        self._target = target

    def issues(self) -> Iterator[Key]:
        """The issues that stand open there to more than may read them."""
        for key, audience in self._due():
            held = self._target.ledger.of_issue(key)
            due = (held[one.wanted.key] for one in self._actions(key, audience))
            if any(one.audience != IMPORTER for one in due):
                yield key

    def _due(self) -> Iterator[tuple[Key, Audience]]:
        """Issues that not everybody may read, and who may."""
        archive, target = self._target.archive, self._target
        gone = dict.fromkeys([*archive.gone_keys(), *self._known_to_others()])
        yield from ((key, CLOSED) for key in gone)
        keys = dict.fromkeys([*target.hidden.keys(), *target.exposures, *archive.private_keys()])
        for key in (one for one in keys if one not in gone):
            audience = self._audience(key)
            if audience.name != "public":
                yield key, audience

    def _known_to_others(self) -> list[Key]:
        """Issues of which the one who read before knew that they have to be closed, until the one
        who reads now has come round: that may take long, or not succeed."""
        archive = self._target.archive
        if archive.others.settled(archive.viewer):
            return []
        left = [one for one in archive.others.left(archive.viewer) if one.gone or one.private]
        return [one.key for one in left if one.gone or self._is_public(one.key)]

    def _is_public(self, key: Key) -> bool:
        """Whether something of an issue stands there for everybody."""
        kinds, held = self._target.planner.kinds, self._target.ledger.of_issue(key)
        own = (one for one in held.values() if kinds[one.kind].private == "own")
        return any(one.audience == "public" and one.state != "gone" for one in own)

    def _audience(self, key: Key) -> Audience:
        if self._target.closed(key) is not None:
            return CLOSED
        issue = self._target.archive.issue(key)
        if issue is None:
            return CLOSED
        try:
            refused = self._target.planner.refusal(issue, self._target.decisions)
            return CLOSED if refused else self._target.decisions.audience(issue)
        except _CANT_BE_MADE:
            return CLOSED

    def _actions(self, key: Key, audience: Audience, *, anyhow: bool = False) -> Iterator[Action]:
        """What differs between who may read each object of an issue and who should."""
        kinds, planner = self._target.planner.kinds, self._target.planner
        due = {
            of: held
            for of, held in self._target.ledger.of_issue(key).items()
            if kinds[held.kind].private == "own"
            and held.state != "gone"
            and (anyhow or _is_due(held, audience.name, planner.access(held.kind, audience)))
        }
        exact: dict[Key, dict[str, Any]] = {}
        if due and audience.name != IMPORTER:
            try:
                exact = self._exact(key)
            except _CANT_BE_MADE:
                audience = CLOSED
        for of, held in due.items():
            fields = planner.access(held.kind, audience)
            if of in exact:  # with what closing takes away, too: the owner
                names = {**fields, **planner.access(held.kind, CLOSED)}
                fields = {name: exact[of][name] for name in names if name in exact[of]}
            wanted = Wanted(
                key=of, kind=held.kind, issue=key, fields=fields, audience=audience.name
            )
            yield Action(op="update", wanted=wanted, fields=tuple(fields), at=held.at)

    def _exact(self, key: Key) -> dict[Key, dict[str, Any]]:
        """Every object's fields as the planner wants them: the owner depends on the issue."""
        issue = self._target.archive.issue(key)
        planned = self._target.planner.wanted(issue, self._target.decisions) if issue else ()
        return {one.key: one.fields for one in planned}


class Closing(Due):
    """Closes what has to be closed at one target."""

    def __init__(self, target: Target, sender: Sender, steps: Steps) -> None:
        super().__init__(target)
        self._sender = sender
        self._steps = steps

    def run(self, tell: Callable[[Closed], None]) -> None:
        """Close; an issue that can't be closed does not keep the others open. Raises what stops a
        run."""
        for key, audience in self._due():
            if not (actions := list(self._actions(key, audience))):
                continue
            try:
                self.send(actions)
                tell(Closed(key))
            except (ObjectError, UsageError) as error:
                if not (isinstance(error, Gone) and self._is_gone(key)):
                    tell(Closed(key, str(error)))
        self._target.ledger.flush()

    def _is_gone(self, key: Key) -> bool:
        """Whether nothing of an issue is to be seen at the target any more, by us or by anybody who
        should not: then there is nothing to close. What can be seen and not edited is not gone."""
        held = self._target.ledger.of_issue(key)
        refs = places(held, self._target.planner.kinds)
        try:
            self._target.sink.read(refs)
        except Gone:
            if self._target.sink.readable_by_outsider(refs):
                return False
            self._target.ledger.set_gone(list(refs))
            return True
        return False

    def one(self, key: Key) -> bool:
        """Close one issue for all but the importer, now, whatever the ledger says of who may read
        it; whether anything of it stands there."""
        actions = list(self._actions(key, CLOSED, anyhow=True))
        if actions:
            self.send(actions)
            self._target.ledger.flush()
        return bool(actions)

    def send(self, actions: list[Action]) -> None:
        """Send what closes; a lost reply is settled at once, for nothing else may go before it.
        Raises Refused, and what stops a run."""
        # first: what was gone, and comes back as it was, has to be opened again
        self._target.ledger.unfinish(actions[0].wanted.issue)
        lost = 0
        while lost < _TRIES:
            try:
                self._steps.carry_out(actions)
            except InDoubt as waiting:
                lost += not waiting.doubt.down
                self._sender.settle(waiting.doubt)
                self._target.ledger.flush()
                actions = [one for one in actions if self._is_left(one)]
            else:
                return
        raise Refused(f"the replies to {_TRIES} requests were lost: look at the server")

    def _is_left(self, action: Action) -> bool:
        wanted = action.wanted
        held = self._target.ledger.held([wanted.key]).get(wanted.key)
        return held is None or _is_due(held, wanted.audience, wanted.fields)


def hide_one(target: Target, key: Key, patience: float = 30.0) -> bool:
    """Close one issue for all but the importer, now; whether anything of it stands there.

    It waits for no lease: a worker that is busy with the issue may be so for minutes. What that had
    meant before it could know is waited for, `patience` seconds at most, and closed as well.
    """
    sender = Sender(target.sink, target.ledger, leases=False)
    closing = Closing(target, sender, Steps(target, sender, None, lambda _step: None))
    there = closing.one(key)
    if target.ledger.others_work():
        time.sleep(1.5 * HIDDEN_FOR)
        until = time.monotonic() + patience
        while target.ledger.in_flight(key) and time.monotonic() < until:
            time.sleep(0.2)
        there = closing.one(key) or there
    return there


def _is_due(held: Held, audience: str, fields: Mapping[str, Any]) -> bool:
    """Whether these fields were last sent otherwise. What was joined never was, and is due."""
    marks = digests(dict(fields))
    return held.audience != audience or any(
        held.fields.get(name, ("", ""))[0] != mark for name, mark in marks.items()
    )
