"""What a sample says of the whole is true as often as it says."""

from __future__ import annotations

import math
import random

import pytest

from tracker_migrate.engine.estimates import Estimate, of_part, of_sum


def likely(whole: int, having: int, sample: int) -> float:
    """How often the interval holds the truth, over all samples that can be drawn."""
    held = 0.0
    for part in range(max(0, sample - (whole - having)), min(sample, having) + 1):
        found = of_part(part, sample, whole)
        ways = math.comb(having, part) * math.comb(whole - having, sample - part)
        held += ways / math.comb(whole, sample) * (found.low <= having <= found.high)
    return held


@pytest.mark.parametrize(("whole", "sample"), [(200, 40), (1000, 200), (120, 100), (37, 5)])
def test_a_part_holds_the_truth_in_95_of_100_samples(whole: int, sample: int) -> None:
    """Counted out over every truth there can be: none is guessed at."""
    held = [likely(whole, having, sample) for having in range(whole + 1)]
    assert sum(held) / len(held) >= 0.95
    assert min(held) >= 0.85


def test_what_was_seen_is_sure() -> None:
    for part in range(41):
        found = of_part(part, 40, 60)
        assert part <= found.low <= found.about <= found.high <= 60 - (40 - part)


def test_nothing_is_uncertain_about_all() -> None:
    assert of_part(3, 10, 10) == Estimate(3, 3, 3)
    assert of_sum(30.0, 100.0, 10, 10) == Estimate(30, 30, 30)


def test_a_larger_sample_says_more() -> None:
    wide = [of_part(n // 4, n, 1000) for n in (20, 100, 400, 900)]
    spans = [one.high - one.low for one in wide]
    assert spans == sorted(spans, reverse=True)
    assert len(set(spans)) == 4


def test_a_sum_holds_the_truth_in_most_samples() -> None:
    drawn = random.Random(5)
    values = [drawn.choice((1, 2, 2, 3, 9)) for _ in range(800)]
    held = 0
    for _ in range(300):
        sample = drawn.sample(values, 120)
        found = of_sum(sum(sample), sum(one**2 for one in sample), 120, 800)
        held += found.low <= sum(values) <= found.high
    assert held / 300 > 0.9
