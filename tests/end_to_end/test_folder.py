"""Attachments of StoryBoard's, from Launchpad's librarian to a folder that a web server shows."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.end_to_end.folders import SERVED, Folders, folders
from tests.end_to_end.fuse import Crash, Fuse
from tests.end_to_end.marked_world import OUTSIDERS, MarkedWorld
from tests.end_to_end.marks import found_in
from tests.end_to_end.snapshots import Snapshot, standing
from tests.end_to_end.spy_storyboard import StoryBoardSpy
from tracker_migrate.backends.storyboard import attached
from tracker_migrate.backends.storyboard.files import FileWriter
from tracker_migrate.engine import jobs
from tracker_migrate.errors import UsageError
from tracker_migrate.interfaces import ClosedAction
from tracker_migrate.model import Key, key
from tracker_migrate.workspace import Workspace


@pytest.fixture
def kept(marked: MarkedWorld, tmp_path: Path) -> Iterator[Folders]:
    with folders(tmp_path / "served") as made:
        marked.here.options["storyboard"] = {"settle_seconds": 0.05, "connections": 1}
        made.use(marked.here)
        yield made


def moved(marked: MarkedWorld) -> Any:
    marked.here.pull(full=True)
    return marked.here.apply("storyboard")


def writes_nothing(marked: MarkedWorld, kept: Folders) -> None:
    before = marked.here.writes("storyboard"), kept.open(), kept.shut()
    assert marked.here.apply("storyboard").steps == 0
    assert (marked.here.writes("storyboard"), kept.open(), kept.shut()) == before


def contents(marked: MarkedWorld, bug: int) -> frozenset[str]:
    return marked.marks.of("file content", issues=[bug])


def shown(marked: MarkedWorld) -> str:
    """All texts that stand at the target."""
    rows = marked.here.storyboard.store.all
    found = [
        row[0] for row in rows("SELECT description FROM story UNION SELECT content FROM comment")
    ]
    return "\n".join(one or "" for one in found)


def outsider(marked: MarkedWorld) -> Any:
    with Workspace(marked.here.folder) as workspace:
        return jobs.verify_outsider(workspace, "storyboard")


# -- they arrive -----------------------------------------------------------------------------------


def test_files_arrive_and_the_texts_lead_to_them(marked: MarkedWorld, kept: Folders) -> None:
    bug = marked.project.bug(files=2)
    moved(marked)
    assert found_in(b"".join(kept.open().values())) == contents(marked, bug)
    for place, body in kept.open().items():
        address = f"{kept.public.url}/{place}"
        assert shown(marked).count(f"({address})") == 2, "in the description, and in its comment"
        got = requests.get(address, timeout=10)
        assert (got.content, got.headers["Content-Disposition"]) == (body, "attachment")
    seen = marked.here.verify("storyboard")
    assert (seen.agrees, seen.account.lost) == (True, 0)
    writes_nothing(marked, kept)


def test_no_secret_of_the_source_gets_into_the_ledger(marked: MarkedWorld, kept: Folders) -> None:
    marked.project.bug("Private", files=1)
    moved(marked)
    assert len(kept.shut()) == 1
    raw = b"".join(one.read_bytes() for one in marked.here.folder.rglob("*.db*"))
    assert b"?token=" not in raw


def test_what_comes_later_comes_too(marked: MarkedWorld, kept: Folders) -> None:
    bug = marked.project.bug(files=1)
    moved(marked)
    with marked.here.launchpad.lock:
        marked.project.attach(bug)
    moved(marked)
    assert found_in(b"".join(kept.open().values())) == contents(marked, bug)
    assert all(place in shown(marked) for place in kept.open())
    assert marked.here.verify("storyboard").agrees
    writes_nothing(marked, kept)


def test_a_file_that_somebody_took_away_is_missed_and_not_made_again(
    marked: MarkedWorld, kept: Folders
) -> None:
    bug = marked.project.bug(files=1)
    moved(marked)
    (place,) = kept.open()
    (kept.public.folder / place).unlink()
    seen = marked.here.verify("storyboard")
    assert [one.split(":")[1] for one in seen.missing] == ["attachment"]
    marked.project.change(bug, title="Lamp is bright")
    moved(marked)
    assert kept.open() == {}


# -- each once -------------------------------------------------------------------------------------


@pytest.mark.parametrize("moment", ["before", "after"])
def test_killed_around_a_file_it_is_there_once(
    moment: str, marked: MarkedWorld, kept: Folders, monkeypatch: pytest.MonkeyPatch
) -> None:
    marked.project.bug(files=1)
    real = FileWriter.write

    def dies(self: FileWriter, action: ClosedAction) -> Any:
        if moment == "after":
            real(self, action)
        raise Crash

    with monkeypatch.context() as patch:
        patch.setattr(FileWriter, "write", dies)
        with pytest.raises(Crash):
            moved(marked)
    found = marked.here.apply("storyboard").found
    assert len(kept.open()) == 1
    assert found == (moment == "after"), "and it is known for what it is"
    assert marked.here.verify("storyboard").agrees
    writes_nothing(marked, kept)


def test_a_lost_workspace_finds_its_files_again(marked: MarkedWorld, kept: Folders) -> None:
    marked.project.bug(files=2)
    marked.project.bug("Private", files=1)
    moved(marked)
    before = kept.open(), kept.shut()
    shutil.rmtree(marked.here.folder / "state")
    marked.here.pull(full=True)
    with Workspace(marked.here.folder) as workspace, workspace.coordinating():
        found = jobs.adopt(workspace, "storyboard")
    assert [*found.differs, *found.gone, *found.unknown, *found.vanished, *found.twins] == []
    with Workspace(marked.here.folder) as workspace:
        assert len(list(workspace.ledger("storyboard").of_kind("file"))) == 3
    writes_nothing(marked, kept)
    assert (kept.open(), kept.shut()) == before
    assert marked.here.verify("storyboard").agrees


def test_without_adopting_they_are_joined(marked: MarkedWorld, kept: Folders) -> None:
    marked.project.bug(files=1)
    moved(marked)
    before = kept.open()
    shutil.rmtree(marked.here.folder / "state")
    assert moved(marked).joined == 1
    assert kept.open() == before


def test_a_file_that_nobody_knows_is_told_by_adopt(marked: MarkedWorld, kept: Folders) -> None:
    marked.project.bug(files=1)
    moved(marked)
    stray = kept.public.folder / "zz" / "stray" / "secret-name.txt"
    stray.parent.mkdir(parents=True)
    stray.write_bytes(b"stray")
    with Workspace(marked.here.folder) as workspace, workspace.coordinating():
        found = jobs.adopt(workspace, "storyboard")
    assert found.vanished == [f"a file in {stray.parent}"]


# -- as closed as their issue ----------------------------------------------------------------------


@pytest.mark.parametrize("store", [True, False])
def test_what_becomes_private_is_out_of_the_public_folder_first(
    store: bool, marked: MarkedWorld, kept: Folders, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept.use(marked.here, private=store)
    bug = marked.project.bug(files=1)
    moved(marked)
    (place,) = kept.open()
    marked.project.turn(bug, "Private")
    marked.here.pull(full=True)
    later: list[bool] = []
    real = type(marked.here.storyboard).answer

    def answer(self: Any, request: Any) -> Any:
        if request.method != "GET" and b"description" in request.body:
            later.append(bool(kept.open()))
        return real(self, request)

    monkeypatch.setattr(type(marked.here.storyboard), "answer", answer)
    written = marked.here.apply("storyboard")
    assert later == [False], "the text that shows its new place comes after it has gone"
    assert written.closed == 1
    assert written.stuck == 1, "the comment that shows its old address can't be edited: it is told"
    assert kept.open() == {}
    assert found_in(b"".join(kept.shut().values())) == (
        contents(marked, bug) if store else frozenset()
    )
    assert requests.get(f"{kept.public.url}/{place}", timeout=10).status_code == 404
    assert outsider(marked).exposed == []
    seen = marked.here.verify("storyboard")
    assert (seen.missing, seen.differs, seen.exposed, seen.unwanted) == ([], [], [], [])
    writes_nothing(marked, kept)


def test_what_becomes_public_again_is_where_it_was(marked: MarkedWorld, kept: Folders) -> None:
    bug = marked.project.bug(files=1)
    moved(marked)
    before = kept.open()
    marked.project.turn(bug, "Private")
    moved(marked)
    marked.project.turn(bug, "Public")
    moved(marked)
    assert (kept.open(), kept.shut()) == (before, {})
    seen = marked.here.verify("storyboard")
    assert (seen.missing, seen.differs, seen.exposed) == ([], [], [])
    writes_nothing(marked, kept)


def test_a_bug_that_is_hidden_by_hand_takes_its_files_along(
    marked: MarkedWorld, kept: Folders
) -> None:
    bug = marked.project.bug(files=1)
    moved(marked)
    before = kept.open()
    of = key("launchpad", "bug", bug)
    with Workspace(marked.here.folder) as workspace:
        jobs.hide(workspace, "storyboard", [of])
    assert kept.open() == kept.shut() == {}
    writes_nothing(marked, kept)
    assert outsider(marked).exposed == []
    with Workspace(marked.here.folder) as workspace:
        jobs.hide(workspace, "storyboard", [of], release=True)
    marked.here.apply("storyboard")
    assert kept.open() == before
    assert marked.here.verify("storyboard").agrees


@pytest.mark.parametrize("how", ["apply", "hide"])
def test_a_web_server_that_is_set_up_badly_holds_no_closing_back(
    how: str, marked: MarkedWorld, kept: Folders
) -> None:
    bug, later = marked.project.bug(files=1), marked.project.bug(files=1)
    marked.here.pull(full=True)
    marked.here.apply("storyboard", limit=1)
    assert len(kept.open()) == 1
    kept.public.manners.lists = True
    if how == "hide":
        with Workspace(marked.here.folder) as workspace:
            jobs.hide(workspace, "storyboard", [key("launchpad", "bug", bug)])
    else:
        marked.project.turn(bug, "Private")
        with pytest.raises(UsageError, match="lists its folders"):
            moved(marked)
    assert kept.open() == {}
    assert f"bugs/{later}" not in shown(marked)


def test_a_file_whose_comment_is_hidden_later_is_not_shown(
    marked: MarkedWorld, kept: Folders
) -> None:
    bug = marked.project.bug(files=1, comments=0)
    moved(marked)
    marked.project.change_comment(bug, 1, visible=False)
    moved(marked)
    assert kept.open() == {}


def test_a_file_that_is_taken_away_at_the_source_goes_from_the_folder(
    marked: MarkedWorld, kept: Folders
) -> None:
    bug = marked.project.bug(files=2)
    moved(marked)
    path = f"bugs/{bug}/+attachment/1"
    with marked.here.launchpad.lock:
        marked.project.store.drop_item(path)
    marked.project.change(bug, title="Lamp is bright")
    written = moved(marked)
    assert len(kept.open()) == 1
    assert (written.stuck, written.unwanted) == (1, 0), "the comment that showed it is told"
    seen = marked.here.verify("storyboard")
    assert (seen.missing, seen.differs, seen.unwanted, seen.exposed) == ([], [], [], [])
    writes_nothing(marked, kept)


def test_what_a_web_server_still_gives_out_is_exposed(marked: MarkedWorld, kept: Folders) -> None:
    bug = marked.project.bug(files=1)
    moved(marked)
    ((place, body),) = kept.open().items()
    marked.project.turn(bug, "Private")
    moved(marked)
    kept.public.kept[place] = body  # a cache
    assert [one.split(":")[1] for one in outsider(marked).exposed] == ["attachment"]


@pytest.mark.slow
@pytest.mark.parametrize("store", [True, False])
@pytest.mark.parametrize(("before", "after"), [("Public", "Private"), ("Private", "Public")])
def test_killed_at_every_point_nobody_gets_a_file_that_he_must_not(
    before: str,
    after: str,
    store: bool,
    marked: MarkedWorld,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """And the end is that of a run that nothing disturbed."""
    spy = marked.spies["storyboard"]
    assert isinstance(spy, StoryBoardSpy)
    marked.here.options["storyboard"] = {"settle_seconds": 0.05, "connections": 1}
    with folders(marked.here.folder / SERVED) as kept:
        kept.use(marked.here, private=store)
        spy.folder = kept.public.folder
        bug = marked.project.bug(before, files=1)
        moved(marked)
        marked.before = {one: marked.readable(one) for one in OUTSIDERS["storyboard"]}
        marked.project.turn(bug, after)
        marked.here.pull(full=True)
        begin, fuse = Snapshot(marked, "storyboard", tmp_path / "begin"), Fuse(monkeypatch)
        with spy.watching(), marked.as_before():
            marked.here.apply("storyboard")
        spy.look()
        spy.found_nothing()
        moments, end = fuse.moments, (kept.open(), kept.shut(), standing(marked, "storyboard"))
        assert moments >= 6
        for moment in range(1, moments + 1):
            begin.restore()
            fuse.set(moment)
            with pytest.raises(Crash):
                marked.here.apply("storyboard")
            with marked.as_before():
                spy.look()
            fuse.set(None)
            marked.here.apply("storyboard")
            assert (kept.open(), kept.shut(), standing(marked, "storyboard")) == end, moment
            spy.look()
            spy.found_nothing()
            writes_nothing(marked, kept)


def test_a_private_file_in_the_public_folder_is_a_leak(
    marked: MarkedWorld, kept: Folders, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The look for leaks can turn red, and so can the tool's own."""
    spy = marked.spies["storyboard"]
    assert isinstance(spy, StoryBoardSpy)
    spy.folder = kept.public.folder
    marked.project.bug("Private", files=1)
    monkeypatch.setattr(attached, "place", lambda *_: "public")
    moved(marked)
    spy.look()
    assert {leak.what for leak in spy.leaks} == {"file content", "file name"}
    assert [one.split(":")[1] for one in outsider(marked).exposed] == ["attachment"]


# -- quotas ----------------------------------------------------------------------------------------


def test_each_run_moves_its_share_until_all_is_there(marked: MarkedWorld, kept: Folders) -> None:
    bugs = [marked.project.bug(files=1) for _ in range(5)]
    kept.use(marked.here, per_run=25)  # two files of twelve bytes
    marked.here.pull(full=True)
    asides, words = [], set()
    for _ in range(5):
        written = marked.here.apply("storyboard")
        asides.append(written.aside)
        with Workspace(marked.here.folder) as workspace:
            words |= {one.reason for one in workspace.ledger("storyboard").in_state("aside")}
    assert asides == [3, 1, 0, 0, 0], "none of them rests, however often it had to wait"
    (word,) = words
    assert "(files.per_run = 25): the next one goes on" in word
    expected = frozenset().union(*(contents(marked, bug) for bug in bugs))
    assert found_in(b"".join(kept.open().values())) == expected


def test_over_a_bugs_share_it_stays_at_the_source_and_is_told(
    marked: MarkedWorld, kept: Folders
) -> None:
    kept.use(marked.here, per_issue=13)
    marked.project.bug(files=2)
    moved(marked)
    assert len(kept.open()) == 1
    assert "the files here are larger together than was allowed" in shown(marked)
    seen = marked.here.verify("storyboard")
    assert (seen.agrees, seen.account.lost) == (True, 1)


def test_without_a_folder_all_is_as_before(marked: MarkedWorld, kept: Folders) -> None:
    del marked.here.options["storyboard"]["files"]
    marked.here.write_settings()
    bug = marked.project.bug(files=1)
    moved(marked)
    assert kept.open() == {}
    seen = marked.here.verify("storyboard")
    assert (seen.agrees, seen.account.lost) == (True, 1)
    assert Key(f"launchpad:bug:{bug}")
    writes_nothing(marked, kept)
