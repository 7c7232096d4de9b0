"""A blueprint that is renamed at the source is changed at the targets, and never made again."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.end_to_end.test_recorded_projects import reader_of
from tests.end_to_end.test_work_items import SPEC, TEXT, Project, states
from tests.end_to_end.world import TARGETS, World, world
from tracker_migrate.backends.launchpad.standin.renaming import rename
from tracker_migrate.cli.run import run
from tracker_migrate.engine import jobs
from tracker_migrate.engine.redirects import redirects
from tracker_migrate.engine.target import Target
from tracker_migrate.workspace import Workspace

both = pytest.mark.parametrize("target", TARGETS)
NEW = "gadget/+spec/lantern"


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Project]:
    with world(tmp_path / "ws", monkeypatch, "gadget") as here:
        made = Project(here)
        made.write(TEXT)
        wick(made, f"As said in {made.web(SPEC)} and nowhere else.")
        yield made


def wick(project: Project, text: str) -> None:
    """What another blueprint says."""
    made = "2020-02-02T02:02:02.222222+00:00"
    project.write("", "gadget/+spec/wick", date_created=made, summary=text)


def renamed(project: Project, old: str = SPEC, new: str = NEW) -> None:
    """Give a blueprint another name, as its people do."""
    store = project.here.launchpad.store
    with project.here.launchpad.lock, store.transaction():
        rename(store, old, new)
        held = store.item(new)
        assert held is not None
        values = {**held.data, "name": new.rpartition("/")[2]}
        store.put_item("specification", new, values, None, "gadget")


def blueprints(here: World, target: str) -> dict[str, list[Any]]:
    """What stands there of blueprints, by the last part of the address that each begins with; no
    work items."""
    found = reader_of(here, target).by_permalink()
    return {
        link.rpartition("/")[2]: there
        for link, there in found.items()
        if "/+spec/" in link and "#" not in link
    }


@both
@pytest.mark.parametrize("full", [False, True])
def test_it_is_changed_where_it_stands(target: str, full: bool, project: Project) -> None:
    project.move(target)
    before = blueprints(project.here, target)
    renamed(project)
    pulled = project.here.pull(full=full)
    assert (pulled.new, pulled.gone) == (0, 0)
    applied = project.move(target)
    assert applied.created == 0
    assert not applied.kept
    assert not applied.stuck
    assert not applied.unwanted
    after = blueprints(project.here, target)
    assert after.keys() == {"lantern", "wick"}
    assert [one["number"] for one in after["lantern"]] == [one["number"] for one in before["lamp"]]
    assert "LP blueprint gadget/+spec/lantern" in after["lantern"][0]["text"]
    assert "/+spec/lamp" not in after["lantern"][0]["text"]
    assert states(project.here, target).keys() == {"wire it", "light it", "sell it"}
    assert all(len(one) == 1 for one in states(project.here, target).values())


@both
def test_who_names_it_by_its_old_name_still_leads_there(target: str, project: Project) -> None:
    project.move(target)
    there = blueprints(project.here, target)
    before, number = there["wick"][0]["text"], there["lamp"][0]["number"]
    assert f"/{'T' if target == 'maniphest' else '#!/story/'}{number}" in before
    renamed(project)
    project.here.pull()
    project.move(target)
    project.here.pull(full=True)
    project.move(target)
    assert blueprints(project.here, target)["wick"][0]["text"] == before


def test_show_takes_any_of_its_names(project: Project, capfd: pytest.CaptureFixture[str]) -> None:
    project.move("storyboard")
    renamed(project)
    project.here.pull()
    for name in (SPEC, NEW):
        capfd.readouterr()
        assert run(["show", name, "-C", str(project.here.folder)]) == 0
        said = capfd.readouterr().out
        assert said.startswith(f"launchpad:blueprint:{SPEC} ")
        assert f"/{NEW}" in said
        assert "3 work items" in said


@both
def test_a_lost_ledger_finds_it_under_its_new_name(target: str, project: Project) -> None:
    """The ledger alone is lost, and then the archive with it, and all other names."""
    wick(project, "It burns.")
    project.move(target)
    renamed(project)
    project.move(target)
    before = blueprints(project.here, target), states(project.here, target)
    for all_is_lost in (False, True):
        forget(project.here, target, all_is_lost)
        with Workspace(project.here.folder) as workspace, workspace.coordinating():
            found = jobs.adopt(workspace, target)
        assert not found.differs
        assert not found.twins
        assert not found.vanished
        project.move(target)
        assert (blueprints(project.here, target), states(project.here, target)) == before


def forget(here: World, target: str, everything: bool) -> None:
    """Lose what is known of a target, or all."""
    if everything:
        shutil.rmtree(here.folder / "state")
        here.pull()
        return
    with Workspace(here.folder) as workspace, workspace.engine.begin() as connection:
        for table in ("object", "verdict", "number", "block"):
            connection.exec_driver_sql(f"DELETE FROM {table}")


@both
def test_another_one_under_its_old_name_is_another_one(target: str, project: Project) -> None:
    project.move(target)
    renamed(project)
    project.write("", title="Another lamp", date_created="2021-01-02T03:04:05.000006+00:00")
    project.move(target)
    there = blueprints(project.here, target)
    assert {name: len(one) for name, one in there.items()} == {"lamp": 1, "lantern": 1, "wick": 1}
    assert there["lamp"][0]["title"] == "Another lamp"
    assert there["lantern"][0]["title"] == "Let there be light"


@both
def test_old_addresses_lead_to_where_it_is_now(target: str, project: Project) -> None:
    project.move(target)
    renamed(project)
    project.move(target)
    with Workspace(project.here.folder) as workspace:
        found = list(redirects(Target(workspace, target)))
    (one,) = [one for one in found if one.name == NEW]
    assert {link.rpartition("/")[2] for link in one.old} >= {"lamp", "lantern"}
