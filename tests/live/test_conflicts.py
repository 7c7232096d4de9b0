"""Each policy on each field, at real servers, where the address of one is given: see
real_world.py."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.end_to_end.conflict_bench import Bench, judge
from tests.end_to_end.world import TARGETS
from tests.live.real_world import Live, live_world
from tracker_migrate.engine.send import Sender
from tracker_migrate.interfaces import ClosedStep
from tracker_migrate.workspace import Workspace
from tracker_migrate.workspace.policies import CHOICES, Choice

pytestmark = pytest.mark.live


@pytest.fixture(params=TARGETS)
def live(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Live]:
    with live_world(request.param, tmp_path / "ws", monkeypatch) as made:
        yield made


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
