"""A tenth of the day that `make soak` lets pass; and that what is wrong would be seen."""

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


def test_what_is_wrong_at_a_target_is_seen(day: Soak) -> None:
    """Somebody who is not asked changes a title, a comment is gone, a private issue is open."""
    board, desk = day.eyes["storyboard"].standin, day.eyes["maniphest"].standin
    words = [bug.title for bug in day.life.truth.bugs.values() if bug.public and bug.comments]
    secret = [bug.title for bug in day.life.truth.bugs.values() if bug.info == "Private"]
    with board.lock, desk.lock:
        desk.store.db.execute("UPDATE task SET title='?' WHERE title LIKE ?", [f"%{words[0]} %"])
        board.store.db.execute(
            "DELETE FROM comment WHERE story_id=(SELECT id FROM story WHERE title LIKE ?)",
            [f"%{words[1]} %"],
        )
        board.store.db.execute("UPDATE story SET private=0 WHERE title LIKE ?", [f"%{secret[0]} %"])
    found = list(day.judge.differences())
    for what in (
        "maniphest: losses: ",
        "title '?'",
        "storyboard: losses: ",
        "is not there",
        "storyboard: leaks: ",
        "verify names",
    ):
        assert any(what in one for one in found), (what, found)


def test_what_grows_is_seen() -> None:
    assert gauge.growth([100, 101, 99, 100, 102, 100]) < gauge.SLACK
    assert gauge.growth([100, 101, 110, 112, 120, 125]) > gauge.SLACK
    lives = [Sample(1, n, n, 0, 0, 1) for n in range(4)] + [
        Sample(2, n, n, 0, 0, 1) for n in range(40)
    ]
    assert {one.pid for one in gauge.longest(lives)} == {2}


def test_the_mix_is_that_of_the_real_days() -> None:
    assert mix.COUNTED["comment"] == max(mix.CHANGES.values())
    assert sum(mix.COUNTED.values()) > 3 * sum(mix.GUESSED.values())
