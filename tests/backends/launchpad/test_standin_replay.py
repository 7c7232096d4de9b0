"""The stand-in answers what the real Launchpad answered, address by address, value by value."""

from __future__ import annotations

import pytest

from tests.backends.launchpad.standin_recordings import needs_recordings
from tests.backends.launchpad.standin_replay import replay_source, replay_summary, sources

pytestmark = needs_recordings


@pytest.mark.parametrize("source", sources())
def test_recorded_answers_are_given_again(source: str) -> None:
    tally = replay_source(source)
    assert tally.wrong == []
    assert tally.asked > 0


def test_little_is_left_out_and_much_is_asked() -> None:
    summary = replay_summary()
    assert summary["recordings"] == 16
    assert summary["wrong"] == 0
    assert summary["asked"] == summary["equal"] >= 10_606
    assert summary["left_out"] <= 67
