"""Which requests carry the actions of one issue, and in which order.

A create for each task; then one fill for the issue's task, which carries all comments in the order
of their index, the edges, and whatever else of that task is to be changed. What closes an issue
goes before everything else, what opens it after everything else.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from tracker_migrate.backends.maniphest.access import ACCESS, GUARDS
from tracker_migrate.backends.maniphest.files import SINGLE
from tracker_migrate.backends.maniphest.followers import MOST
from tracker_migrate.backends.maniphest.options import TEXT_LIMIT
from tracker_migrate.backends.maniphest.wire import sent_bytes
from tracker_migrate.interfaces import Action, Pointer, Ref, Step, Text

STEPS = (
    "project.create",
    "project.update",
    "milestone.create",
    "milestone.update",
    "file.upload",
    "file.allocate",
    "task.create",
    "subtask.create",
    "task.update",
    "file.contents",
    "fill",
    "follow",
)
FILES = frozenset({"file.upload", "file.allocate", "file.contents"})
FILL_COMMENTS = 250
_TASKS = ("task", "subtask")
_PARTS = ("comment", "relations")


def compose(actions: Sequence[Action], most: int = TEXT_LIMIT) -> Iterator[Step]:
    """The steps, in the order to send them. most: bytes of the texts of a fill, as they are sent;
    a longer one goes alone."""
    closing, rest, opening = _sorted_by_audience(actions)
    yield from (Step(kind="task.update", actions=(one,), phase=0) for one in closing)
    yield from _shared(rest)
    yield from _files(rest)
    yield from _creates(rest)
    yield from _updates(rest)
    yield from _contents(rest)
    yield from _fills(rest, most)
    yield from _follows(rest)
    yield from (Step(kind="task.update", actions=(one,), phase=2) for one in opening)


def _sorted_by_audience(
    actions: Sequence[Action],
) -> tuple[list[Action], list[Action], list[Action]]:
    """Changes of who may read are taken out of the other changes of the same task."""
    closing: list[Action] = []
    rest: list[Action] = []
    opening: list[Action] = []
    for action in actions:
        moved = tuple(name for name in action.fields if name in ACCESS)
        if not _moves_access(action):
            rest.append(action)
            continue
        into = opening if action.wanted.audience == "public" else closing
        into.append(_only(action, moved))
        others = tuple(name for name in action.fields if name not in ACCESS)
        if others:
            rest.append(_only(action, others))
    return closing, rest, opening


def _moves_access(action: Action) -> bool:
    """Whether it changes who may read: of something closed, its owner does too."""
    if action.op == "create" or action.wanted.kind not in _TASKS:
        return False
    private = action.wanted.audience != "public"
    return bool((ACCESS if private else GUARDS) & set(action.fields))


def _only(action: Action, names: tuple[str, ...]) -> Action:
    return Action(op=action.op, wanted=action.wanted, fields=names, at=action.at)


def _shared(actions: Sequence[Action]) -> Iterator[Step]:
    for action in actions:
        if action.wanted.kind in ("project", "milestone"):
            yield Step(kind=f"{action.wanted.kind}.{action.op}", actions=(action,), phase=0)


def _files(actions: Sequence[Action]) -> Iterator[Step]:
    """Before what shows them; the large ones are filled later."""
    for action in actions:
        if action.wanted.kind == "file":
            whole = action.wanted.fields["size"] <= SINGLE
            yield Step(kind="file.upload" if whole else "file.allocate", actions=(action,), phase=1)


def _contents(actions: Sequence[Action]) -> Iterator[Step]:
    for action in actions:
        if action.wanted.kind == "contents":
            yield Step(kind="file.contents", actions=(action,), phase=2)


def _creates(actions: Sequence[Action]) -> Iterator[Step]:
    for action in actions:
        if action.op == "create" and action.wanted.kind in _TASKS:
            yield Step(kind=f"{action.wanted.kind}.create", actions=(action,), phase=1)


def _updates(actions: Sequence[Action]) -> Iterator[Step]:
    """Changes of subtasks; and those of the task itself where nothing else fills it."""
    filled = any(action.wanted.kind in _PARTS for action in actions)
    for action in actions:
        if action.op == "update" and (
            action.wanted.kind == "subtask" or (action.wanted.kind == "task" and not filled)
        ):
            yield Step(kind="task.update", actions=(action,), phase=1)


def _fills(actions: Sequence[Action], most: int) -> Iterator[Step]:
    if not any(action.wanted.kind in _PARTS for action in actions):
        return
    # edges and fields go with the first fill; comments come in order, for what is posted can
    # never be moved
    ahead = [
        action
        for action in actions
        if action.wanted.kind == "relations"
        or (action.wanted.kind == "task" and action.op == "update")
    ]
    comments = [action for action in actions if action.wanted.kind == "comment"]
    batch, taken = list(ahead), sum(_size(action) for action in ahead)
    for action in comments:
        size = _size(action)
        if batch and (taken + size > most or len(batch) >= FILL_COMMENTS):
            yield Step(kind="fill", actions=tuple(batch), phase=2)
            batch, taken = [], 0
        batch.append(action)
        taken += size
    if batch:
        yield Step(kind="fill", actions=tuple(batch), phase=2)


def _follows(actions: Sequence[Action]) -> Iterator[Step]:
    """Followers come after all that they need not be told of."""
    ours = [action for action in actions if action.wanted.kind == "follower"]
    for batch in (ours[at : at + MOST] for at in range(0, len(ours), MOST)):
        yield Step(kind="follow", actions=tuple(batch), phase=2)


def _size(action: Action) -> int:
    return sum(_bytes(action.wanted.fields[name]) for name in action.fields)


def _bytes(value: Any) -> int:
    """Bytes that a value takes in the form."""
    if isinstance(value, Pointer):
        return 0
    if isinstance(value, Text):
        return sum(
            _bytes(part.home) + _bytes(part.label)
            if isinstance(part, Ref)
            else _bytes(part if isinstance(part, str) else part.text)
            for part in value.parts
        )
    return sent_bytes(value) if isinstance(value, str) else len(str(value))
