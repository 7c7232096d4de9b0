"""What is shared out to workers is written once, whatever the queue does, and by the same rules."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import msgspec
import pytest
import sqlalchemy as sa

from tests.engine.world import World, bug_key, settings
from tests.workers.conftest import Hall
from tracker_migrate.engine import sharing, shift
from tracker_migrate.engine.queue import Queue
from tracker_migrate.engine.worker import Worker
from tracker_migrate.errors import Locked, Refused
from tracker_migrate.interfaces import ClosedAction, ClosedStep
from tracker_migrate.model import Issue, Key
from tracker_migrate.testing.memory import MemoryServer, bug
from tracker_migrate.workspace import Workspace
from tracker_migrate.workspace.crew import SCHEMA

Halls = Callable[..., Hall]


def some(count: int) -> list[Issue]:
    """Bugs that name one another, and talk."""
    return [
        bug(n, f"bug {n}", f"see #{1 + n % count}", "more", blocked_by=(1 + n % count,))
        for n in range(1, count + 1)
    ]


@pytest.mark.parametrize("numbers", ["ours", "theirs"])
def test_all_stands_once_and_a_second_run_writes_nothing(hall: Halls, numbers: str) -> None:
    here = hall(numbers)
    here.world.keep(*some(14))
    with here.workers(2) as workers:
        applied = here.apply()
        assert not applied.left
        assert here.world.verify().agrees
        for n in range(1, 15):
            assert len(here.world.notes(n)) == 3
            here.world.card(n)
        before = here.world.server.writes.total()
        again = here.apply()
    assert (again.steps, here.world.server.writes.total()) == (0, before)
    assert here.errors == []
    assert sum(one.done for one in workers) >= 14, "they have done it, and not who coordinates"


def test_it_counts_what_a_run_on_one_machine_counts(hall: Halls, tmp_path: Path) -> None:
    shared = hall()
    shared.world.keep(*some(8))
    with shared.workers(2):
        counted = shared.apply()
    settings(tmp_path / "alone")
    with Workspace(tmp_path / "alone") as workspace:
        alone = World(workspace, MemoryServer(), "ours")
        alone.keep(*some(8))
        wanted = alone.apply()
    wanted.unchanged = counted.unchanged = 0  # of a tag: by who is first
    assert msgspec.structs.asdict(wanted) == msgspec.structs.asdict(counted)


def test_a_job_that_comes_again_writes_nothing_twice(
    hall: Halls, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, taken = Queue.defer, Counter[str]()

    def thrice(self: Queue, of: str, issues: Sequence[Key]) -> None:
        for _ in range(3):
            real(self, of, issues)

    plain = shift.Shift._takes

    def takes(self: shift.Shift, key: Key) -> bool:
        taken[key] += 1
        return plain(self, key)

    monkeypatch.setattr(Queue, "defer", thrice)
    monkeypatch.setattr(shift.Shift, "_takes", takes)
    here = hall()
    here.world.keep(*some(10))
    with here.workers(2):
        here.apply()
    assert max(taken.values()) > 1, "no job came again"
    assert here.world.verify().agrees
    for n in range(1, 11):
        assert len(here.world.notes(n)) == 3
        here.world.card(n)


def test_what_fails_is_set_aside_once_with_its_reason(
    hall: Halls, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = hall()
    here.world.keep(*some(5))
    real, tried = here.world.sink.send, Counter[Key]()

    def send(step: Any) -> Any:
        tried[step.issue] += 1
        if step.issue == bug_key(3):
            raise Refused("too odd")
        return real(step)

    monkeypatch.setattr(here.world.sink, "send", send)
    with here.workers(1):
        applied = here.apply()
    assert (applied.aside, tried[bug_key(3)]) == (1, 1)
    (verdict,) = here.world.ledger.in_state("aside")
    assert (verdict.issue, verdict.reason, verdict.attempts) == (bug_key(3), "too odd", 1)


def test_what_many_share_and_is_refused_ends_no_workers_round(
    hall: Halls, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who tried first does not keep it: the next worker tries, and hears the same."""
    here = hall()
    here.world.keep(*some(20))
    real, plain, failed = here.world.sink.send, shift.Shift._fail, list[BaseException]()

    def send(step: Any) -> Any:
        if step.kind == "project.create":
            time.sleep(0.05)
            raise Refused("there is none, and none may be made")
        return real(step)

    def fail(self: shift.Shift, error: BaseException) -> None:
        failed.append(error)
        plain(self, error)

    monkeypatch.setattr(here.world.sink, "send", send)
    monkeypatch.setattr(shift.Shift, "_fail", fail)
    with here.workers(2):
        assert here.apply().aside == 20
    assert failed == []


def test_what_became_public_is_opened_by_who_coordinates_alone_and_last(hall: Halls) -> None:
    here = hall()
    here.world.keep(*some(4))
    here.world.apply()
    private = bug(2, "bug 2", "see #3", "more", private=True)
    here.world.keep(private)
    here.world.apply()
    here.world.keep(bug(2, "bug 2", "see #3", "more"), bug(9, "new"))
    asked: list[Key] = []

    def is_public(key: Key) -> bool:
        assert here.world.cards(9), "it was opened before the others were written"
        asked.append(key)
        return True

    here.world.is_public = is_public
    with here.workers(1):
        here.apply()
    assert asked == [bug_key(2)]


def test_what_may_stand_there_unseen_is_not_made_again_by_a_worker(
    hall: Halls, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It was found, and can't be read: only who coordinates knows of that."""
    here = hall("theirs")
    here.world.keep(bug(1, "one"), bug(2, "two"))
    here.world.apply()
    here.world.ledger.forget([bug_key(1)])
    real = here.world.sink.read

    def read(refs: Any) -> Any:
        if bug_key(1) in refs:
            raise Refused("it can't be read just now")
        return real(refs)

    monkeypatch.setattr(here.world.sink, "read", read)
    here.world.keep(bug(1, "one more"), bug(3, "three"))
    with here.workers(1):
        assert here.apply().aside == 1
    here.world.card(1)
    here.world.card(3)


def test_nobody_waits_for_a_shared_object_of_which_nobody_knows_whether_it_stands(
    hall: Halls, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its intent is open, and looking for it fails: a worker would wait minutes for its maker."""
    here = hall()
    here.world.keep(bug(1, "one"), bug(2, "two"))
    project = Key("memory:project:rocket")
    meant = ClosedAction(op="create", key=project, kind="project", fields={"name": "rocket"})
    step = ClosedStep(kind="project.create", issue=project, actions=(meant,))
    here.world.ledger.intend([step], [{}], 0.0)
    real = here.world.sink.find

    def find(one: ClosedStep, mark: Any) -> Any:
        if one.issue == project:
            raise Refused("it can't be looked for just now")
        return real(one, mark)

    monkeypatch.setattr(here.world.sink, "find", find)
    began = time.monotonic()
    with here.workers(1):
        assert here.apply().aside == 2
    assert time.monotonic() - began < sharing.SILENT


def test_without_workers_who_coordinates_does_it_all(
    hall: Halls, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sharing, "GRACE", 0.5)
    here = hall()
    here.world.keep(*some(4))
    assert not here.apply().left
    assert here.world.verify().agrees


def test_nothing_of_a_run_stays_in_the_queue(hall: Halls) -> None:
    """It names issues, and some are private."""
    here = hall()
    here.world.keep(*some(4))
    with here.workers(1):
        here.apply()
    with here.world.workspace.engine.connect() as connection:
        for table in ("part", "expected", "procrastinate_jobs"):
            assert (
                connection.execute(sa.text(f"SELECT count(*) FROM {SCHEMA}.{table}")).scalar() == 0
            )


def test_a_worker_that_cannot_go_on_leaves_its_issue_to_who_coordinates(
    hall: Halls, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its machine's network is down, say: that is no reason for the others to stop."""
    from tracker_migrate.errors import Unreachable

    here = hall()
    here.world.keep(*some(4))

    def write(*_: Any) -> Any:
        monkeypatch.setattr(sharing, "GRACE", 0.5)
        raise Unreachable("no network here")

    monkeypatch.setattr(shift.One, "write", write)
    with here.workers(1):
        assert not here.apply().left
    assert here.world.verify().agrees
    assert [str(error) for error in here.errors] == ["no network here"]


def test_one_that_was_taken_for_dead_writes_nothing_more(
    hall: Halls, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It hangs before a send; others have done its issue when it goes on."""
    import threading

    here = hall()
    here.world.keep(*some(4))
    hangs, goes_on, ended = threading.Event(), threading.Event(), threading.Event()
    real = Worker._goes_on
    late: list[BaseException | None] = []

    def write(self: shift.Shift, key: Key) -> Any:
        if not hangs.is_set():
            monkeypatch.setattr(sharing, "GRACE", 2.0)
            hangs.set()
            goes_on.wait(60)
            try:
                return plain(self, key)
            except BaseException as error:
                late.append(error)
                raise
            finally:
                ended.set()
        return plain(self, key)

    plain = shift.Shift._write
    monkeypatch.setattr(shift.Shift, "_write", write)
    monkeypatch.setattr(sharing, "LAST", 0.0)
    crew = here.world.workspace.crew

    def mute(self: Worker, of: Any, presence: Any) -> bool:
        """It is not heard of from when it hangs: others see it gone."""
        if hangs.is_set() and not goes_on.is_set():
            crew.bury([presence.number])
            return True
        return real(self, of, presence)

    monkeypatch.setattr(Worker, "_goes_on", mute)
    with here.workers(1):
        here.apply()
        before = here.world.server.writes.total()
        assert here.world.verify().agrees
        goes_on.set()
        assert ended.wait(60)
    assert here.world.server.writes.total() == before
    assert late
    assert isinstance(late[0], Locked)
