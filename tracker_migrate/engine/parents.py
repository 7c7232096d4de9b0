"""Closing an issue's own object when people have closed all that stands below it.

Once for each issue, and only as long as it stands as we left it: who opens it again has decided.
What is sent counts as what the source wants, so that no later run takes it back; if the source
changes that field, its news is written as ever.
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from tracker_migrate.abilities import ClosesParents, Parents
from tracker_migrate.digest import short
from tracker_migrate.engine.close import Closer
from tracker_migrate.engine.events import Listen
from tracker_migrate.engine.send import InDoubt, Sender
from tracker_migrate.engine.target import Target
from tracker_migrate.errors import Refused
from tracker_migrate.interfaces import Action, ClosedStep, Event, Snapshot, Wanted
from tracker_migrate.model import Key
from tracker_migrate.workspace.ledger import Held

_TRIES = 4


class ClosingParents:
    """Does so at one target, if it can and should."""

    def __init__(self, target: Target, listen: Listen) -> None:
        self._target = target
        self._ledger = target.ledger
        self._store = target.workspace.fed(target.name)
        self._listen = listen
        sink = target.sink
        self._sink = sink if isinstance(sink, ClosesParents) else None
        self._above = self._sink.parents() if self._sink is not None else None
        self._sender = Sender(target.sink, target.ledger)

    def one(self, issue: Key, held: Mapping[Key, Held], seen: Snapshot) -> bool:
        """Close an issue's own object if all below it is closed; whether it was. seen: the issue as
        it stands. Raises ObjectError, and what stops a run."""
        above = self._above
        if above is None or self._sink is None or self._store.has(issue, "closed"):
            return False
        parent = held.get(issue)
        words = _below(above, held, seen)
        if parent is None or parent.kind != above.parent or not words:
            return False
        if above.open.intersection(words) or issue not in seen.objects:
            return False
        now = seen.objects[issue].fields.get(above.field)
        if parent.state != "there" or short(now) != parent.fields.get(above.field, ("", ""))[1]:
            return False  # somebody set it: theirs to say
        if now not in above.open:
            self._store.add(
                [issue], "closed"
            )  # we did, and died before it was noted; or the source
            return False
        becomes = self._sink.becomes(parent.at, words)
        if becomes is None:
            return False
        self._close(parent, above.field, becomes)
        return True

    def _close(self, parent: Held, field: str, becomes: str) -> None:
        for _try in range(_TRIES):
            try:
                for step in self._steps(parent, field, becomes):
                    for _receipt in self._sender.send([step]):
                        pass
            except InDoubt as waiting:
                if self._sender.settle(waiting.doubt) is None:
                    continue
            self._closed(parent.issue)
            return
        raise Refused(f"the replies to {_TRIES} requests were lost: look at the server")

    def _steps(self, parent: Held, field: str, becomes: str) -> list[ClosedStep]:
        """An update of that field alone, which the ledger takes for what the source wants."""
        target = self._target
        wanted = Wanted(
            key=parent.key,
            kind=parent.kind,
            issue=parent.issue,
            fields={field: becomes},
            audience=parent.audience,
        )
        action = Action(op="update", wanted=wanted, fields=(field,), at=parent.at)
        closer = Closer(target.places, target.sink.link, target.moves, target.seals.of)
        made = (closer.step(one, parent.issue, {}) for one in target.planner.compose([action]))
        return [_as_held(step, parent) for step in made]

    def _closed(self, issue: Key) -> None:
        self._ledger.flush()
        self._store.add([issue], "closed")
        detail = "all that stands below it is closed"
        self._listen(Event(name="closed", target=self._target.name, key=issue, detail=detail))


def _below(above: Parents, held: Mapping[Key, Held], seen: Snapshot) -> list[str]:
    """The words of what stands there below the issue's own object."""
    below = [key for key, one in held.items() if one.kind == above.below]
    there = [seen.objects[key].fields for key in below if key in seen.objects]
    return [str(fields.get(above.field)) for fields in there]


def _as_held(step: ClosedStep, parent: Held) -> ClosedStep:
    """With the marks of what the ledger holds for what is wanted."""
    actions = tuple(
        msgspec.structs.replace(
            one,
            digest=parent.digest,
            opens={name: parent.fields[name][0] for name in one.fields},
        )
        for one in step.actions
    )
    return msgspec.structs.replace(step, actions=actions)
