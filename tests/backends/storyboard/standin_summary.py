"""The figures of the replay: how much of the recordings the stand-in is held to."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

from tests.backends.storyboard.standin_replay import (
    UNCOMPARED,
    Outcome,
    player,
    replay_all,
)
from tests.backends.storyboard.standin_singles import LEFT_OUT, replay_singles


def compared(outcomes: Iterable[Outcome]) -> list[Outcome]:
    """Those that are not in the table of what is sent but not compared."""
    return [one for one in outcomes if one.recorded.name not in UNCOMPARED]


def replay_summary(
    played: Mapping[str, list[Outcome]] | None = None, alone: list[Outcome] | None = None
) -> dict[str, Any]:
    """Counts of scenarios and exchanges replayed and equal, and of those left out by reason."""
    played = replay_all() if played is None else played
    if alone is None:
        with player() as one:
            alone = replay_singles(one)
    held = {name: compared(outcomes) for name, outcomes in played.items()}
    return {
        "scenarios": len(played),
        "scenarios_equal": sum(not any(one.differences for one in held[name]) for name in held),
        "exchanges": sum(map(len, played.values())),
        "exchanges_equal": sum(not one.differences for some in held.values() for one in some),
        "singles": len(alone) + len(LEFT_OUT),
        "singles_equal": sum(not one.differences for one in alone),
        "left_out": dict(Counter([*UNCOMPARED.values(), *LEFT_OUT.values()])),
    }
