"""The stand-in answers what a real StoryBoard answered: every recording, whole and in order."""

from __future__ import annotations

import json
import random
from collections.abc import Mapping

import pytest

from tests.backends.storyboard.standin_compare import differences
from tests.backends.storyboard.standin_mutations import mutated
from tests.backends.storyboard.standin_recordings import ABSENT, FOLDER, present, singles
from tests.backends.storyboard.standin_replay import UNCOMPARED, Outcome, player, replay_all
from tests.backends.storyboard.standin_singles import LEFT_OUT, SESSIONS, replay_singles
from tests.backends.storyboard.standin_summary import compared, replay_summary

pytestmark = pytest.mark.skipif(not present(), reason=ABSENT)

NAMES = sorted(path.stem for path in (FOLDER / "scenarios").glob("*.json"))
MUTATIONS = 20  # a scenario, and 40 for the single exchanges

Played = Mapping[str, list[Outcome]]


@pytest.fixture(scope="module")
def played() -> Played:
    return replay_all()


@pytest.fixture(scope="module")
def alone() -> list[Outcome]:
    with player() as one:
        return replay_singles(one)


def told(outcomes: list[Outcome]) -> list[str]:
    """The differences, each with its exchange, for a failing test to show."""
    return [f"{one.recorded.name}: {text}" for one in outcomes for text in one.differences]


@pytest.mark.parametrize("name", NAMES)
def test_scenario_is_answered_as_recorded(played: Played, name: str) -> None:
    assert told(compared(played[name])) == []


def test_single_exchanges_are_answered_as_recorded(alone: list[Outcome]) -> None:
    assert told(alone) == []


def test_every_single_exchange_is_replayed_or_left_out_with_a_reason(alone: list[Outcome]) -> None:
    replayed = [one.recorded.name for one in alone]
    assert len(replayed) == len(set(replayed))
    assert {*replayed, *LEFT_OUT} == {one.name for one in singles()}


def test_what_is_not_compared_is_in_a_scenario_and_would_fail(played: Played) -> None:
    races = {one.recorded.name: one for some in played.values() for one in some}
    assert all(races[name].differences for name in UNCOMPARED)


def test_sessions_name_each_exchange_once() -> None:
    named = [step for steps in SESSIONS.values() for step in steps if isinstance(step, str)]
    assert len(named) == len(set(named))


@pytest.mark.parametrize("name", [*NAMES, "singles"])
def test_one_changed_thing_in_a_recorded_answer_is_noticed(
    played: Played, alone: list[Outcome], name: str
) -> None:
    chance = random.Random(f"storyboard {name}")
    outcomes = alone if name == "singles" else compared(played[name])
    for _ in range(2 * MUTATIONS if name == "singles" else MUTATIONS):
        one = chance.choice(outcomes)
        changed = mutated(one.recorded, chance)
        assert differences(changed, one.ours, one.window), (one.recorded, changed)


def test_summary_keeps_its_figures(
    played: Played, alone: list[Outcome], capsys: pytest.CaptureFixture[str]
) -> None:
    summary = replay_summary(played, alone)
    with capsys.disabled():
        print("\nStoryBoard stand-in:", json.dumps(summary, indent=1))  # noqa: T201
    assert summary["scenarios_equal"] == summary["scenarios"] >= 18
    assert summary["exchanges"] >= 1433
    assert summary["exchanges_equal"] >= 1423
    assert summary["singles_equal"] >= 207
