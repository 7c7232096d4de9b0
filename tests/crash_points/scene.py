"""A small world in which every kind of step happens, in three acts: all is new, all changes, and
all is taken back."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from tests.end_to_end.folders import SERVED, folders
from tests.end_to_end.marked_bugs import PROJECT
from tests.end_to_end.marked_project import MarkedProject
from tests.end_to_end.marked_world import OUTSIDERS, MarkedWorld, marked_world
from tests.end_to_end.snapshots import Snapshot
from tests.end_to_end.spy_storyboard import StoryBoardSpy
from tracker_migrate.backends.launchpad.standin.librarian import keep_file

#: bytes of a file that goes in pieces, and of a piece, at a server that is told so
LARGE, PIECE = 1_100_000, 600_000
#: a project's own bugs, and one that a series of it has, too
_TWO = ("gadget", "gadget/1.x")


def first(marked: MarkedWorld) -> None:
    """Everything is new: a bug with all that there is, private ones, and what depends."""
    project = marked.project
    _reopen_milestones(project)
    whole = project.bug(comments=2, tags=["ui"], targets=_TWO, files=1)
    said = project.store.message(whole, 2)
    assert said is not None
    project.change_comment(whole, 2, content=f"{_long(project, whole)}\n{said.data['content']}")
    _large(project, project.attach(whole))
    project.attach(whole)
    project.bug("Private", comments=1, readers=[project.half], assignee=project.half, files=1)
    project.bug(files=1)
    needed = project.blueprint()
    project.blueprint("Proprietary", needs=[needed])


def _long(project: MarkedProject, bug: int) -> str:
    """A text that no target takes whole: it ends in a word of its own."""
    word = project.marks.new("comment", bug)
    return "\n".join(f"{n:04} the lamp was off all day" for n in range(400)) + f"\n{word}"


def _large(project: MarkedProject, file: int) -> None:
    """A file that Maniphest takes in pieces."""
    keep_file(
        project.store, "core.bin", "application/octet-stream", b"0123456789", file, size=LARGE
    )


def _reopen_milestones(project: MarkedProject) -> None:
    """Maniphest gets those alone that are still worked on."""
    for path in project.scene.milestones[:3]:
        held = project.store.item(path)
        assert held is not None
        project.store.put_item("milestone", path, {**held.data, "is_active": True}, None, PROJECT)


def later(marked: MarkedWorld) -> None:
    """Everything changes: texts, tags, what is said, and who may read it, in both directions."""
    project = marked.project
    whole, closed, opened = project.bugs
    title = f"Lamp {project.marks.new('new title', whole)} is out"
    project.change(whole, title=title, tags=["api", "ui"], description=_long(project, whole))
    project.comment(whole)
    project.turn(closed, "Public")
    project.turn(opened, "Private Security")
    project.comment(opened)
    project.turn(project.blueprints[0], "Proprietary")


def undo(marked: MarkedWorld) -> None:
    """Nothing happens at the source."""


ACTS: Mapping[str, Callable[[MarkedWorld], None]] = {"first": first, "later": later, "undo": undo}


class Scene:
    """One target, at the beginning of an act. `again` brings that back."""

    def __init__(self, marked: MarkedWorld, target: str, act: str, copy: Path) -> None:
        self.marked, self.target, self.act = marked, target, act
        self.folder, self.spy = marked.here.folder, marked.spies[target]
        self._copy = copy
        self._begin = Snapshot(marked, target, copy / "begin")

    def again(self) -> None:
        """All is as it was before the act."""
        self._begin.restore()

    def sees(self) -> None:
        """The spy must see what he may: else he looks at the wrong places. Of what was taken back,
        nothing."""
        if self.act == "undo":
            return
        shown = self.marked.readable("somebody")
        self.spy.saw(
            "somebody", self.marked.marks.of("title", "comment", "blueprint title") & shown
        )

    def look(self, *, during: bool) -> int:
        """How much can be read that must not be. during: the change may not have arrived yet."""
        self.spy.leaks.clear()
        if during:
            with self.marked.as_before():
                self.spy.look()
        else:
            self.spy.look()
        return len(self.spy.leaks)


@contextmanager
def acts(target: str, folder: Path) -> Iterator[Iterator[Scene]]:
    """The acts at one target, each when the one before has been played."""
    with ExitStack() as stack:
        patch = stack.enter_context(pytest.MonkeyPatch.context())
        marked = stack.enter_context(marked_world(folder / "ws", patch))
        made = stack.enter_context(folders(folder / "ws" / SERVED))
        # one connection, so that every run comes to the same moments
        marked.here.options[target] = {
            "settle_seconds": 0.05, "connections": 1, "text_limit": 10_000
        }  # fmt: skip
        if target == "maniphest":
            marked.here.options[target]["subscribers"] = "accounts"
        made.use(marked.here)
        spy = marked.spies["storyboard"]
        assert isinstance(spy, StoryBoardSpy)
        spy.folder = made.public.folder
        _small_pieces(marked)
        yield (_act(marked, target, name, folder / name) for name in ACTS)


def _small_pieces(marked: MarkedWorld) -> None:
    standin = marked.here.maniphest
    config = dataclasses.replace(standin.config, storage_limit=PIECE, chunk=PIECE)
    standin.config = standin.site.config = standin.site.files.config = config


def _stay_open(marked: MarkedWorld) -> None:
    """A file at Maniphest can't be closed when its bug is: that is told as exposed, and the file
    can be read until somebody there removes it."""
    opened = marked.project.bugs[2]
    marked.opened |= marked.marks.of("file name", "file content", issues=[opened])


def _act(marked: MarkedWorld, target: str, name: str, copy: Path) -> Scene:
    marked.before = {who: marked.readable(who) for who in OUTSIDERS[target]}
    ACTS[name](marked)
    if target == "maniphest" and name == "later":
        _stay_open(marked)
    marked.here.pull(full=True)
    return Scene(marked, target, name, copy)
