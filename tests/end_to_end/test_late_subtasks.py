"""What Maniphest makes late, of requests that were given up, when their bug is not for everybody
any more: a subtask says itself who may read it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import pytest

from tests.end_to_end.marked_world import MarkedWorld
from tests.end_to_end.test_feed import Daemon
from tests.end_to_end.test_recorded_projects import agrees
from tracker_migrate.engine import send
from tracker_migrate.testing.loopback import Fault, Request

TASKS = ("gadget", "gadget/1.x")


@contextmanager
def kept(marked: MarkedWorld, words: str) -> Iterator[list[Request]]:
    """Requests with these words get no further, and no reply; they can be delivered later."""
    standin, held = marked.here.maniphest, list[Request]()

    def hear(request: Request) -> None:
        if request.path.endswith("maniphest.edit") and words.encode() in request.body:
            held.append(request)

    standin.on_request = hear
    standin.faults.append(Fault("drop", path="maniphest.edit", body=words, times=99))
    yield held
    standin.faults.clear()
    standin.on_request = None


@pytest.fixture
def bug(marked: MarkedWorld, monkeypatch: pytest.MonkeyPatch) -> int:
    """A public one with two tasks, which is read."""
    monkeypatch.setattr(send, "_ATTEMPTS", 2)
    number = marked.project.bug(targets=TASKS, comments=1)
    marked.here.pull()
    return number


def shut(marked: MarkedWorld, bug: int, how: str) -> None:
    """The bug is not for everybody any more; nobody has said who may read it, or it is gone."""
    if how == "gone":
        marked.project.drop(bug)
    else:
        marked.project.turn(bug, how)
    marked.here.pull(full=True, accept=True)


def late(marked: MarkedWorld, held: list[Request]) -> None:
    assert held
    for request in held:
        assert marked.here.maniphest.answer(request).status == 200


def views(marked: MarkedWorld) -> list[str]:
    return list(marked.here.maniphest.store.column("SELECT DISTINCT view FROM task"))


@pytest.mark.parametrize("words", ["parents.add", "%22title%22"])
@pytest.mark.parametrize("how", ["Embargoed", "gone"])
def test_what_comes_late_of_an_issue_that_is_closed_is_closed_in_the_next_run(
    marked: MarkedWorld, bug: int, words: str, how: str
) -> None:
    with kept(marked, words) as held:
        assert marked.here.apply("maniphest").aside == 1
    shut(marked, bug, how)
    marked.here.apply("maniphest")
    for _ in range(2):
        late(marked, held)  # after much else was done there
        assert "public" in views(marked)
        marked.here.apply("maniphest")
        me = marked.here.maniphest.site.people.by_names(["importbot"])[0].phid
        assert views(marked) == [me]


def test_a_subtask_that_comes_late_is_not_made_again(marked: MarkedWorld, bug: int) -> None:
    with kept(marked, "parents.add") as held:
        assert marked.here.apply("maniphest").aside == 1
    late(marked, held[:1])
    assert marked.here.apply("maniphest", retry=True).doubles == []
    assert marked.here.apply("maniphest").doubles == []
    titles = list(marked.here.maniphest.store.column("SELECT title FROM task"))
    assert len(titles) == 3
    agrees(marked.here.verify("maniphest"))
    assert marked.here.apply("maniphest").steps == 0


def test_sync_closes_it_in_the_next_round(marked: MarkedWorld, bug: int) -> None:
    """Though nothing else has happened, and rounds without news go over nothing."""
    with ExitStack() as stack:
        daemon = Daemon(marked.here, stack, ("maniphest",))
        with kept(marked, "parents.add") as held:
            assert daemon.round().applied["maniphest"].aside == 1
        marked.project.turn(bug, "Embargoed")
        marked.project.comment(bug)
        while not (ended := daemon.round().applied["maniphest"]).refused or ended.steps:
            pass
        assert len(views(marked)) == 1
        daemon.round()
        late(marked, held)
        assert "public" in views(marked)
        daemon.round()
        assert len(views(marked)) == 1
        daemon.round()
        before = marked.here.maniphest.requests.total()
        daemon.round()
        daemon.round()
        assert marked.here.maniphest.requests.total() - before <= 4
        daemon.stop()
