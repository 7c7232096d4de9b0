"""Counting at both ends: what it holds, what it tells, and what it does without such a sink."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import SimpleNamespace
from typing import Any, cast

from tests.engine.world import World
from tracker_migrate.cli.counted import lines
from tracker_migrate.engine.tally import WITHHELD, Counted, Tally
from tracker_migrate.engine.target import Target
from tracker_migrate.interfaces import Decisions, Observed, RemoteRef, Standing
from tracker_migrate.model import Issue, Key
from tracker_migrate.testing.samples import Names, bug

NAMES = Names()
AT = RemoteRef(id="1")
MANY = 3000


class Sink:
    """Counts issues by a word of their titles; at the target by the one that was read."""

    def due(self, issue: Issue, _decisions: Decisions) -> Iterator[tuple[Key, Standing]]:
        """One object, that of the issue."""
        yield issue.key, standing(issue.title)

    def standings(
        self, due: Mapping[Key, Standing], seen: Mapping[Key, Observed]
    ) -> Iterator[tuple[Key, Standing]]:
        """By what was read."""
        yield from ((key, standing(seen[key].fields["title"])) for key in due if key in seen)


def standing(title: str) -> Standing:
    """`rocket/kilo/1.0/open`."""
    project, series, milestone, status = title.split("/")
    return Standing(project=project, series=series, milestone=milestone, status=status)


def tally() -> Tally:
    """Of a target with such a sink."""
    return Tally(cast(Target, SimpleNamespace(sink=Sink(), decisions=None)))


def seen(issue: Issue, title: str) -> dict[Key, Observed]:
    """What was read of an issue."""
    return {issue.key: Observed(at=AT, fields={"title": title})}


def issue(number: int, title: str, **more: Any) -> Issue:
    """A bug that stands so."""
    return bug(NAMES, number, title=title, **more)


def test_it_holds_a_row_for_what_differs_however_many_tasks_there_are() -> None:
    counts = tally()
    words = ["rocket/kilo/1.0/open", "rocket/kilo//open", "rocket/liberty//closed"]
    for number in range(MANY):
        one = issue(number, words[number % 3])
        counts.add(one, seen(one, one.title), private=False)
    assert len(counts._source) == len(counts._target) == 3
    counted = counts.counted()
    assert [(row.source, row.target) for row in counted.rows] == [(MANY // 3, MANY // 3)] * 3
    assert (counted.source, counted.target, counted.differ) == (MANY, MANY, 0)


def test_a_task_that_stands_otherwise_is_told_once_in_each_row() -> None:
    counts = tally()
    for number, title in enumerate(["rocket/kilo/1.0/open", "rocket/kilo//open"]):
        one = issue(number, title)
        counts.add(one, seen(one, "rocket/kilo//open"), private=False)
    counted = counts.counted()
    assert counted.differ == 1
    told = list(lines(counted))
    assert sum("DIFFERS" in line for line in told) == 2
    assert told[-1].endswith("2 at the source, 2 here; 1 stand here otherwise than they should")


def test_a_task_that_is_not_there_differs() -> None:
    counts = tally()
    counts.add(issue(1, "rocket/kilo//open"), {}, private=False)
    assert counts.counted().differ == 1


def test_of_private_issues_only_the_status_is_told_and_more_is_compared() -> None:
    counts = tally()
    one = issue(1, "rocket/secret/leak/open", private=True)
    counts.add(one, seen(one, "rocket/secret//open"), private=True)
    counted = counts.counted()
    (row,) = counted.rows
    assert (row.project, row.series, row.milestone, row.status) == (WITHHELD, "", "", "open")
    assert (row.source, row.target, counted.differ) == (1, 1, 1)
    told = "\n".join(lines(counted))
    assert "secret" not in told
    assert "leak" not in told
    assert "1 stand here otherwise" in told


def test_many_rows_are_told_in_short_what_differs_first() -> None:
    counts = tally()
    for number in range(60):
        one = issue(number, f"rocket/s{number:02}//open")
        there = "rocket/gone//open" if number == 59 else one.title
        counts.add(one, seen(one, there), private=False)
    told = list(lines(counts.counted(), many=10))
    assert sum("DIFFERS" in line for line in told) == 2
    assert any("51 more rows" in line for line in told)
    assert len(told) == 1 + 10 + 1 + 1


def test_a_sink_that_can_not_count_is_verified_all_the_same(world: World) -> None:
    world.keep(bug(NAMES, 1), bug(NAMES, 2))
    world.apply()
    result = world.verify()
    assert result.agrees
    assert not result.counted.possible
    assert not result.counted.rows
    assert not list(lines(result.counted))


def test_nothing_that_was_counted_is_nothing_to_tell() -> None:
    assert not list(lines(Counted(possible=True)))
