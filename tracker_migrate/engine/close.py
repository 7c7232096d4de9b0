"""Closing: the last moment before a step is sent, when its references get their values."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tracker_migrate.digest import short
from tracker_migrate.engine.diff import open_digest, open_digests, references
from tracker_migrate.errors import Refused
from tracker_migrate.interfaces import (
    Action,
    ClosedAction,
    ClosedStep,
    Lookup,
    Pointer,
    Ref,
    RemoteRef,
    Seal,
    Step,
    Text,
)
from tracker_migrate.model import Key
from tracker_migrate.text.notes import is_note

Link = Callable[[Ref, RemoteRef | None], str]


class Closer:
    """Closes the steps of one target.

    lookup: where things are. link: a reference in the target's markup. moves: whether an issue will
    come to the target later, so that a reference to it is worth another look. seal: of a permalink.
    """

    def __init__(
        self,
        lookup: Lookup,
        link: Link,
        moves: Callable[[Key], bool],
        seal: Callable[[str], str],
    ) -> None:
        self._lookup = lookup
        self._link = link
        self._moves = moves
        self._seal = seal

    def step(self, step: Step, issue: Key, numbers: dict[Key, int]) -> ClosedStep:
        """The step, ready to be sent. Raises Refused if something that it hangs on is not there."""
        actions = tuple(self._action(action, numbers) for action in step.actions)
        return ClosedStep(kind=step.kind, issue=issue, actions=actions)

    def _action(self, action: Action, numbers: dict[Key, int]) -> ClosedAction:
        wanted, fallen = action.wanted, []
        fields = {}
        for name in action.fields:
            value, open_ = self._value(wanted.fields[name])
            if away := action.spares.get(name):
                value = [one for one in value if short(one) not in away]
            fields[name] = value
            fallen += open_
        for name, value in wanted.fields.items():
            # an update of one field must not forget the open references of another
            if name not in action.fields and references(value):
                fallen += self._value(value)[1]
        marks = open_digests(wanted)
        return ClosedAction(
            op=action.op,
            key=wanted.key,
            kind=wanted.kind,
            fields=fields,
            at=action.at,
            number=numbers.get(wanted.key),
            audience=wanted.audience,
            marker=wanted.marker,
            # a note is written once: what it refers to is no reason to look at it again
            open=() if is_note(wanted.key) else tuple(dict.fromkeys(fallen)),
            digest=open_digest(wanted),
            opens=marks,
            holds=wanted.holds,
            by=wanted.by if action.op == "create" else "",
            spares=action.spares,
        )

    def _value(self, value: Any) -> tuple[Any, list[Key]]:
        """The value with its references put in, and the keys of those that are worth another
        look later."""
        if isinstance(value, Text):
            return self._text(value)
        if isinstance(value, Pointer):
            id_ = self._pointer(value)
            return id_, [value.to] if id_ is None and self._moves(value.to) else []
        if isinstance(value, tuple | list):
            pairs = [self._value(one) for one in value]
            pointers = any(isinstance(one, Pointer) for one in value)
            closed = [one for one, _ in pairs if one is not None or not pointers]
            return closed, [key for _, keys in pairs for key in keys]
        return value, []

    def _text(self, text: Text) -> tuple[str, list[Key]]:
        pieces, fallen = [], []
        for part in text.parts:
            if isinstance(part, Seal):
                pieces.append(self._seal(part.of))
                continue
            if not isinstance(part, Ref):
                pieces.append(part if isinstance(part, str) else part.text)
                continue
            at = self._lookup.where(part.to)
            if at is None and self._moves(part.to):
                fallen.append(part.to)
            pieces.append(self._link(part, at))
        return "".join(pieces), fallen

    def _pointer(self, pointer: Pointer) -> str | None:
        at = self._lookup.where(pointer.to)
        if at is None and pointer.required:
            raise Refused(f"hangs on {pointer.to}, which is not at the target")
        return at.id if at is not None else None
