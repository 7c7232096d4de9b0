"""A handover that is killed anywhere, or whose requests and replies are lost: nothing is said
twice, and nothing is left unsaid."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.end_to_end import handing
from tests.end_to_end.fuse import Crash
from tests.end_to_end.handing import Begin, Home, Writes
from tests.end_to_end.marked_world import MarkedWorld
from tracker_migrate.backends.launchpad.sending import Sender
from tracker_migrate.backends.launchpad.standin.oauth import seed_token
from tracker_migrate.errors import LoginNeeded
from tracker_migrate.model import Key
from tracker_migrate.testing.faults import FAULTS
from tracker_migrate.testing.loopback import Fault, struck
from tracker_migrate.workspace import Workspace
from tracker_migrate.workspace.told import Told

BUG = 506
ALONE = "bug:506"


class Fuse:
    """Ends a handover before or after any request of it, or after anything that it notes."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self.moments, self._left = 0, 0
        for owner, name, before in ((Sender, "_sent", True), (Told, "keep", False)):
            patch.setattr(owner, name, self._around(getattr(owner, name), before))

    def set(self, moment: int) -> None:
        """End at this moment; 0: never."""
        self.moments, self._left = 0, moment

    def _tick(self) -> None:
        self.moments += 1
        if self.moments == self._left:
            raise Crash

    def _around(self, real: Callable[..., Any], before: bool) -> Callable[..., Any]:
        def done(*given: Any) -> Any:
            if before:
                self._tick()
            result = real(*given)
            self._tick()
            return result

        return done


@pytest.fixture(scope="module")
def moved(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MarkedWorld]:
    """A project that stands at both targets; each test brings it back to how it was."""
    with (
        pytest.MonkeyPatch.context() as patch,
        handing.moved(tmp_path_factory.mktemp("handover") / "ws", patch) as made,
    ):
        handing.write_settings(made.here, settle_seconds=1.0)
        yield made


@pytest.fixture
def begin(moved: MarkedWorld, tmp_path: Path) -> Iterator[Begin]:
    """Before the handover."""
    made = Begin(moved, tmp_path / "begin")
    yield made
    made.again()


def only() -> Any:
    """The one bug that these tests are about."""
    from tracker_migrate.engine.filters import Only

    return Only(ALONE)


def killed_everywhere(
    begin: Begin, fuse: Fuse, act: Callable[[], Any], stands: Callable[[], Any]
) -> int:
    """Kill an act at each of its moments, and play it again; how many moments there are."""
    fuse.set(0)
    act()
    moments, end = fuse.moments, stands()
    for moment in range(1, moments + 1):
        begin.again()
        fuse.set(moment)
        with pytest.raises(Crash):
            act()
        fuse.set(0)
        act()
        assert stands() == end, moment
        fuse.set(0)
        act()
        assert fuse.moments == 0, f"killed at {moment}, a second run still does something"
        assert stands() == end, moment
    return moments


def test_killed_at_any_moment_it_says_all_once(
    moved: MarkedWorld, begin: Begin, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    handing.write_settings(moved.here, settle_seconds=0.05)  # nothing is on its way any more
    untold = Begin(moved, tmp_path / "untold")
    home, fuse = Home(moved), Fuse(monkeypatch)

    def stands() -> Any:
        return len(home.said(BUG)), home.tags(BUG), home.status(BUG), home.all().keys()

    act = lambda: handing.handover(moved.here, only=only())  # noqa: E731
    assert killed_everywhere(untold, fuse, act, stands) >= 16
    assert stands()[:3] == (1, ["moved"], "Won't Fix")


def test_killed_at_any_moment_it_takes_all_back(
    moved: MarkedWorld, begin: Begin, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    handing.write_settings(moved.here, settle_seconds=0.05)
    handing.handover(moved.here, only=only())
    told = Begin(moved, tmp_path / "told")
    home, fuse = Home(moved), Fuse(monkeypatch)

    def stands() -> Any:
        return home.said(BUG), home.tags(BUG), home.status(BUG), home.status(BUG, handing.SERIES)

    act = lambda: handing.undo(moved.here, only=only())  # noqa: E731
    assert killed_everywhere(told, fuse, act, stands) >= 16
    assert stands() == ([], [], "Confirmed", "Confirmed")


def test_killed_at_any_moment_of_taking_back_nothing_of_it_is_news(
    moved: MarkedWorld, begin: Begin, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nor are the dates that Launchpad gives a task whose status is put back."""
    handing.write_settings(moved.here, settle_seconds=0.05)
    handing.handover(moved.here, only=only())
    told = Begin(moved, tmp_path / "told")
    fuse = Fuse(monkeypatch)
    bug = Key(f"launchpad:bug:{BUG}")

    def read() -> Any:
        with Workspace(moved.here.folder) as workspace:
            held = workspace.archive.issue(bug)
        assert held is not None
        return held.tasks, held.history, held.tags, held.updated

    def read_again() -> Any:
        moved.here.pull(brief=True, sweep=[bug])
        return read()

    before = read()
    handing.undo(moved.here, only=only())
    moments = fuse.moments
    for moment in range(1, moments + 1):
        told.again()
        fuse.set(moment)
        with pytest.raises(Crash):
            handing.undo(moved.here, only=only())
        fuse.set(0)
        assert read_again() == before, f"killed at {moment}"
        handing.undo(moved.here, only=only())
        assert read_again() == before, f"killed at {moment}, and ended"
    assert moments >= 16


#: what would need minutes here, or ends a run
_OTHERS = {"slow", "expired", "down"}


@pytest.mark.parametrize("method", ["POST", "PATCH"])
@pytest.mark.parametrize("word", sorted(FAULTS.keys() - _OTHERS))
def test_a_request_or_reply_that_is_lost_is_settled_by_looking(
    word: str, method: str, moved: MarkedWorld, begin: Begin
) -> None:
    """Once; but that what a proxy delivers twice stands there twice: it is known for ours."""
    home = Home(moved)
    moved.here.launchpad.faults.append(struck(word, method=method, seconds=0.02))
    done = handing.handover(moved.here, only=only())
    assert not done.refused
    twice = word == "double" and method == "POST"
    assert len(home.said(BUG)) == (2 if twice else 1)
    assert (home.tags(BUG), home.status(BUG)) == (["moved"], "Won't Fix")
    if twice:
        handing.idle(moved.here)
        handing.undo(moved.here, only=only())
        assert home.said(BUG) == []


def test_a_time_out_after_the_work_is_done_is_no_reason_to_say_it_again(
    moved: MarkedWorld, begin: Begin
) -> None:
    """503 with an OOPS: Launchpad gave up on a request, and may have carried it out."""
    home, launchpad = Home(moved), moved.here.launchpad
    real = launchpad.answer

    def late(request: Any) -> Any:
        answer = real(request)
        if request.method == "POST":
            launchpad.answer = real  # type: ignore[method-assign]
            return _oops(answer)
        return answer

    launchpad.answer = late  # type: ignore[method-assign]
    done = handing.handover(moved.here, only=only())
    assert (done.found, len(home.said(BUG))) == (1, 1)


def test_a_change_of_somebody_else_at_the_same_moment_is_not_lost(
    moved: MarkedWorld, begin: Begin, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = Home(moved)
    real = Sender.patch
    raced: list[str] = []

    def patch(self_: Sender, path: str, fields: Any, etag: str) -> Any:
        if not raced and "tags" in fields:
            raced.append(path)
            moved.project.change(BUG, tags=["theirs"])
        return real(self_, path, fields, etag)

    monkeypatch.setattr(Sender, "patch", patch)
    done = handing.handover(moved.here, only=only())
    assert raced
    assert not done.refused
    assert home.tags(BUG) == ["moved", "theirs"]


def test_a_locked_bug_is_told_and_keeps_its_status(moved: MarkedWorld, begin: Begin) -> None:
    """Only those whom the project trusts may change it; anybody may write a comment."""
    home, cast = Home(moved), moved.project.cast
    with moved.here.launchpad.lock:
        held = moved.project.store.item("gadget")
        assert held is not None
        values = {**held.data, "owner_link": cast.people[1], "driver_link": None}
        moved.project.store.put_item("project", "gadget", values)
    moved.project.change(BUG, lock_status="Comment-only")
    done = handing.handover(moved.here, only=only())
    assert list(done.refused) == [f"launchpad:bug:{BUG}"]
    assert "locked" in done.refused[done_key(done)]
    assert len(home.said(BUG)) == 1
    assert home.status(BUG) == "Confirmed"
    again = handing.handover(moved.here, only=only())
    assert len(home.said(BUG)) == 1
    assert again.refused


def done_key(done: Any) -> Any:
    """The one bug."""
    (one,) = done.refused
    return one


def test_a_login_that_may_only_read_says_nothing(
    moved: MarkedWorld, begin: Begin, monkeypatch: pytest.MonkeyPatch
) -> None:
    owner = moved.project.cast.owner
    with moved.here.launchpad.lock:
        seed_token(moved.project.store, owner, "lab-client", "TOKEN-r", "SECRET-r", "READ_PRIVATE")
    monkeypatch.setenv("TRACKER_MIGRATE_LAUNCHPAD", "lab-client TOKEN-r SECRET-r")
    before, writes = Home(moved).all(), Writes(monkeypatch)
    with pytest.raises(LoginNeeded, match="Change Anything"):
        handing.handover(moved.here)
    assert len(writes.sent) == 1
    assert Home(moved).all() == before


def test_a_bug_that_became_private_meanwhile_is_not_told(moved: MarkedWorld, begin: Begin) -> None:
    moved.project.turn(BUG, "Private")
    done = handing.handover(moved.here, only=only())
    assert "sync --final" in done.refused[done_key(done)]
    assert Home(moved).said(BUG) == []


def test_a_reply_that_never_comes_is_waited_for_before_it_is_sent_again(
    moved: MarkedWorld, begin: Begin
) -> None:
    """The comment arrives while it is looked for."""
    moved.here.launchpad.faults.append(Fault("late", method="POST", seconds=0.02))
    done = handing.handover(moved.here, only=only())
    assert (done.found, done.comments, len(Home(moved).said(BUG))) == (1, 0, 1)


@pytest.mark.parametrize("method", ["POST", "PATCH"])
def test_what_was_carried_out_and_could_not_be_looked_for_is_ours_all_the_same(
    method: str, moved: MarkedWorld, begin: Begin
) -> None:
    """503 with an OOPS to the request, and once more to the look that follows."""
    home, launchpad = Home(moved), moved.here.launchpad
    before, real = home.all(), launchpad.answer

    def fails(request: Any) -> Any:
        if request.method == method:
            launchpad.answer = twice  # type: ignore[method-assign]
        answer = real(request)
        return answer if launchpad.answer == fails else _oops(answer)

    def twice(request: Any) -> Any:
        launchpad.answer = real  # type: ignore[method-assign]
        return _oops(real(request))

    launchpad.answer = fails  # type: ignore[method-assign]
    assert handing.handover(moved.here, only=only()).refused
    with Workspace(moved.here.folder) as workspace:
        states = {one.state for one in workspace.told.of(Key(f"launchpad:bug:{BUG}"))}
    assert "meant" in states
    handing.idle(moved.here)
    done = handing.handover(moved.here, only=only())
    assert (done.found, done.was, done.refused) == (1, 0, {})
    assert (len(home.said(BUG)), home.tags(BUG), home.status(BUG)) == (1, ["moved"], "Won't Fix")
    handing.idle(moved.here)
    handing.undo(moved.here, only=only())
    assert home.all() == before


def _oops(answer: Any) -> Any:
    headers = {"X-Lazr-OopsId": "OOPS-1", "Retry-After": "900"}
    return type(answer)(503, b"<html>Timeout</html>", headers)
