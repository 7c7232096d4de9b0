"""The handover: what is said at the source, once; what comes of it when it is read again."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import unquote_plus

import pytest

from tests.end_to_end import handing
from tests.end_to_end.handing import Home, Writes, idle
from tests.end_to_end.marked_world import MarkedWorld
from tests.end_to_end.marks import found_in
from tracker_migrate.backends.launchpad.sending import Sender
from tracker_migrate.backends.launchpad.source import LaunchpadSource
from tracker_migrate.engine import jobs
from tracker_migrate.errors import Retriable
from tracker_migrate.model import Key
from tracker_migrate.workspace import Workspace
from tracker_migrate.workspace.archive import Archive

OPEN = (502, 504, 506, 510)


@pytest.fixture
def moved(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[MarkedWorld]:
    """A project that stands at both targets."""
    with handing.moved(tmp_path / "ws", monkeypatch) as made:
        yield made


def test_open_bugs_are_told_once_where_they_are(
    moved: MarkedWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    home, writes = Home(moved), Writes(monkeypatch)
    before = home.all()
    done = handing.handover(moved.here)
    assert (done.issues, done.comments, done.tags, done.statuses) == (4, 4, 4, 5)
    assert not done.refused
    for bug in OPEN:
        (said,) = home.said(bug)
        assert f"{moved.here.storyboard.url}" in said or "/story/" in said
        assert "moved" in home.tags(bug)
        assert home.status(bug) == "Won't Fix"
    assert home.status(506, handing.SERIES) == "Won't Fix"
    assert home.status(510, handing.FOCUS) == "Won't Fix"
    others = {bug: held for bug, held in home.all().items() if bug not in OPEN}
    assert others == {bug: held for bug, held in before.items() if bug not in OPEN}
    assert len(writes.sent) == 13
    again = handing.handover(moved.here)
    assert (again.issues, again.already, len(writes.sent)) == (0, 4, 13)


def test_what_is_said_holds_no_word_of_an_issue(
    moved: MarkedWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    bodies: list[bytes] = []
    real = Sender._sent

    def sent(self_: Sender, method: str, path: str, body: bytes, headers: Any) -> Any:
        bodies.append(body)
        return real(self_, method, path, body, headers)

    monkeypatch.setattr(Sender, "_sent", sent)
    handing.handover(moved.here)
    comments = [unquote_plus(body.decode()) for body in bodies if b"newMessage" in body]
    assert len(comments) == 4
    assert not any(found_in(text) for text in comments)
    tags = [json.loads(body)["tags"] for body in bodies if b'"tags"' in body]
    secret = [tag for sent in tags for tag in sent if tag in moved.secret]
    assert len(secret) == 1  # the private bug's own, which it had before


def test_what_was_said_is_no_news_when_it_is_read_again(moved: MarkedWorld) -> None:
    handing.handover(moved.here)
    idle(moved.here)
    with Workspace(moved.here.folder) as workspace:
        issue = workspace.archive.issue(Key("launchpad:bug:502"))
    assert issue is not None
    assert issue.tags == ("ui",)
    assert issue.tasks[0].status == "Confirmed"
    assert not issue.tasks[0].complete
    assert not any("tracker-migrate" in one.text for one in issue.comments)


def test_it_can_be_taken_back_and_that_is_no_news_either(moved: MarkedWorld) -> None:
    home = Home(moved)
    before = home.all()
    handing.handover(moved.here)
    done = handing.undo(moved.here)
    assert (done.issues, done.comments, done.tags, done.statuses) == (4, 4, 4, 5)
    assert home.all() == before
    idle(moved.here)
    again = handing.undo(moved.here)
    assert again.issues == 0
    third = handing.handover(moved.here)
    assert third.issues == 4
    assert all(len(home.said(bug)) == 1 for bug in OPEN)
    idle(moved.here)


def test_what_a_person_has_changed_since_stays(moved: MarkedWorld) -> None:
    home = Home(moved)
    handing.handover(moved.here)
    home.set_status(502, "In Progress")
    moved.project.change(504, tags=[])
    done = handing.undo(moved.here)
    assert list(done.left) == ["launchpad:bug:502"]
    assert home.status(502) == "In Progress"
    assert home.status(504) == "Confirmed"
    assert not any(home.said(bug) for bug in OPEN)


def test_without_a_ledger_what_was_said_is_known_by_its_form(moved: MarkedWorld) -> None:
    """But for dates that Launchpad forgets when a status is lighter than the one before."""
    handing.write_settings(moved.here, status="Fix Released")
    handing.handover(moved.here)
    state = moved.here.folder / "state"
    for path in state.glob("workspace.db*"):
        path.unlink()
    with Workspace(moved.here.folder) as workspace, workspace.coordinating():
        jobs.pull(workspace)
        issue = workspace.archive.issue(Key("launchpad:bug:502"))
        assert issue is not None
        assert issue.tags == ("ui",)
        assert issue.tasks[0].status == "Confirmed"
        assert not any("tracker-migrate" in one.text for one in issue.comments)
    home = Home(moved)
    with Workspace(moved.here.folder) as workspace, workspace.coordinating():
        for target in ("storyboard", "maniphest"):
            jobs.adopt(workspace, target)
            assert jobs.apply(workspace, target).steps == 0
    done = handing.handover(moved.here)
    assert (done.comments, done.issues) == (0, 4)
    assert all(len(home.said(bug)) == 1 for bug in OPEN)


def test_a_comment_that_repeats_ours_is_a_persons(moved: MarkedWorld) -> None:
    home = Home(moved)
    handing.handover(moved.here)
    (said,) = home.said(502)
    moved.project.comment(502)
    with moved.here.launchpad.lock:
        last = moved.here.launchpad.store.next_message(502) - 1
    moved.project.change_comment(502, last, content=said)
    moved.here.pull(full=True)
    with Workspace(moved.here.folder) as workspace:
        arrivals = workspace.told.arrivals()
    assert [(one.issue, one.comments) for one in arrivals] == [("launchpad:bug:502", 1)]


def test_news_after_the_handover_is_reported_or_followed(moved: MarkedWorld) -> None:
    handing.handover(moved.here)
    moved.project.comment(502)
    new = moved.project.bug()
    idle(moved.here)
    with Workspace(moved.here.folder) as workspace:
        told = {one.issue: one for one in workspace.told.arrivals()}
    assert told[Key("launchpad:bug:502")].comments == 1
    assert told[Key(f"launchpad:bug:{new}")].new
    assert not any(one.followed for one in told.values())
    handing.write_settings(moved.here, after="follow")
    moved.here.pull()
    assert moved.here.apply("storyboard").created > 0
    with Workspace(moved.here.folder) as workspace:
        assert all(one.followed for one in workspace.told.arrivals())
        assert len(workspace.told.arrivals()) == 2


def test_news_that_was_kept_back_is_followed_once_it_is_taken_back(moved: MarkedWorld) -> None:
    handing.handover(moved.here)
    moved.project.comment(502)
    idle(moved.here)
    handing.undo(moved.here)
    moved.here.pull()
    with Workspace(moved.here.folder) as workspace:
        assert [one.followed for one in workspace.told.arrivals()] == [True]
        assert workspace.archive.unread() == []
    assert moved.here.apply("storyboard").created == 1


def test_kept_back_news_whose_pull_was_killed_is_followed_by_the_next(
    moved: MarkedWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    handing.handover(moved.here)
    moved.project.comment(502)
    idle(moved.here)
    handing.undo(moved.here)
    with monkeypatch.context() as patch:
        patch.setattr(Archive, "put", killed)
        with pytest.raises(KeyboardInterrupt):
            moved.here.pull()
    with Workspace(moved.here.folder) as workspace:
        assert [one.followed for one in workspace.told.arrivals()] == [True]
    moved.here.pull()
    with Workspace(moved.here.folder) as workspace:
        assert workspace.archive.unread() == []
    assert moved.here.apply("storyboard").created == 1


def killed(*_anything: Any) -> Any:
    """In place of what comes after a process is gone."""
    raise KeyboardInterrupt


def test_news_that_is_kept_back_is_not_unread(
    moved: MarkedWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    handing.handover(moved.here)
    moved.project.comment(502)
    with monkeypatch.context() as patch:
        patch.setattr(LaunchpadSource, "read", unreadable)
        assert moved.here.pull(full=True).unread > 0
    moved.here.pull()
    with Workspace(moved.here.folder) as workspace:
        assert workspace.archive.unread() == []
        assert [one.comments for one in workspace.told.arrivals()] == [1]


def unreadable(*_anything: Any) -> Any:
    """In place of a read that fails."""
    raise Retriable("Launchpad answers 503")


def test_what_has_to_be_closed_is_closed_after_the_handover_too(moved: MarkedWorld) -> None:
    handing.handover(moved.here)
    moved.project.turn(502, "Private")
    moved.here.pull()
    for target, spy in moved.spies.items():
        assert moved.here.apply(target).steps > 0
        spy.look()
        spy.found_nothing()


def test_where_nothing_was_said_no_move_has_ended(moved: MarkedWorld) -> None:
    """Else all that is read from then on would be taken for news that came too late."""
    with Workspace(moved.here.folder) as workspace, workspace.coordinating():
        jobs.undo(workspace, "storyboard")
    done = handing.handover(moved.here)
    assert (done.issues, done.already) == (0, 0)
    with Workspace(moved.here.folder) as workspace:
        assert workspace.told.ended() is None
