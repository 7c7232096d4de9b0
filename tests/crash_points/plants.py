"""Faults to plant into the process that writes: each must be found."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import pytest

from tests.end_to_end.plants import story_public_first, task_public_first
from tracker_migrate.engine import recover
from tracker_migrate.engine.send import Sender
from tracker_migrate.interfaces import Receipt, RemoteRef

Patch = pytest.MonkeyPatch


def result_first(patch: Patch) -> None:
    """The result is noted before the request is sent, wherever it can be foretold."""
    real = Sender._attempt

    def attempt(self: Sender, intent: int, step: Any, mark: Any, known: float) -> Any:
        places = {one.key: one.at or RemoteRef(id=str(one.number or "")) for one in step.actions}
        if all(ref.id for ref in places.values()):
            self._ledger.settle(intent, step, Receipt(refs=places), "sent")
        return real(self, intent, step, mark, known)

    patch.setattr(Sender, "_attempt", attempt)


def sent_again(patch: Patch) -> None:
    """What a dead run has meant is not looked for: it is simply sent again."""
    patch.setattr(recover, "_settle", lambda ledger, _sender, open_, *_: ledger.void([open_.id]))


PLANTS: Mapping[str, Callable[[Patch], None]] = {
    one.__name__: one for one in (result_first, sent_again, story_public_first, task_public_first)
}
