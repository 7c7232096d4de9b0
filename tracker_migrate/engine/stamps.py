"""What `backdate` has to do, issue by issue: from the ledger, the archive and the people table; and
what the ledger is to know when it is done.

Nothing is asked of a server. An object's author is the account that the tables name, by now, for
whoever made it at the source: a claim that comes later moves it, and one that is taken back moves
it back.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta

import msgspec

from tracker_migrate.abilities import Stamp, Stamped
from tracker_migrate.digest import short
from tracker_migrate.engine.authored import carrying
from tracker_migrate.engine.close import Closer
from tracker_migrate.engine.diff import open_digest, open_digests
from tracker_migrate.engine.exposures import exposures, withdrawable
from tracker_migrate.engine.survey import pages
from tracker_migrate.engine.target import Target
from tracker_migrate.errors import ObjectError
from tracker_migrate.interfaces import (
    Action,
    ClosedAction,
    Observed,
    Passing,
    Piece,
    Step,
    Text,
    Wanted,
)
from tracker_migrate.model import Issue, Key
from tracker_migrate.workspace.ledger import Held

#: how far a change of status may be from the date that its task was closed
_CLOSE = timedelta(seconds=5)
_PAGE = 100


class Due(msgspec.Struct, frozen=True):
    """A stamp, and what the ledger has to know of its object. after: what is wanted, in the form
    that it is to have; None for what goes. closed: its fields of the stamp, and their open
    references."""

    stamp: Stamp
    held: Held
    after: Wanted | None = None
    closed: ClosedAction | None = None

    @property
    def is_printable(self) -> bool:
        """Whether it can be done without reading what stands there: all values are known that are
        to be replaced."""
        return self.stamp.fields.keys() == self.stamp.before.keys()


class Stamps:
    """Says what is due at one target."""

    def __init__(self, target: Target) -> None:
        self._target = target
        self._closer = Closer(target.places, target.sink.link, target.moves, target.seals.of)

    def of(self, issue: Issue) -> list[Due]:
        """What is due of an issue: all that the ledger names as ours, whether anything of it has to
        be changed or not, for only the database knows. Raises ObjectError, UsageError."""
        held = self._target.ledger.of_issue(issue.key)
        wanted = self._wanted(issue)
        goes = withdrawable(self._target, issue, held)
        found = [self._going(held[of], wanted.get(of)) for of in goes]
        taken = {(one.held.kind, one.held.at.id) for one in found}
        for of, one in held.items():
            if of in wanted and self._is_due(one) and (one.kind, one.at.id) not in taken:
                found.append(self._due(issue, wanted[of], one))
        return found

    def _wanted(self, issue: Issue) -> dict[Key, Wanted]:
        """What is wanted once nothing has to be taken back any more, until when it is refused. What
        is refused for another reason stays as it is: who may see it is all that matters."""
        planner, decisions = self._target.planner, self._target.decisions
        exposures = self._target.exposures
        exposed = exposures.pop(issue.key, None)
        try:
            if planner.refusal(issue, decisions) is not None:
                return {}
            return {one.key: one for one in planner.wanted(issue, decisions)}
        finally:
            if exposed is not None:
                exposures[issue.key] = exposed

    def _is_due(self, held: Held) -> bool:
        kind = self._target.planner.kinds[held.kind]
        return held.state == "there" and held.within is None and kind.phase != 0

    def _going(self, held: Held, wanted: Wanted | None) -> Due:
        fields = {}
        if wanted is not None:
            is_fixed = self._target.planner.kinds[held.kind].private == "never"
            fields = wanted.fields if is_fixed else {}
        stamp = Stamp(
            key=held.key,
            kind=held.kind,
            issue=held.issue,
            at=held.at,
            was_by=held.by,
            by=held.by,
            fields={n: one for n, one in fields.items() if isinstance(one, str | bool | int)},
            withdraw=True,
        )
        return Due(stamp, held)

    def _due(self, issue: Issue, wanted: Wanted, held: Held) -> Due:
        account = self._target.decisions.account(wanted.author)
        by = account.id if account is not None else ""
        before, after = carrying(wanted, held.by), _undated(carrying(wanted, by))
        was = {name: sent for name, (_, sent) in held.fields.items()}
        names = tuple(n for n, one in after.fields.items() if before.fields.get(n) != one)
        closed = self._closed(after, names)
        new = {name: one for name, one in closed.fields.items() if short(one) != was.get(name)}
        closed = msgspec.structs.replace(closed, fields=new)
        old = self._closed(before, tuple(new)).fields if new else {}
        stamp = Stamp(
            key=held.key,
            kind=held.kind,
            issue=held.issue,
            at=held.at,
            was_by=held.by,
            by=by,
            created=wanted.created,
            changed=wanted.changed,
            closed=wanted.closed,
            closer=self._closer_of(issue, wanted.closed),
            fields=closed.fields,
            was={name: was[name] for name in new if name in was},
            before={name: one for name, one in old.items() if short(one) == was.get(name)},
        )
        return Due(stamp, held, after, closed)

    def _closed(self, wanted: Wanted, names: tuple[str, ...]) -> ClosedAction:
        """These fields as they would be sent."""
        action = Action(op="update", wanted=wanted, fields=names)
        step = Step(kind=f"{wanted.kind}.update", actions=(action,))
        return self._closer.step(step, wanted.issue, {}).actions[0]

    def _closer_of(self, issue: Issue, when: datetime | None) -> str:
        """The account of who closed a task, if the history says who set its status then."""
        if when is None:
            return ""
        who = {
            one.author
            for one in issue.history
            if "status" in one.what and abs(one.when - when) <= _CLOSE
        }
        account = self._target.decisions.account(who.pop()) if len(who) == 1 else None
        return account.id if account is not None else ""


def _undated(wanted: Wanted) -> Wanted:
    """What is wanted, without the dates that the target itself is to show from now on."""
    fields = {
        name: Text(parts=tuple(one for one in value.parts if not _is_dated(one)), head=value.head)
        if isinstance(value, Text)
        else value
        for name, value in wanted.fields.items()
    }
    return msgspec.structs.replace(wanted, fields=fields)


def _is_dated(piece: Piece) -> bool:
    return isinstance(piece, Passing) and piece.dated


def learned(due: Due, done: Stamped) -> Held:
    """The ledger's row of an object that stands as it was stamped. What a person edited stays
    theirs: it is known in its new form, as it was sent."""
    assert due.after is not None
    assert due.closed is not None
    held, marks = due.held, open_digests(due.after)
    fields = dict(held.fields)
    for name, value in done.fields.items():
        fields[name] = marks[name], short(value)
    for name in done.edited:
        fields[name] = marks[name], fields.get(name, ("", ""))[1]
    whole = all(fields.get(name, ("", ""))[0] == mark for name, mark in marks.items())
    return msgspec.structs.replace(
        held,
        at=done.at or held.at,
        by=done.by,
        fields=fields,
        digest=open_digest(due.after) if whole else held.digest,
        open=due.closed.open if done.fields else held.open,
    )


def seen_as_stamped(due: Due, seen: Mapping[Key, Observed]) -> Stamped | None:
    """How an object stands that somebody else has stamped, as far as the target shows it; None if
    it does not stand so."""
    stamp, there = due.stamp, seen.get(due.stamp.key)
    if due.after is None or there is None:
        return None
    fields = {n: one for n, one in stamp.fields.items() if there.fields.get(n) == one}
    is_so = fields == stamp.fields if stamp.fields else stamp.by in (stamp.was_by, there.by)
    return Stamped(key=stamp.key, by=stamp.by, fields=fields) if is_so else None


def batches(target: Target, size: int) -> Iterator[tuple[list[Due], dict[Key, str]]]:
    """All that is due at a target, whole issues together, about `size` objects at a time; and the
    issues of which that can't be said, with the reason. What is gone at the source stays as it
    is."""
    stamps, gathered, failed = Stamps(target), list[Due](), dict[Key, str]()
    for issue in _issues(target):
        try:
            gathered += stamps.of(issue)
        except ObjectError as error:
            failed[issue.key] = str(error)
        if len(gathered) >= size:
            yield gathered, failed
            gathered, failed = [], {}
    if gathered or failed:
        yield gathered, failed


def _issues(target: Target) -> Iterator[Issue]:
    for keys in pages(target.ledger.issues(), _PAGE):
        found = [one for key in keys if (one := target.archive.issue(key)) is not None]
        target.exposures.update(exposures(target, found))
        yield from found
