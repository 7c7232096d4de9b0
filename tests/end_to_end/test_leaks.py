"""No outsider reads a private word: not after any single write, in any order, after any kill."""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Any

import pytest

from tests.end_to_end.folders import SERVED, folders
from tests.end_to_end.fuse import Crash, Fuse
from tests.end_to_end.marked_bugs import HALF, PUBLIC_TYPES
from tests.end_to_end.marked_world import MarkedWorld, file_bugs
from tests.end_to_end.spy_storyboard import StoryBoardSpy
from tests.end_to_end.test_recorded_projects import agrees
from tests.end_to_end.world import TARGETS
from tracker_migrate.workspace.archive import Archive

KILLS = 4


def shuffled(monkeypatch: pytest.MonkeyPatch, draw: random.Random) -> None:
    """Let issues be written in another order than the source's."""
    real = Archive.digests

    def digests(self: Archive) -> Iterator[Any]:
        issues = list(real(self))
        draw.shuffle(issues)
        return iter(issues)

    monkeypatch.setattr(Archive, "digests", digests)


def expected(marked: MarkedWorld, target: str) -> dict[str, frozenset[str]]:
    """What each outsider has to have seen, by the end: a spy who does not, looks elsewhere."""
    kinds = ["title", "description", "comment", "branch's name", "blueprint title"]
    files = ["file name", "file content"]
    issues: list[int | str] = [*marked.project.bugs, *marked.project.blueprints]
    marks, types = marked.marks, {one: marked.project.info(one) for one in issues}
    shown = [n for n, kind in types.items() if kind in PUBLIC_TYPES]
    public = marks.of(*kinds, *files, issues=shown) & marks.ruled("issue")
    half = {n for n, kind in types.items() if kind == "Private Security"}
    if target == "storyboard":  # where a private story has its own readers
        moved = ("Private", "Proprietary")
        half |= {n for n, kind in types.items() if kind in moved and marked.reads(HALF, n)}
    else:  # at StoryBoard they are behind another login
        kinds += files
    everybody = public if target == "storyboard" else frozenset()  # Conduit answers to accounts
    return {
        "nobody": everybody,
        "somebody": public,
        HALF: public | (marks.of(*kinds, issues=half) & marks.ruled("issue")),
    }


@pytest.fixture
def folder(target: str, marked: MarkedWorld) -> Iterator[None]:
    """StoryBoard's files are in a folder that the spy looks into, too."""
    spy = marked.spies["storyboard"]
    assert isinstance(spy, StoryBoardSpy)
    with folders(marked.here.folder / SERVED) as kept:
        if target == "storyboard":
            marked.here.options[target]["milestones"] = "all"  # so that there are some to ask for
            kept.use(marked.here)
            spy.folder = kept.public.folder
        yield


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize("seed", [1, 2])
@pytest.mark.parametrize("target", TARGETS)
def test_no_outsider_reads_a_private_word_after_any_write(
    target: str, seed: int, marked: MarkedWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Written in the source's order without a kill, or in any order with some."""
    draw, fuse, spy = random.Random(seed), Fuse(monkeypatch), marked.spies[target]
    file_bugs(marked.project)
    marked.here.pull()
    if seed > 1:
        shuffled(monkeypatch, draw)
    killed = 0
    with spy.watching():
        for moments in [draw.randint(5, 60) for _ in range(KILLS)] if seed > 1 else []:
            fuse.set(moments)
            try:
                marked.here.apply(target)
            except Crash:
                killed += 1
        fuse.set(None)
        applied = marked.here.apply(target)
    assert killed == (KILLS if seed > 1 else 0)
    assert applied.refused == 3
    spy.found_nothing()
    assert spy.writes > 40
    assert spy.asked > 3000
    assert spy.questions >= spy.to_ask()
    for outsider, words in expected(marked, target).items():
        spy.saw(outsider, words)
    agrees(marked.here.verify(target))
    writes = spy.writes
    assert marked.here.apply(target).steps == 0
    assert marked.here.writes(target) - writes < 20, "the tables' check alone asks"
