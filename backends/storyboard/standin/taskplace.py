"""Where a task hangs: its story, its project, a branch of that project, a milestone of that."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from tracker_migrate.backends.storyboard.standin.call import Call
from tracker_migrate.backends.storyboard.standin.errors import Fault, missing
from tracker_migrate.backends.storyboard.standin.store import Row

FEATURE = 2  # a story type whose tasks must be on restricted branches (facts 3)


@dataclass(frozen=True)
class Place:
    """What was found, as the task's columns."""

    project_id: int
    branch_id: int
    milestone_id: int | None

    def columns(self) -> dict[str, Any]:
        """For an insert or an update."""
        return dict(vars(self))


def find(
    call: Call, story: Row, project: int, branch: int | None, milestone: int | None, status: str
) -> Place:
    """The place that a task asks for; the branch is the project's master unless it is named."""
    if branch is None:
        branch = _master(call, project)
    row = call.store.get("branch", branch)
    if row is None:
        raise missing("Branch", branch, ".")
    if row["project_id"] != project:
        raise Fault(400, f"Branch {branch} doesn't associate with project {project}.")
    if story["story_type_id"] == FEATURE and not row["restricted"]:
        raise Fault(400, f"Branch {branch} must be restricted.")
    if milestone is not None:
        _check_milestone(call, milestone, branch, status)
    return Place(project, branch, milestone)


def _master(call: Call, project: int) -> int:
    sql = "SELECT id FROM branch WHERE project_id = ? AND folded = 'MASTER'"
    found: int | None = call.store.value(sql, (project,))
    if found is None:
        raise Fault(404, f"Master branch of project {project} not found.")
    return found


def _check_milestone(call: Call, milestone: int, branch: int, status: str) -> None:
    if status != "merged":
        raise Fault(400, "Milestones can only be associated with merged tasks")
    row = call.store.get("milestone", milestone)
    if row is None:
        raise missing("Milestone", milestone, ".")
    if row["branch_id"] != branch:
        raise Fault(400, f"Milestone {milestone} doesn't associate with branch {branch}.")
