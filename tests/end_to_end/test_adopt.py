"""The workspace is lost, or an old copy of it comes back: `adopt` rebuilds the ledger from what
stands at the target, and the next run writes nothing twice."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest

from tests.end_to_end import snapshots
from tests.end_to_end.marked_world import MarkedWorld
from tests.end_to_end.test_kill import state
from tests.end_to_end.test_recorded_projects import agrees
from tests.end_to_end.test_strangers import alice, ask, forged
from tests.end_to_end.world import RECORDINGS, TARGETS, World, needs_shared, world
from tracker_migrate.backends.launchpad.standin.generate import generate
from tracker_migrate.backends.launchpad.standin.load import load_spec
from tracker_migrate.backends.maniphest.standin import ManiphestStandIn
from tracker_migrate.backends.maniphest.standin.config import Config
from tracker_migrate.backends.storyboard.finding import PLACEHOLDER
from tracker_migrate.engine import jobs
from tracker_migrate.engine.adopt import Adopted
from tracker_migrate.workspace import Workspace

both = pytest.mark.parametrize("target", TARGETS)


def adopt(here: World, target: str, **how: Any) -> Adopted:
    """Rebuild the ledger; nothing is written to the target by it."""
    before = here.writes(target)
    with Workspace(here.folder) as workspace, workspace.coordinating():
        found = jobs.adopt(workspace, target, **how)
    assert here.writes(target) == before
    return found


def lose(here: World) -> None:
    """The workspace is lost; a new one is made and pulled."""
    shutil.rmtree(here.folder / "state")
    here.pull()


def writes_nothing(here: World, target: str) -> None:
    """Two more runs send no writing request, and everything is there once, as it should be."""
    before = here.writes(target)
    for _ in range(2):
        here.apply(target)
    assert here.writes(target) == before
    agrees(here.verify(target))


@both
def test_a_lost_ledger_is_rebuilt(
    target: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with world(tmp_path / "ws", monkeypatch, "gadget") as here:
        generate(here.launchpad, bugs=40, blueprints=5, seed=6)
        pulled = here.pull()
        here.apply(target)
        before = state(here, target)
        lose(here)
        found = adopt(here, target)
        assert found.issues == pulled.new
        assert found.added == found.objects
        assert [*found.differs, *found.doubled, *found.gone, *found.unknown] == []
        assert found.left == 0
        writes_nothing(here, target)
        assert state(here, target) == before


def test_a_lost_ledger_is_rebuilt_without_a_marker_field(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A Maniphest that has none: the line of origin tells what our tasks are."""
    bare = ManiphestStandIn(config=Config(fields=()))
    monkeypatch.setattr("tests.end_to_end.world.ManiphestStandIn", lambda: bare)
    test_a_lost_ledger_is_rebuilt("maniphest", tmp_path, monkeypatch)


@both
def test_a_change_of_the_source_arrives_as_just_that_change(
    target: str, marked: MarkedWorld
) -> None:
    """Public and private bugs, some in two series; one gets a comment afterwards."""
    bug, before = moved(marked, target)
    lose(marked.here)
    found = adopt(marked.here, target)
    assert (found.left, found.hidden, found.differs) == (0, [], [])
    writes_nothing(marked.here, target)
    assert standing(marked, target) == before
    marked.project.comment(bug)
    marked.here.pull(full=True)
    assert marked.here.apply(target).created == 1
    changed = [one for one, old in zip(standing(marked, target), before, strict=True) if one != old]
    assert len(changed) == 1
    agrees(marked.here.verify(target))


def standing(marked: MarkedWorld, target: str) -> list[Any]:
    """What stands there, less the place holders of numbers."""
    there = snapshots.standing(marked, target)
    return [one for one in there if one[0] != PLACEHOLDER]


def moved(marked: MarkedWorld, target: str) -> tuple[int, Any]:
    """Some bugs are at the target: the last of them, and all that stands there."""
    project = marked.project
    for info in ("Public", "Private", "Private Security", "Embargoed"):
        project.bug(info, comments=2, targets=("gadget", "gadget/1.x"), tags=["a-tag"])
    bug = project.bug(comments=1)
    marked.here.pull()
    marked.here.apply(target)
    return bug, standing(marked, target)


@both
def test_an_old_copy_learns_what_was_written_since(
    target: str, marked: MarkedWorld, tmp_path: Path
) -> None:
    """The state as it was half-way, then as it was before a sync."""
    here = marked.here
    first, second = (marked.project.bug(comments=2) for _ in range(2))
    here.pull()
    here.apply(target, limit=1)
    shutil.copytree(here.folder / "state", tmp_path / "half")
    here.apply(target)
    shutil.copytree(here.folder / "state", tmp_path / "before")
    marked.project.change(first, title="Another title altogether")
    marked.project.comment(second)
    third = marked.project.bug("Private", comments=1)
    here.pull(full=True)
    here.apply(target)
    end = standing(marked, target)
    for name, added in (("half", 3), ("before", 1)):
        shutil.rmtree(here.folder / "state")
        shutil.copytree(tmp_path / name, here.folder / "state")
        here.pull(full=True)
        found = adopt(here, target)
        assert found.added >= added
        assert found.differs == []
        writes_nothing(here, target)
        assert standing(marked, target) == end
    marked.project.comment(third)
    here.pull(full=True)
    assert here.apply(target).created == 1
    agrees(here.verify(target))


@both
def test_a_persons_edit_survives(target: str, marked: MarkedWorld) -> None:
    bug, _ = moved(marked, target)
    retitle(marked, target, bug, "A person's title")
    lose(marked.here)
    found = adopt(marked.here, target)
    assert [one.field for one in found.differs] == ["title"]
    marked.here.apply(target)
    marked.project.change(bug, title="What the source says", description="Said anew, at length.")
    marked.here.pull(full=True)
    marked.here.apply(target)
    (edited,) = [one for one in standing(marked, target) if one[0] == "A person's title"]
    assert "Said anew" in edited[1]
    assert [one.field for one in marked.here.verify(target).differs] == ["title"]


def retitle(marked: MarkedWorld, target: str, bug: int, title: str) -> None:
    """Somebody gives a bug's issue at the target another title."""
    standin: Any = getattr(marked.here, target)
    table, number = ("story", "id") if target == "storyboard" else ("task", "phid")
    with standin.lock:
        sql = f"SELECT {number} FROM {table} WHERE description LIKE ?"
        issue = standin.store.db.execute(sql, (f"%LP #{bug}%",)).fetchone()
    if target == "storyboard":
        ask(marked, "PUT", f"stories/{issue[0]}", {"title": title})
    else:
        said = [{"type": "title", "value": title}]
        alice(marked).call("maniphest.edit", objectIdentifier=issue[0], transactions=said)


@both
def test_a_strangers_look_alike_is_not_adopted(target: str, marked: MarkedWorld) -> None:
    """He made an issue with our words and our origin; it stays his, and ours is written beside."""
    title, text, secret = forged(marked, target)
    if target == "storyboard":
        ask(marked, "POST", "stories", {"title": title, "description": text})
    else:
        said = [{"type": "title", "value": title}, {"type": "description", "value": text}]
        alice(marked).call("maniphest.edit", transactions=said)
    lose(marked.here)
    found = adopt(marked.here, target)
    assert (found.issues, found.absent) == (1, 1)
    his = standing(marked, target)
    with marked.spies[target].watching():
        marked.here.apply(target)
    marked.spies[target].found_nothing()
    assert all(one in standing(marked, target) for one in his)
    assert f"launchpad:bug:{secret}" not in found.gone


@both
def test_what_became_private_while_nobody_knew_is_closed_first(
    target: str, marked: MarkedWorld
) -> None:
    bug, _ = moved(marked, target)
    marked.project.turn(bug, "Embargoed")
    lose(marked.here)
    adopt(marked.here, target)
    assert marked.here.apply(target).closed == 1
    marked.spies[target].look()
    marked.spies[target].found_nothing()
    before = marked.here.writes(target)
    adopt(marked.here, target)
    marked.here.apply(target)
    assert marked.here.writes(target) == before


@needs_shared
@pytest.mark.slow
@both
def test_a_real_project_is_adopted(
    target: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """277 real bugs, from nothing and from a copy taken half-way."""
    with world(tmp_path / "ws", monkeypatch, "nova-sample") as here:
        load_spec(
            here.launchpad, f"wire:{RECORDINGS / 'launchpad' / 'wire' / 'nova-sample'}.jsonl.gz"
        )
        here.pull()
        here.apply(target, limit=140)
        shutil.copytree(here.folder / "state", tmp_path / "half")
        here.apply(target)
        before = state(here, target)
        for old in (None, tmp_path / "half"):
            lose(here)
            if old is not None:
                shutil.rmtree(here.folder / "state")
                shutil.copytree(old, here.folder / "state")
            found = adopt(here, target)
            assert (found.issues, found.absent, found.differs) == (277, 0, [])
            writes_nothing(here, target)
            assert state(here, target) == before
