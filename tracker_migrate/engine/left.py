"""What an undo says of itself, and what stays at the target of what was taken back."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from tracker_migrate.abilities import Part, TakesBack
from tracker_migrate.engine.survey import pages
from tracker_migrate.engine.target import Target
from tracker_migrate.interfaces import Mine, RemoteRef
from tracker_migrate.model import Key
from tracker_migrate.workspace.undone import Undone as Store

_PAGE = 100


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


def tell_left(target: Target, store: Store, back: TakesBack, undone: Undone, *, look: bool) -> None:
    """Say what was taken back and stands there still; and what many issues share. look: forget what
    has gone since."""
    left: list[Part] = []
    for page in pages(store.standing(), _PAGE):
        there = _still_there(target, page)
        if look:
            store.forget([of for of, _kind, _at in page if of not in there])
        left += [Part(kind=kind, at=at) for of, kind, at in page if of in there]
    undone.left = [Left(kind=one.kind, where=_where(one.at)) for one in left]
    undone.advice = list(back.advice(left))
    for kind in (name for name, one in target.planner.kinds.items() if one.phase == 0):
        held = target.ledger.held(target.ledger.of_kind(kind)).values()
        names = sorted(_where(one.at) for one in held if one.state != "gone")
        if names:
            undone.shared[kind] = names


def _still_there(target: Target, page: Sequence[tuple[Key, str, RemoteRef]]) -> set[Key]:
    watch = target.sink.watch
    if watch is None:
        return {of for of, _kind, _at in page}
    asked = [Mine(kinds=(kind,), at=at) for _of, kind, at in page]
    there = {one.at.id for one in watch.look(asked)}
    return {of for of, _kind, at in page if at.id in there}


def _where(at: RemoteRef) -> str:
    return at.url or at.number or at.id
