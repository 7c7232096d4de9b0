"""Parallel tasks deadlock at StoryBoard (facts 4): they are met by order, not by trying again."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.backends.storyboard import servers
from tests.backends.storyboard.acts import renumbered, sent_until
from tests.backends.storyboard.example import Run, bug
from tracker_migrate.backends.storyboard.client import Api
from tracker_migrate.backends.storyboard.standin import StoryBoardStandIn
from tracker_migrate.errors import Retriable
from tracker_migrate.interfaces import ClosedStep, Sink


@pytest.fixture
def fought(server: StoryBoardStandIn) -> Iterator[StoryBoardStandIn]:
    server.concurrent_deadlocks = True
    server.deadlock_seconds = 0.03
    yield server
    server.concurrent_deadlocks = False


def steps(run: Run, count: int) -> list[ClosedStep]:
    """Steps that each make a task, of one project, on stories of their own."""
    return [sent_until(run, renumbered(bug()), "task.create") for _ in range(count)]


def together(*work: Callable[[], object]) -> None:
    start = threading.Barrier(len(work))

    def one(act: Callable[[], object]) -> None:
        start.wait(10)
        act()

    with ThreadPoolExecutor(len(work)) as pool:
        list(pool.map(one, work))


def test_the_stand_in_does_deadlock(fought: StoryBoardStandIn, run: Run) -> None:
    api = Api(f"{fought.url}/v1", servers.SUPER)
    step = steps(run, 1)[0]
    fields = step.actions[0].fields
    body = {
        "title": "A task of somebody",
        **{name: int(fields[name]) for name in ("story_id", "project_id")},
    }
    lost: list[int] = []

    def post() -> None:
        try:
            api.write("POST", "/tasks", body)
        except Retriable:
            lost.append(1)

    together(*[post] * 4)
    assert len(lost) == fought.deadlocks > 0


def test_a_sink_makes_tasks_of_one_project_one_after_another(
    fought: StoryBoardStandIn, sink: Sink, run: Run
) -> None:
    made = steps(run, 4)
    together(*(lambda step=step: sink.send(step) for step in made))
    assert fought.deadlocks == 0


def test_numbers_that_are_claimed_meanwhile_keep_out_of_the_way(
    fought: StoryBoardStandIn, sink: Sink, run: Run
) -> None:
    made = steps(run, 2)
    claims = [lambda: sink.claim("task", 5)] * 2
    together(*claims, *(lambda step=step: sink.send(step) for step in made))
    assert fought.deadlocks == 0


def test_tasks_of_one_story_and_of_one_project_share_a_lane(sink: Sink, run: Run) -> None:
    one, other = steps(run, 2)
    assert set(sink.lanes(one)) & set(sink.lanes(other)) == {
        f"project:{one.actions[0].fields['project_id']}"
    }
    assert f"story:{one.issue}" in sink.lanes(one)
