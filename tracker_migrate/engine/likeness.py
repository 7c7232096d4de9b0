"""Whether what stands at a target is what we would write there: one object, field by field.

From that comes the row that a ledger which was never lost would have. What differs may be a
person's edit, or a change of the source that never arrived, and nothing at the target tells which.
It is taken for an edit, and kept as one: `verify` shows it, and a later change of that field at the
source does not overwrite it. Two things are told apart: a field that is just as an older ledger
says that we left it was changed by the source; and who may read is never anybody's edit.
"""

from __future__ import annotations

import re
from typing import Any

import msgspec

from tracker_migrate.digest import short
from tracker_migrate.engine.authored import carrying
from tracker_migrate.engine.close import Closer
from tracker_migrate.engine.diff import open_digest, open_digests
from tracker_migrate.engine.target import Target
from tracker_migrate.interfaces import (
    CLOSED,
    IMPORTER,
    Action,
    Audience,
    ClosedAction,
    ClosedStep,
    Observed,
    Pointer,
    Ref,
    Seal,
    Step,
    Text,
    Wanted,
)
from tracker_migrate.model import Issue, Key
from tracker_migrate.workspace.ledger import Held
from tracker_migrate.workspace.sent import sent

#: the audience of what is open to readers that no policy of ours names: unlike that of any policy
UNKNOWN = ""
_PUBLIC = Audience(name="public")


class Likened(msgspec.Struct, frozen=True):
    """row: what the ledger is to know. differs: fields that are not as we would write them, and
    stay. left: fields that the next apply writes. holds: what stands in it."""

    row: Held
    differs: tuple[str, ...] = ()
    left: tuple[str, ...] = ()
    holds: tuple[Key, ...] = ()

    @property
    def rows(self) -> list[Held]:
        """The rows of the object, and of what stands in it."""
        bare = msgspec.structs.replace(
            self.row, digest="", fields={}, open=(), within=self.row.key, state="there"
        )
        return [self.row, *(msgspec.structs.replace(bare, key=of) for of in self.holds)]


class Likeness:
    """Compares for one target. source_wins: a difference is left to the next apply."""

    def __init__(self, target: Target, *, source_wins: bool = False) -> None:
        self._target = target
        self._source_wins = source_wins
        self._closer = Closer(target.places, target.sink.link, target.moves, target.seals.of)

    def liken(self, wanted: Wanted, issue: Issue, seen: Observed, before: Held | None) -> Likened:
        """The row of an object. before: what the ledger says of it, if it says anything."""
        wanted = carrying(wanted, seen.by)
        sent, open_, lists = self._sent(wanted)
        access = self._access(wanted.kind, self._target.decisions.audience(issue))
        fields: dict[str, tuple[str, str]] = {}
        differs, left = [], []
        for name, mark in open_digests(wanted).items():
            alike, homes = self._field(wanted.fields[name], sent.get(name), seen.fields, name)
            open_ += homes
            now = short(seen.fields[name]) if name in seen.fields else short(sent.get(name))
            known = before.fields.get(name) if before and before.state == "there" else None
            if alike:
                fields[name] = mark, now
            elif known is not None and known[1] == now:
                fields[name] = known  # as we left it: what changed since is the source
            elif name in access or self._is_sources(wanted):
                fields[name] = "", now
                left.append(name)
            else:
                fields[name] = mark, short(sent.get(name))
                differs.append(name)
        row = self._row(wanted, seen, fields, open_, before, is_alike=not (differs or left))
        row = msgspec.structs.replace(row, lists=lists)
        return Likened(row, tuple(differs), tuple(left), wanted.holds)

    def closed(self, wanted: Wanted) -> ClosedAction:
        """An object as it would be sent now, with all fields whose references are known."""
        known = {name: one for name, one in wanted.fields.items() if self._is_known(one)}
        bare = msgspec.structs.replace(wanted, fields=known)
        action = Action(op="create", wanted=bare, fields=tuple(known))
        step = Step(kind=f"{wanted.kind}.create", actions=(action,))
        return self._closer.step(step, wanted.issue, {}).actions[0]

    def audience(self, kind: str, seen: Observed) -> str:
        """Whom an object is open to, as far as its own fields say so."""
        for audience in (CLOSED, _PUBLIC):
            access = self._access(kind, audience)
            if access and all(seen.fields.get(name) == one for name, one in access.items()):
                return audience.name
        return UNKNOWN

    def is_closed(self, kind: str, seen: Observed, audience: Audience) -> bool:
        """Whether nobody but the importer reads an object, whoever owns it, though this audience
        should. A policy that lets in nobody who has an account is as closed, and is no reason."""
        access = self._access(kind, audience)
        closed = {n: one for n, one in self._access(kind, CLOSED).items() if n in access}
        there = {name: seen.fields.get(name) for name in closed}
        return bool(closed) and there == closed != {name: access[name] for name in closed}

    def stands(self, wanted: Wanted, seen: Observed) -> bool:
        """Whether a part that has no place of its own was written: something of it is there. Else
        the next apply writes it, which adds what is missing and takes nothing away."""
        sent = self.closed(wanted).fields
        lists = [name for name, value in sent.items() if isinstance(value, list)]
        return any(
            not sent[name] or set(sent[name]) & set(seen.fields.get(name) or ()) for name in lists
        )

    def refused(self, held: Held, seen: Observed) -> Held:
        """The row of a part of a refused issue: who reads it is all that matters, so that it can
        be closed."""
        planner = self._target.planner
        if planner.kinds[held.kind].private != "own" or held.state != "joined":
            return held
        audience = self.audience(held.kind, seen)
        access = planner.access(held.kind, CLOSED) if audience == IMPORTER else {}
        fields = {name: (short(value), short(value)) for name, value in access.items()}
        return msgspec.structs.replace(held, audience=audience, fields=fields)

    # -- one field --------------------------------------------------------------------------------

    def _field(
        self, wanted: Any, sent: Any, seen: dict[str, Any], name: str
    ) -> tuple[bool, list[Key]]:
        """Whether a field is as we would write it; and references that stand there with their
        address at the source, though they have one at the target by now."""
        if name not in seen or not self._is_known(wanted):
            return True, []  # nothing to hold against it
        if seen[name] == sent:
            return True, []
        homes = self._text(wanted, seen[name]) if isinstance(wanted, Text) else None
        return homes is not None, homes or []

    def _text(self, text: Text, seen: Any) -> list[Key] | None:
        """Compare a text whose passing pieces may be of any date, and whose references may be as
        they were before what they refer to was written."""
        pattern: list[str] = []
        homes: list[Key] = []
        for part in text.parts:
            if isinstance(part, Ref):
                pattern.append(self._link(part, homes))
            elif isinstance(part, Seal):
                pattern.append(re.escape(self._target.seals.of(part.of)))
            else:
                pattern.append(re.escape(part) if isinstance(part, str) else ".*?")
        found = re.fullmatch("".join(pattern), seen, re.DOTALL) if isinstance(seen, str) else None
        if found is None:
            return None
        at_home = zip(homes, found.groups(), strict=True)
        # a comment's address at the source is as good as another: only issues are worth a look
        return [to for to, home in at_home if home is not None and self._target.moves(to)]

    def _link(self, ref: Ref, homes: list[Key]) -> str:
        link, at = self._target.sink.link, self._target.places.where(ref.to)
        home = re.escape(link(ref, None))
        if at is None:
            return home
        homes.append(ref.to)
        return f"(?:{re.escape(link(ref, at))}|({home}))"

    def _is_sources(self, wanted: Wanted) -> bool:
        return self._source_wins and self._target.planner.kinds[wanted.kind].editable

    def _is_known(self, value: Any) -> bool:
        if isinstance(value, Pointer):
            return not value.required or self._target.places.where(value.to) is not None
        if isinstance(value, tuple | list):
            return all(self._is_known(one) for one in value)
        return True

    # -- the whole object -------------------------------------------------------------------------

    def _sent(self, wanted: Wanted) -> tuple[dict[str, Any], list[Key], dict[str, tuple[str, ...]]]:
        """The fields as they would read back after they were sent, references that fell back to
        their home, and the elements of lists."""
        action = self.closed(wanted)
        step = ClosedStep(kind=f"{wanted.kind}.create", issue=wanted.issue, actions=(action,))
        stored = self._target.sink.stored(step).get(wanted.key, {})
        return {**action.fields, **stored}, list(action.open), sent(action, stored).lists

    def _access(self, kind: str, audience: Audience) -> dict[str, Any]:
        planner = self._target.planner
        own = planner.kinds[kind].private == "own"
        return planner.access(kind, audience) if own else {}

    def _row(
        self,
        wanted: Wanted,
        seen: Observed,
        fields: dict[str, tuple[str, str]],
        open_: list[Key],
        before: Held | None,
        *,
        is_alike: bool,
    ) -> Held:
        marks, whole = open_digests(wanted), open_digest(wanted)
        if any(not mark for mark, _ in fields.values()):
            whole = ""  # something is left to the next apply
        elif before is not None and any(fields[name][0] != mark for name, mark in marks.items()):
            whole = before.digest
        return Held(
            key=wanted.key,
            kind=wanted.kind,
            issue=wanted.issue,
            at=seen.at,
            digest=whole,
            fields=fields,
            open=tuple(dict.fromkeys(open_)),
            audience=self._audience(wanted, seen, fields, before, is_alike=is_alike),
            state="there",
            by=seen.by,
        )

    def _audience(
        self,
        wanted: Wanted,
        seen: Observed,
        fields: dict[str, tuple[str, str]],
        before: Held | None,
        *,
        is_alike: bool,
    ) -> str:
        """Who reads it now. What is as the ledger says stays so there. Of what can't be edited, who
        could read at its source what it says: what it said before a change may have been closed."""
        kind = self._target.planner.kinds[wanted.kind]
        if not is_alike and kind.private == "follows" and not kind.editable:
            return before.audience if before is not None and before.state == "there" else UNKNOWN
        marks = open_digests(wanted)
        names = [name for name in self._access(wanted.kind, _PUBLIC) if name in fields]
        if all(fields[name][0] == marks[name] for name in names):
            return wanted.audience
        if before is not None and all(fields[n] == before.fields.get(n) for n in names):
            return before.audience
        return self.audience(wanted.kind, seen)
