"""What of an issue becomes an object or a field at StoryBoard: asked by the planner, which makes
the objects, and by the losses, which count them. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Literal

from tracker_migrate.abilities import KnowsUnspoken
from tracker_migrate.backends.storyboard import fields
from tracker_migrate.errors import UsageError
from tracker_migrate.interfaces import Decisions, Place
from tracker_migrate.model import Comment, Issue, Key, Task, is_away, kind_of

STATUSES = frozenset({"todo", "inprogress", "review", "merged", "invalid"})
PRIORITIES = frozenset({"low", "medium", "high"})

Fate = Literal["written", "repeats", "hidden", "deleted", "empty"]


def moved(issue: Issue, decisions: Decisions) -> Iterator[tuple[Task, Place]]:
    """The tasks that become tasks, with the place of each; the others are named in the text."""
    for task in issue.tasks if not is_away(issue) else ():
        place = decisions.place(task.target)
        if place.move:
            yield task, place


def fate(issue: Issue, comment: Comment) -> Fate:
    """What becomes of a comment: `repeats` is the description as filed, if it stands unchanged."""
    if comment.withheld:
        return "hidden"
    if comment.deleted:
        return "deleted"
    if comment.index == 0 and _repeats(issue, comment):
        return "repeats"
    named = any(one.comment == comment.index for one in issue.attachments)
    return "written" if comment.text.strip() or named else "empty"


def _repeats(issue: Issue, comment: Comment) -> bool:
    same = fields.folded(comment.text) == fields.folded(issue.description)
    return same and comment.author in (None, issue.author)


def tags(issue: Issue, decisions: Decisions) -> dict[str, str]:
    """The tags that become tags: name at the source → name at StoryBoard.

    Every tag of StoryBoard's is in a public list, with or without a story that one may see: a
    private issue gets only those that are known from public ones (facts 4).
    """
    found = {}
    for name in issue.tags:
        chosen = decisions.tag(name)
        written = fields.tag_name(chosen) if chosen is not None else None
        if written is not None and (not issue.private or decisions.tag_uses(name) > 0):
            found[name] = written
    return found


def status(issue: Issue, task: Task, decisions: Decisions) -> str:
    """A task's status by the tables. Raises UsageError for a word that StoryBoard has not."""
    if is_work_item(task):
        word = decisions.state("work_item", task.status)
        return _checked("work_item", task.status, word, STATUSES)
    if issue.kind == "blueprint":
        return _blueprint_status(issue, task, decisions)
    return _checked("status", task.status, decisions.state("status", task.status), STATUSES)


def gone(decisions: Decisions) -> str:
    """The status of a task that the source has no more. Raises UsageError as `status` does."""
    return _checked("status", "Invalid", decisions.state("status", "Invalid"), STATUSES)


def is_work_item(task: Task) -> bool:
    """Whether a task stands for a work item of a blueprint."""
    return kind_of(task.key) == "workitem"


def _blueprint_status(issue: Issue, task: Task, decisions: Decisions) -> str:
    """The definition's word wins where its table has one (Obsolete, Superseded → invalid)."""
    definition = issue.extra.get("definition_status")
    if isinstance(definition, str) and definition:
        word = decisions.state("definition", definition)
        if word:
            return _checked("definition", definition, word, STATUSES)
    # what is only for information is done when its definition is, and not before
    informs = task.status == "Informational" and not task.complete
    known = "Unknown" if informs else task.status
    return _checked("blueprint", known, decisions.state("blueprint", known), STATUSES)


def priority(task: Task, decisions: Decisions) -> str:
    """A task's priority by the table. Raises UsageError for a word that StoryBoard has not."""
    return _checked(
        "importance", task.importance, decisions.state("importance", task.importance), PRIORITIES
    )


def _checked(table: str, source: str, word: str, known: frozenset[str]) -> str:
    if word not in known:
        raise UsageError(
            f"states.toml: [storyboard.{table}] {source!r} becomes {word!r}, which StoryBoard has"
            f" not; choose one of {', '.join(sorted(known))}"
        )
    return word


def milestone(issue: Issue, task: Task, decisions: Decisions) -> str | None:
    """The name of the milestone that a task gets: StoryBoard allows one on merged tasks alone. One
    where work goes on no more stands in the text, unless the settings want all."""
    if task.milestone is None or status(issue, task, decisions) != "merged":
        return None
    known = decisions.milestone(task.milestone)
    if known is not None and not known.active and decisions.options.get("milestones") != "all":
        return None
    if known is None or not fields.fits_milestone(fields.sound(known.name)):
        return None
    return fields.sound(known.name)


def by(author: Key | None, issue: Issue, decisions: Decisions) -> str:
    """The account that something new of an issue is written as; "" for the importer: the settings
    don't want another one, its author has none, or none that may be written as, or one that is not
    among the issue's readers by name: nobody is let in to be an author."""
    if decisions.options.get("authors") != "tokens" or author is None:
        return ""
    account = decisions.account(author)
    if account is None or not account.id.isdigit() or account.id in unspoken(decisions):
        return ""
    audience = decisions.audience(issue)
    return account.id if audience.name == "public" or account.id in audience.users else ""


def unspoken(decisions: Decisions) -> Collection[str]:
    """The accounts that nothing may be written as, as far as the target was asked."""
    return decisions.unspoken if isinstance(decisions, KnowsUnspoken) else ()


def assignee(task: Task, decisions: Decisions) -> str | None:
    """The account id of who a task is assigned to, if an account is decided.
    Raises UsageError if it is no number."""
    account = decisions.account(task.assignee) if task.assignee is not None else None
    if account is not None and not account.id.isdigit():
        raise UsageError(f"people: {account.id!r} is no id of a StoryBoard user")
    return account.id if account is not None else None
