"""Faults to plant into the engine: the machine must find each of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import msgspec
import pytest

from tests.crash_points.plants import result_first, sent_again
from tests.end_to_end.plants import story_public_first, task_public_first
from tracker_migrate.engine import diff, recover
from tracker_migrate.engine.closing import Closing
from tracker_migrate.engine.edits import Decided, Edits
from tracker_migrate.engine.send import Sender
from tracker_migrate.interfaces import Audience
from tracker_migrate.mappings.decisions import TargetDecisions
from tracker_migrate.testing.memory_planner import MemoryPlanner

Patch = pytest.MonkeyPatch


def settled_at_once(patch: Patch) -> None:
    """What is not to be seen at once was not carried out."""
    real = Sender.settle

    def settle(self: Sender, doubt: Any) -> Any:
        return real(self, msgspec.structs.replace(doubt, due=0.0))

    patch.setattr(Sender, "settle", settle)


def edits_overwritten(patch: Patch) -> None:
    """Nobody looks at the target before an update."""

    def decide(_self: Edits, _issue: Any, actions: Any, _held: Any) -> Decided:
        return Decided(actions=list(actions))

    patch.setattr(Edits, "decide", decide)


def comments_backwards(patch: Patch) -> None:
    """The last comment is written first."""
    real = MemoryPlanner.wanted

    def wanted(self: MemoryPlanner, *given: Any) -> Iterator[Any]:
        found = list(real(self, *given))
        yield from (one for one in found if one.kind != "note")
        yield from reversed([one for one in found if one.kind == "note"])

    patch.setattr(MemoryPlanner, "wanted", wanted)


def private_is_public(patch: Patch) -> None:
    """Everybody may read everything at the target."""
    everybody = Audience(name="public")
    patch.setattr(TargetDecisions, "audience", lambda _self, _issue: everybody)


def nothing_is_closed(patch: Patch) -> None:
    """What is not public any more stays open."""
    patch.setattr(Closing, "run", lambda _self, _tell: None)


def changes_unseen(patch: Patch) -> None:
    """What changed at the source is not written."""
    patch.setattr(diff, "_changed", lambda *_given: ())


def doubts_forgotten(patch: Patch) -> None:
    """What a dead run has meant is not looked for, and its intents stay open."""
    patch.setattr(recover, "_settle", lambda *_given: None)


#: each with the world that must find it, and the words by which it is known
PLANTS: Mapping[Callable[[Patch], None], tuple[str, str]] = {
    result_first: ("MemoryOurs", "losses"),
    sent_again: ("MemoryTheirs", "losses"),
    settled_at_once: ("MemoryTheirs", "doubles"),
    edits_overwritten: ("MemoryOurs", "overwritten"),
    comments_backwards: ("MemoryTheirs", "in the order"),
    private_is_public: ("MemoryOurs", "leaks"),
    nothing_is_closed: ("MemoryTheirs", "leaks"),
    changes_unseen: ("MemoryOurs", "losses"),
    story_public_first: ("StoryBoard", "leaks"),
    task_public_first: ("Maniphest", "leaks"),
}
