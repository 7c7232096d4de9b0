"""What is wanted against what the ledger says is there: the actions that make up the difference."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from tracker_migrate.digest import digest, digests
from tracker_migrate.engine.authored import as_it_stands
from tracker_migrate.interfaces import (
    Action,
    Kind,
    Lookup,
    Passing,
    Pointer,
    Ref,
    Seal,
    Text,
    Wanted,
)
from tracker_migrate.model import Key
from tracker_migrate.text.continued import is_edition, whole_key
from tracker_migrate.text.notes import is_note
from tracker_migrate.workspace.ledger import Held


class Difference(msgspec.Struct, frozen=True, kw_only=True):
    """The outcome for the objects of one issue.

    stuck: wanted changes that the target can't take (an edited comment), with the reason. gone:
    objects that somebody removed at the target, and that are not made again. left: objects at the
    target that are wanted no more.
    """

    actions: tuple[Action, ...]
    unchanged: int
    stuck: tuple[tuple[Key, str], ...] = ()
    gone: tuple[Key, ...] = ()
    left: tuple[Key, ...] = ()
    #: objects that are as they are wanted, though not for the open form that was looked at last:
    #: a change that was declined, and taken back at the source; with the digest of the present
    #: form, and with who may read by now what stands there, if those are more than could
    again: tuple[tuple[Key, str, str | None], ...] = ()


def open_digest(wanted: Wanted) -> str:
    """The digest by which "unchanged" is told: of everything that the planner says of an object."""
    return digest((wanted.kind, _lasting(wanted), wanted.audience))


def open_digests(wanted: Wanted) -> dict[str, str]:
    """The digest of each field, by which is told what changed."""
    return digests(_lasting(wanted))


def _lasting(wanted: Wanted) -> dict[str, Any]:
    """The fields without the pieces of their texts that are no reason to write."""
    return {
        name: _lasting_parts(value) if isinstance(value, Text) else value
        for name, value in wanted.fields.items()
    }


def _lasting_parts(text: Text) -> tuple[str | Ref | Seal, ...]:
    """The pieces that are a reason to write. What stands around a passing reference is one piece,
    as if there were none."""
    kept: list[str | Ref | Seal] = []
    joins = False
    for part in text.parts:
        if isinstance(part, Ref) and part.passing:
            joins = True
            continue
        if isinstance(part, Passing):
            pass
        elif joins and isinstance(part, str) and kept and isinstance(before := kept[-1], str):
            kept[-1] = before + part
        else:
            kept.append(part)
        joins = False
    return tuple(kept)


def diff(
    wanted: Iterable[Wanted],
    held: Mapping[Key, Held],
    kinds: Mapping[str, Kind],
    lookup: Lookup,
) -> Difference:
    """Compare what is wanted of one issue with what is held. Writes nothing, asks no server.

    What can't be edited is not stuck where what it says by now is told once more beside it.
    """
    wanted = list(wanted)
    told = {whole_key(one.key) for one in wanted if is_edition(one.key)}
    actions: list[Action] = []
    stuck: list[tuple[Key, str]] = []
    gone: list[Key] = []
    again: list[tuple[Key, str, str | None]] = []
    unchanged, seen = 0, set()
    for planned in wanted:
        there = held.get(planned.key)
        one = as_it_stands(planned, there)
        seen |= {one.key, *one.holds}
        kind = kinds[one.kind]
        if there is None:
            actions.append(Action(op="create", wanted=one, fields=tuple(one.fields)))
        elif there.state == "gone":
            gone.append(one.key)
        elif there.state == "joined" or kind.phase == 0:
            unchanged += 1  # shared or another migration's: made once, then left to its owners
        elif not (fields := _changed(one, there, lookup)):
            unchanged += 1
            if (mark := open_digest(one)) != there.digest:
                again.append((one.key, mark, _opened(one, kind)))
        elif kind.editable:
            actions.append(Action(op="update", wanted=one, fields=fields, at=there.at))
        elif whole_key(one.key) in told:
            unchanged += 1
            again.append((one.key, open_digest(one), None))
        else:
            stuck.append((one.key, f"changed at the source, and a {one.kind} can't be edited"))
    left = tuple(
        key
        for key, one in held.items()
        if key not in seen and kinds[one.kind].phase != 0
        if not is_note(key) and whole_key(key) not in told
    )
    return Difference(
        actions=tuple(actions),
        unchanged=unchanged,
        stuck=tuple(stuck),
        gone=tuple(gone),
        left=left,
        again=tuple(again),
    )


def _opened(wanted: Wanted, kind: Kind) -> str | None:
    """Who may read by now what stands there and has no readers of its own, if everybody may."""
    follows = kind.private == "follows" and wanted.audience == "public"
    return wanted.audience if follows else None


def _changed(wanted: Wanted, held: Held, lookup: Lookup) -> tuple[str, ...]:
    """The fields to send again: those that changed, and texts whose references are known now."""
    changed = []
    if open_digest(wanted) != held.digest:
        marks = open_digests(wanted)
        changed = [
            name for name, mark in marks.items() if held.fields.get(name, ("", ""))[0] != mark
        ]
    resolved = {key for key in held.open if lookup.where(key) is not None}
    if resolved:
        changed += [
            name
            for name, value in wanted.fields.items()
            if name not in changed and references(value) & resolved
        ]
    return tuple(changed)


def references(value: Any) -> set[Key]:
    """The keys that a field's value refers to."""
    if isinstance(value, Text):
        return {ref.to for ref in value.refs}
    if isinstance(value, Pointer):
        return {value.to}
    if isinstance(value, tuple | list):
        return {key for one in value for key in references(one)}
    return set()


def step_digest(op: str, key: Key, mark: str) -> str:
    """What a plan remembers of an action, and an apply of that plan compares."""
    return digest((op, key, mark))
