"""A blueprint's work items move with it: made once, changed as they change, never made again."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.end_to_end.test_recorded_projects import agrees, reader_of
from tests.end_to_end.world import TARGETS, World, world
from tracker_migrate.backends.launchpad.standin.generate import Made, generate
from tracker_migrate.engine import jobs
from tracker_migrate.workspace import Workspace

both = pytest.mark.parametrize("target", TARGETS)
SPEC = "gadget/+spec/lamp"
TEXT = (
    "Work items:\n[{who}] wire it: DONE\nlight it: TODO\n\nWork items for {goal}:\nsell it: BLOCKED"
)


class Project:
    """A small project with one blueprint, whose work items a test writes."""

    def __init__(self, here: World) -> None:
        self.here = here
        self.made: Made = generate(here.launchpad, bugs=1, blueprints=0, seed=6)
        self.goal = self.made.scene.milestones[0].rpartition("/")[2]
        self.who = self.made.cast.core[0][1:]

    def write(self, text: str, path: str = SPEC, **more: Any) -> None:
        """What the blueprint says now."""
        values = {
            "name": path.rpartition("/")[2], "title": "Let there be light", "summary": "A lamp.",
            "owner_link": self.made.cast.owner, "information_type": "Public",
            "definition_status": "Approved", "implementation_status": "Started",
            "priority": "High", "date_created": "2020-01-02T03:04:05.678901+00:00",
            "workitems_text": text.format(who=self.who, goal=self.goal), **more,
        }  # fmt: skip
        store = self.here.launchpad.store
        with self.here.launchpad.lock, store.transaction():
            store.put_item("specification", path, values, None, "gadget")

    def web(self, path: str) -> str:
        """The address of a blueprint's page."""
        return f"https://blueprints.launchpad.net/{path}"

    def move(self, target: str) -> Any:
        """Read what changed and write it; all agrees, and another run writes nothing."""
        self.here.pull()
        applied = self.here.apply(target)
        agrees(self.here.verify(target))
        writes = self.here.writes(target)
        self.here.apply(target)
        assert self.here.writes(target) == writes
        return applied


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Project]:
    with world(tmp_path / "ws", monkeypatch, "gadget") as here:
        yield Project(here)


def states(here: World, target: str) -> dict[str, list[str]]:
    """What stands there of the work items: title → states, read by a reader of its own."""
    reader = reader_of(here, target)
    found: dict[str, list[str]] = {}
    if target == "storyboard":
        rows = [(one["title"], one["status"]) for one in reader.get("/tasks")]
    else:
        rows = [
            (one["fields"]["name"].rpartition("] ")[2], one["fields"]["status"]["value"])
            for one in reader.pages("maniphest.search", order="oldest")
        ]
    for title, state in rows:
        if title.endswith(" it"):
            found.setdefault(title, []).append(state)
    return found


DONE = {"storyboard": "merged", "maniphest": "resolved"}
OPEN = {"storyboard": "todo", "maniphest": "open"}


@both
def test_each_arrives_once_with_its_state(target: str, project: Project) -> None:
    project.write(TEXT)
    project.move(target)
    assert states(project.here, target) == {
        "wire it": [DONE[target]], "light it": [OPEN[target]], "sell it": [OPEN[target]]
    }  # fmt: skip
    assert project.here.pull().new == 0


@both
def test_a_change_of_state_changes_the_task_that_is_there(target: str, project: Project) -> None:
    project.write(TEXT)
    project.move(target)
    project.write(TEXT.replace("light it: TODO", "[{who}] light it: DONE"))
    applied = project.move(target)
    assert applied.created == 0
    assert states(project.here, target)["light it"] == [DONE[target]]


@both
def test_one_that_is_gone_is_closed_where_it_stands_and_opened_if_it_comes_back(
    target: str, project: Project
) -> None:
    project.write(TEXT)
    project.move(target)
    project.write("Work items:\n[{who}] wire it: DONE\nlight it: TODO\nmend it: TODO")
    applied = project.move(target)
    assert applied.created == 1
    assert not applied.unwanted
    there = states(project.here, target)
    assert there.keys() == {"wire it", "light it", "sell it", "mend it"}
    assert there["sell it"] == ["invalid"]
    assert project.move(target).steps == 0
    assert project.here.verify(target).agrees
    project.write(TEXT)
    project.move(target)
    assert states(project.here, target)["sell it"] == [OPEN[target]]
    assert states(project.here, target)["mend it"] == ["invalid"]


@both
def test_a_lost_ledger_finds_them_again(target: str, project: Project) -> None:
    project.write(TEXT)
    project.move(target)
    before = states(project.here, target)
    shutil.rmtree(project.here.folder / "state")
    project.here.pull()
    with Workspace(project.here.folder) as workspace, workspace.coordinating():
        found = jobs.adopt(workspace, target)
    assert not found.differs
    assert not found.twins
    assert not found.vanished
    writes = project.here.writes(target)
    project.here.apply(target)
    assert project.here.writes(target) == writes
    agrees(project.here.verify(target))
    assert states(project.here, target) == before


@both
def test_what_is_not_understood_is_read_in_the_text(target: str, project: Project) -> None:
    project.write(TEXT + "\nand somebody has to dust it, perhaps")
    project.move(target)
    texts = [one[0]["text"] for one in reader_of(project.here, target).by_permalink().values()]
    assert any("dust it, perhaps" in text for text in texts)
    assert states(project.here, target).keys() >= {"wire it", "light it", "sell it"}


def test_a_checklist_is_one_text_and_no_task(project: Project) -> None:
    project.here.options["maniphest"]["work_items"] = "checklist"
    project.here.write_settings()
    project.write(TEXT)
    project.move("maniphest")
    assert states(project.here, "maniphest") == {}
    texts = reader_of(project.here, "maniphest").by_permalink()
    (text,) = [one[0]["text"] for link, one in texts.items() if "+spec/" in link]
    assert "- [x] wire it (DONE" in text
    assert "- [ ] light it (TODO)" in text
    assert f"=== Work items for {project.goal}" in text
    project.write(TEXT.replace("light it: TODO", "light it: DONE"))
    assert project.move("maniphest").updated == 1
