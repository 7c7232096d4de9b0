"""What Launchpad knows of a blueprint arrives at both targets: as a field, or readable in words."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.end_to_end.test_recorded_projects import reader_of
from tests.end_to_end.test_work_items import SPEC, Project
from tests.end_to_end.world import TARGETS, world

WICK = "gadget/+spec/wick"


@pytest.fixture(scope="module", params=TARGETS)
def arrived(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[str, dict[str, Any], Project]]:
    """A blueprint with all that one can have, as it stands at a target; and who wrote it."""
    folder = tmp_path_factory.mktemp("blueprint") / "ws"
    with pytest.MonkeyPatch.context() as patch, world(folder, patch, "gadget") as here:
        project = Project(here)
        _write(project)
        project.move(request.param)
        found = reader_of(here, request.param).by_permalink()
        (there,) = next(one for link, one in found.items() if link.endswith("/+spec/lamp"))
        yield request.param, there, project


def _write(project: Project) -> None:
    core, made = project.made.cast.core, project.made
    store = project.here.launchpad.store
    project.write("", WICK, title="Wick", date_created="2020-02-02T02:02:02.222222+00:00")
    project.write(
        "Work items:\nwire it: TODO",
        definition_status="Pending Approval",
        implementation_status="Needs Infrastructure",
        priority="Essential",
        assignee_link=core[0],
        drafter_link=core[1],
        approver_link=core[2],
        whiteboard="First the wick.\n\nThen *the* lamp.",
        specification_url="https://specs.example.org/lamp",
        milestone_link=made.scene.milestones[0],
        direction_approved=True,
        has_accepted_goal=True,
    )
    branch = f"{made.cast.owner}/gadget/glow"
    with project.here.launchpad.lock, store.transaction():
        store.relate("goal", made.scene.series[0], SPEC)
        store.relate("dependencies", SPEC, WICK)
        store.relate("specs", f"bugs/{made.first}", SPEC)
        store.put_item("branch", branch, {"name": "glow", "information_type": "Public"})
        store.put_item("specification_branch", f"{SPEC}/{branch}/+spec", {"branch_link": branch})
        store.relate("linked_branches", SPEC, f"{SPEC}/{branch}/+spec")


def shown(project: Project, path: str) -> str:
    """The name that people see of somebody."""
    held = project.here.launchpad.store.item(path)
    assert held is not None
    return str(held.data["display_name"])


@pytest.mark.parametrize(
    ("field", "words"),
    [
        ("definition status", "Definition status*: Pending Approval"),
        ("implementation status", "Needs Infrastructure"),
        ("priority", "Essential"),
        ("assignee", "{core[0]}"),
        ("drafter", "Drafter*: *{core[1]}"),
        ("approver", "Approver*: *{core[2]}"),
        ("whiteboard", "First the wick."),
        ("whiteboard", "Then *the* lamp."),
        ("specification address", "https://specs.example.org/lamp"),
        ("goal", "goal: *{series}"),
        ("goal accepted", "Has accepted goal*: yes"),
        ("direction approved", "Direction approved*: yes"),
        ("milestone", "{milestone}"),
        ("dependency", "depends on: *LP blueprint gadget/+spec/wick"),
        ("linked bug", "bug: *LP #{bug}"),
        ("linked branch", "glow"),
    ],
)
def test_it_can_be_read(
    arrived: tuple[str, dict[str, Any], Project], field: str, words: str
) -> None:
    target, there, project = arrived
    made = project.made
    wanted = words.format(
        core=[shown(project, one) for one in made.cast.core[:3]],
        series=made.scene.series[0],
        milestone=project.goal,
        bug=made.first,
    )
    text = bare(there["text"])
    for part in wanted.split("*"):
        assert bare(part) in text, (target, field)


def bare(text: str) -> str:
    """A text without marks: what a reader sees, and the addresses that links lead to."""
    marks = str.maketrans("", "", "*_\\`\u200b%<>|[]\n ")
    return text.translate(marks)


def test_it_is_a_feature_and_no_bug_with_the_states_of_the_tables(
    arrived: tuple[str, dict[str, Any], Project],
) -> None:
    target, there, _project = arrived
    if target == "maniphest":
        assert (there["status"], there["priority"]) == ("open", 100)
        return
    states = {one["title"]: (one["status"], one["priority"]) for one in there["tasks"]}
    assert states == {"Let there be light": ("todo", "high"), "wire it": ("todo", "high")}
