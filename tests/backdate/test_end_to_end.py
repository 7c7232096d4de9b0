"""A project into both targets, and then its authors and dates: read back by HTTP alone."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.backdate import at_source
from tests.backdate.moving import MOVING, Moving
from tests.end_to_end.test_recorded_projects import PROJECTS, words_arrived
from tests.end_to_end.world import RECORDINGS, TARGETS, World, needs_shared, world
from tests.mariadb import Server
from tracker_migrate.backends.launchpad.standin.generate import generate
from tracker_migrate.backends.launchpad.standin.load import load_spec
from tracker_migrate.engine import jobs
from tracker_migrate.workspace import Workspace

both = pytest.mark.parametrize("target", TARGETS)
NOVA = "nova-sample"


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    """A small project that was made up."""
    with world(tmp_path / "ws", monkeypatch, "gadget") as made:
        generate(made.launchpad, bugs=12, blueprints=1, seed=5)
        yield made


def everything(here: World) -> dict[str, int]:
    """How much of each kind is to be read back."""
    url, bugs, specs = here.launchpad.url, 0, 0
    comments = 0
    for project in here.specs:
        found = at_source.bugs(url, project)
        bugs += len(found)
        comments += sum(len(at_source.said(bug)) for bug in found)
        specs += len(list(at_source.blueprints(url, project)))
    return {"bug": bugs, "blueprint": specs, "comment": comments}


def reads_back(here: World, moving: Moving) -> dict[str, int]:
    """Every bug, blueprint and comment of every project is there, by whom and of when it was; how
    many of each."""
    whole = everything(here)
    seen = moving.read_back()
    assert {kind: seen[kind] for kind in whole} == whole
    return whole


@needs_shared
@both
def test_all_recorded_projects_read_back_with_their_authors_dates_and_order(
    mariadb: Server, target: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with world(tmp_path / "ws", monkeypatch, *PROJECTS) as here:
        for project in PROJECTS:
            load_spec(here.launchpad, f"project:{RECORDINGS / 'launchpad' / 'projects' / project}")
        moving = MOVING[target](here, mariadb)
        moving.join(*moving.authors()[::2])
        moving.written()
        done = moving.backdate()
        assert done.moved
        assert not done.left
        assert all(reads_back(here, moving).values())
        for project in PROJECTS:
            assert words_arrived(here, target, project) > 0
        moving.writes_nothing()
        again = moving.backdate()
        assert (again.rows, again.moved) == ({}, 0)


@needs_shared
@pytest.mark.slow
def test_the_nova_sample_reads_back_with_its_authors_dates_and_order(
    mariadb: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One archive for both targets: reading so much takes as long as writing it."""
    with world(tmp_path / "ws", monkeypatch, NOVA) as here:
        load_spec(here.launchpad, f"wire:{RECORDINGS / 'launchpad' / 'wire' / NOVA}.jsonl.gz")
        people = at_source.authors(here.launchpad.url, NOVA)[::2]
        here.pull()
        for target in TARGETS:
            moving = MOVING[target](here, mariadb)
            moving.join(*people)
            here.apply(target)
            assert moving.backdate().moved > 1000
            assert reads_back(here, moving) == {"bug": 277, "blueprint": 0, "comment": 2702}
            moving.writes_nothing()
            assert moving.backdate().rows == {}


@both
def test_a_late_claim_moves_all_of_somebody_and_back_and_forth(
    mariadb: Server, target: str, here: World
) -> None:
    moving = MOVING[target](here, mariadb)
    moving.written()
    people = moving.authors()
    moving.join(*people[:3])
    moving.written()
    moving.backdate()
    moving.join(*people[3:])
    moving.written()  # who has an account is the assignee of his tasks, too
    assert moving.backdate().moved > 0
    moving.read_back()
    moving.leave(*people[:4])
    moving.written()
    assert moving.backdate().moved > 0
    moving.read_back()
    moving.writes_nothing()
    moving.join(*people[:4])
    moving.written()
    moving.backdate()
    moving.read_back()
    moving.writes_nothing()


@both
def test_what_an_administrator_runs_is_known_afterwards(
    mariadb: Server, target: str, here: World
) -> None:
    moving = MOVING[target](here, mariadb)
    moving.join(*moving.authors()[::2])
    moving.written()
    done = moving.by_an_administrator()
    assert done.moved > 0
    assert not done.waiting
    moving.read_back()
    moving.writes_nothing()
    assert moving.backdate().rows == {}


@pytest.mark.parametrize(
    ("target", "marked"), [("storyboard", True), ("maniphest", True), ("maniphest", False)]
)
def test_a_lost_ledger_is_rebuilt_though_others_are_the_authors(
    mariadb: Server, target: str, marked: bool, here: World
) -> None:
    if not marked:  # a Maniphest without a field for addresses
        object.__setattr__(here.maniphest.config, "fields", ())
        object.__setattr__(here.maniphest.config, "by_key", {})
    moving = MOVING[target](here, mariadb)
    moving.join(*moving.authors())
    moving.written()
    moving.backdate()
    for one in (here.folder / "state").glob("workspace.db*"):
        one.unlink()
    here.pull()
    with Workspace(here.folder) as workspace, workspace.coordinating():
        adopted = jobs.adopt(workspace, target)
    assert adopted.added > 20
    assert (adopted.differs, adopted.doubled, adopted.absent, adopted.twins) == ([], [], 0, [])
    before = here.writes(target)
    assert here.apply(target).steps == 0
    assert here.writes(target) == before
    moving.writes_nothing()
    assert moving.backdate().rows == {}
    moving.read_back()
