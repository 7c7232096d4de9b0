"""Each policy on each field, at real servers, where the address of one is given.

    TRACKER_MIGRATE_STORYBOARD_URL, TRACKER_MIGRATE_STORYBOARD_LIVE_TOKEN (a superuser's),
        ..._LIVE_PERSON_TOKEN (somebody else's); there have to be accounts with the ids 2 and 3
    TRACKER_MIGRATE_MANIPHEST_URL, TRACKER_MIGRATE_MANIPHEST_LIVE_TOKEN,
        ..._LIVE_PERSON_TOKEN (of anybody); there have to be accounts `alice` and `carol`

They write there: give them servers that nobody needs. Each run brings bugs of other numbers.
"""

from __future__ import annotations

import itertools
import os
import time
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any, NamedTuple

import pytest

from tests.end_to_end.conflict_bench import Bench, There, judge
from tests.end_to_end.marked_bugs import PROJECT
from tests.end_to_end.marked_project import MarkedProject
from tests.end_to_end.world import TARGETS, World, world
from tracker_migrate.engine.send import Sender
from tracker_migrate.interfaces import ClosedStep
from tracker_migrate.workspace import Workspace
from tracker_migrate.workspace.policies import CHOICES, Choice

pytestmark = pytest.mark.live
_TWO = (PROJECT, f"{PROJECT}/1.x")


class Live(NamedTuple):
    """A world of which one target is real, and that target as people use it."""

    here: World
    project: MarkedProject
    at: There

    def bug(self) -> int:
        """A bug with two tasks."""
        return self.project.bug(comments=1, targets=_TWO)


@pytest.fixture(params=TARGETS)
def live(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Live]:
    target = request.param
    variable = f"TRACKER_MIGRATE_{target.upper()}"
    if f"{variable}_URL" not in os.environ:
        pytest.skip(f"{variable}_URL names no real server")
    url, ours = os.environ[f"{variable}_URL"], os.environ[f"{variable}_LIVE_TOKEN"]
    person = os.environ[f"{variable}_LIVE_PERSON_TOKEN"]
    first = int(time.time()) % 10**9  # numbers, and so permalinks, that no earlier run brought
    with world(tmp_path / "ws", monkeypatch, PROJECT, web="http://{site}launchpad.test") as here:
        monkeypatch.setenv(f"{variable}_TOKEN", ours)
        monkeypatch.delenv(f"{variable}_OUTSIDER_TOKEN")
        project: Any = MarkedProject(here.launchpad)
        project._numbers = itertools.count(first)
        setattr(here, target, SimpleNamespace(url=url))
        here.options[target]["settle_seconds"] = 20
        tokens = {"super": ours, "normal": person, "alice": person}
        at = There(target, url.removesuffix("/v1"), tokens, PROJECT, tag=str(first))
        yield Live(here, project, at)


@pytest.mark.parametrize("choice", CHOICES)
def test_each_policy_does_what_it_says_of_each_field(
    live: Live, choice: Choice, monkeypatch: pytest.MonkeyPatch
) -> None:
    judge(Bench(live.here, live.at, choice, monkeypatch, live.bug))


@pytest.mark.parametrize("field", ["title", "status"])
def test_an_edit_that_falls_between_is_seen_by_the_history(
    live: Live, field: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is put back where the history tells what it was, and told where it does not."""
    target = live.at.name
    bench = Bench(live.here, live.at, "target", monkeypatch, live.bug)
    row = next(one for one in bench.rows if one.field == field and one.kind in ("task", "story"))
    bench.source[row.key, field] = row.ours
    bench.look_again()
    done: list[ClosedStep] = []
    real = Sender._attempt

    def attempt(self: Sender, intent: int, step: ClosedStep, *rest: Any) -> Any:
        if step.kind.endswith(".update") and not done:
            done.append(step)
            live.at.edit(row.kind, row.at, field, row.theirs)
        return real(self, intent, step, *rest)

    monkeypatch.setattr(Sender, "_attempt", attempt)
    applied = live.here.apply(target)
    assert applied.raced == 1
    told = target == "maniphest" or field == "status"
    assert bench.stands(row) == (row.theirs if told else row.ours)
    assert live.here.apply(target).steps == 0
    with Workspace(live.here.folder) as workspace:
        (met,) = workspace.ledger(target).met.of([row.key]).values()
    assert met.field == field
