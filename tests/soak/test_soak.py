"""A tenth of the day that `make soak` lets pass. That what is wrong is seen: `test_judge.py`."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.soak import gauge, mix
from tests.soak.gauge import Sample
from tests.soak.run import How, Soak, soak

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def day(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Soak]:
    lines: list[str] = []
    shares = mix.Shares(changes=90, faults=24, kills=1, terms=0.8, pauses=0.4)
    how = How(seed=5, hours=2.4, bugs=24, quiet=2, shares=shares)
    with soak(how, tmp_path_factory.mktemp("soak"), lines.append) as run:
        run.run()
        yield run


def test_a_tenth_of_a_day_ends_without_a_difference(day: Soak) -> None:
    assert day.differences == []
    assert day.summary().endswith(" differences=0")
    assert day.counts["changes"] > 150
    assert day.counts["faults"] > 20
    assert day.counts["people"] > 5
    assert day.counts["kill"] + day.counts["term"] >= 2
    assert day.judge.read > 1000


def test_nothing_grows(day: Soak) -> None:
    """At rest; in two hours there is too little to say more."""
    assert day.flat()["at_rest"] <= gauge.AT_REST


def test_what_grows_is_seen() -> None:
    assert gauge.growth([100, 101, 99, 100, 102, 100]) < gauge.SLACK
    assert gauge.growth([100, 101, 110, 112, 120, 125]) > gauge.SLACK
    lives = [Sample(1, n, n, 0, 0, 0, 1) for n in range(4)] + [
        Sample(2, n, n, 0, 0, 0, 1) for n in range(40)
    ]
    assert {one.pid for one in gauge.longest(lives)} == {2}


def test_the_mix_is_that_of_the_real_days() -> None:
    assert mix.COUNTED["comment"] == max(mix.CHANGES.values())
    assert sum(mix.COUNTED.values()) > 3 * sum(mix.GUESSED.values())
