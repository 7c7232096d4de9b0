"""Status, priority, owner, policies and title of a task, from the source's words."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from tracker_migrate.interfaces import Audience, Decisions
from tracker_migrate.model import Issue, Key, Relation, Task, kind_of
from tracker_migrate.text.characters import visible

MAX_TITLE = 255
#: a parent whose tasks are all closed takes the first of these that one of them has
CLOSED_ORDER = ("resolved", "wontfix", "invalid")
#: the highest first; what nobody has judged yet ranks below everything that somebody has
PRIORITY_ORDER = ("unbreak", "high", "normal", "low", "wish", "triage")


def depends_on(issue: Issue, decisions: Decisions) -> tuple[Key, ...]:
    """The issues that must be done first, as far as they can be subtasks: those that come to the
    target, and that do not wait for this one, too (Maniphest refuses a circle)."""
    named = (one.to for one in issue.relations if one.kind == "depends_on" and one.to)
    return tuple(
        dict.fromkeys(
            to for to in named if decisions.moves(to) and not decisions.circular(issue.key, to)
        )
    )


def duplicate_of(issue: Issue) -> Relation | None:
    """The relation that makes it a duplicate."""
    return next((one for one in issue.relations if one.kind == "duplicate_of"), None)


def status(issue: Issue, task: Task, decisions: Decisions) -> str:
    """The status of one task, in the server's word."""
    if is_work_item(task):
        return decisions.state("work_item", task.status)
    if duplicate_of(issue) is not None:
        return decisions.state("status", "Duplicate")
    if issue.kind == "bug":
        return decisions.state("status", task.status)
    defined = str(issue.extra.get("definition_status") or "")
    ended = decisions.state("definition", defined) if defined else ""
    return ended or decisions.state("blueprint", _implementation(task))


def is_work_item(task: Task) -> bool:
    """Whether a task stands for a work item of a blueprint."""
    return kind_of(task.key) == "workitem"


def _implementation(task: Task) -> str:
    # an informational blueprint is done when it is complete, not when it is called so
    if task.status == "Informational" and not task.complete:
        return "Not started"
    return task.status


def priority(task: Task, decisions: Decisions) -> str:
    """The priority of one task, in the server's word."""
    return decisions.state("importance", task.importance)


def closed(moving: Sequence[Task]) -> datetime | None:
    """When the last of several tasks was closed; None if one of them is open."""
    ends = [task.closed for task in moving]
    return max((one for one in ends if one is not None), default=None) if all(ends) else None


def opened(decisions: Decisions) -> tuple[str, ...]:
    """The server's words for a task that is not done yet."""
    return tuple(decisions.options.get("open_statuses", ("open",)))


def lead(moving: Sequence[Task], states: Sequence[str], opened: Iterable[str]) -> Task:
    """The task whose assignee is the owner where several are one: the first open, else the first.

    `states`: the server's words for them."""
    known = set(opened)
    pairs = zip(moving, states, strict=True)
    return next((task for task, state in pairs if state in known), moving[0])


def joint_status(words: Sequence[str], opened: Iterable[str] = ("open",)) -> str:
    """Of several tasks: open if any is, else the first closed one by a fixed order."""
    first_open = next((word for word in words if word in set(opened)), None)
    if first_open is not None:
        return first_open
    return next((word for word in CLOSED_ORDER if word in words), words[0])


def joint_priority(words: Sequence[str]) -> str:
    """Of several tasks: the highest."""
    return next((word for word in PRIORITY_ORDER if word in words), words[0])


def owner(assignee: Key | None, audience: Audience, decisions: Decisions) -> str | None:
    """The PHID of the owner, or None.

    An owner sees and edits a task whatever its policy says (facts 4): of a closed one only somebody
    whom the audience names can be it; anybody else stays in the text.
    """
    account = decisions.account(assignee)
    if account is None:
        return None
    if audience.name != "public" and account.id not in audience.users:
        return None
    return account.id


def title(text: str) -> tuple[str, bool]:
    """A title as the server keeps it, at most 255 characters, and whether it had to be cut.

    Blanks and line breaks are folded: the server trims, and refuses a blank one. What it can't
    take, such as half a surrogate pair, is made visible.
    """
    folded = visible(" ".join(text.split())) or "(no title)"
    if len(folded) <= MAX_TITLE:
        return folded, False
    return folded[: MAX_TITLE - 1] + "…", True
