"""How far the stand-in agrees with the recordings, in numbers."""

from __future__ import annotations

from collections import Counter
from typing import Any

from tests.backends.maniphest.standin_recordings import scenario_names
from tests.backends.maniphest.standin_replay import Replayed, replay
from tests.backends.maniphest.standin_singles import play_singles


def replay_summary() -> dict[str, Any]:
    """Scenarios and exchanges replayed, matching, and left out with the reason."""
    played = [replay(name) for name in scenario_names()]
    left_out: Counter[str] = Counter()
    for each in [*played, play_singles()]:
        left_out.update(result.left_out for result in each.results if result.left_out)
    return {
        "scenarios": len(played),
        "scenarios matching": sum(not each.problems for each in played),
        "scenario exchanges": _counted(played),
        "single exchanges": _counted([play_singles()]),
        "left out": dict(left_out),
    }


def _counted(played: list[Replayed]) -> dict[str, int]:
    compared = [result for each in played for result in each.compared]
    return {
        "recorded": sum(len(each.results) for each in played),
        "compared": len(compared),
        "matching": sum(not result.problems for result in compared),
    }
