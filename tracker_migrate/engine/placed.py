"""What can be found without a number or a mark, because its place follows from what it is."""

from __future__ import annotations

from collections.abc import Container, Iterable
from contextlib import suppress

from tracker_migrate.engine.close import Closer
from tracker_migrate.engine.target import Target
from tracker_migrate.errors import ObjectError
from tracker_migrate.interfaces import Action, RemoteRef, Step, Wanted
from tracker_migrate.model import Key


def placed(
    target: Target, wanted: Iterable[Wanted], known: Container[Key]
) -> dict[Key, tuple[str, RemoteRef]]:
    """Kind and place of those of these objects that stand there, and that nobody knew of. What
    can't be looked for now is looked for again before it is made."""
    kinds, found = target.planner.kinds, {}
    closer = Closer(target.places, target.sink.link, target.moves, target.seals.of)
    for one in wanted:
        if not kinds[one.kind].placed or one.key in known:
            continue
        action = Action(op="create", wanted=one, fields=tuple(one.fields))
        step = Step(kind=f"{one.kind}.create", actions=(action,))
        with suppress(ObjectError):
            receipt = target.sink.find(closer.step(step, one.issue, {}), {})
            if receipt is not None:
                found[one.key] = (one.kind, receipt.refs[one.key])
    return found
