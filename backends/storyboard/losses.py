"""What becomes of each field at StoryBoard: native, text, or lost with the reason.

A field that is not named here is text: it stands in the description's details, in a comment, or in
the line of origin. What depends on the tables (is there an account, is the task merged?) is counted
part by part.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Container, Iterator, Mapping
from types import MappingProxyType

from tracker_migrate.backends.storyboard import attached, shape, work_items
from tracker_migrate.backends.storyboard.options import limit_of
from tracker_migrate.interfaces import Decisions, Loss
from tracker_migrate.model import PARTS, Comment, Issue, Key, own_fields
from tracker_migrate.text import folded
from tracker_migrate.text.details import SAID_BY_ORIGIN
from tracker_migrate.text.subjects import telling

Outcome = tuple[str, str]  # native, text or lost; and the reason, if lost

NATIVE: Outcome = ("native", "")
TEXT: Outcome = ("text", "")

#: what StoryBoard has a field for, whatever the tables say. In tasks and work items: if the
#: task is moved
LOSSES: Mapping[str, Outcome] = MappingProxyType(
    {
        **{
            f"{kind}.{field}": NATIVE
            for kind in ("bug", "blueprint")
            for field in ("kind", "title", "description", "created", "private", "access")
        },
        "task.key": NATIVE,  # the link
        "task.home": NATIVE,
        "task.target": NATIVE,
        "task.project": NATIVE,
        "task.status": NATIVE,
        "task.importance": NATIVE,
        "task.created": NATIVE,
        "comment.text": NATIVE,
        "comment.created": NATIVE,
        **{f"{work_items.ENTITY}.{field}": NATIVE for field in work_items.NATIVE},
    }
)

#: native, but coarser than at the source, whose own word stays readable in the details
IN_WORDS = frozenset(
    {
        ("task", "target_name"),
        ("task", "status"),
        ("task", "importance"),
        ("task", "milestone"),
        ("task", "series"),
        ("task", "assignee"),
        ("task", "author"),
        *work_items.IN_WORDS,
    }
)

#: why a comment that is not written loses all that it holds
UNWRITTEN: Mapping[str, str] = MappingProxyType(
    {
        "hidden": "the source hides this comment: it never leaves it",
        "deleted": "the comment was deleted at the source: deleted text is not moved",
        "empty": "the comment is empty",
        "repeats": "the comment is the description, which stands in the story itself",
    }
)


#: parts whose fields have a fate of their own in each of them
_TOLD_APART = ("tasks", "comments", "work_items", "attachments")


def losses(issue: Issue, decisions: Decisions) -> Iterator[Loss]:
    """What becomes of every field of an issue; adds up to `model.present_fields`."""
    within = {of for group in groups(issue, decisions) for of in group.holds}
    counts = Counter(_fates(issue, decisions, within))
    for (entity, field, (outcome, reason)), count in counts.items():
        yield Loss(entity=entity, field=field, outcome=outcome, reason=reason, count=count)  # type: ignore[arg-type]


def outcome_of(issue: Issue, decisions: Decisions) -> Callable[[str, str], str]:
    """(entity, field) → what `text.details` has to do: `text` if it is to be written there, which
    it is if it is text in at least one place, so that nothing that is only text is left out."""
    seen: dict[tuple[str, str], str] = dict.fromkeys(IN_WORDS, "text")
    for entity, field, (outcome, _reason) in _fates(issue, decisions):
        if outcome == "text" or (entity, field) not in seen:
            seen[entity, field] = outcome
    seen |= dict.fromkeys(SAID_BY_ORIGIN, "said")
    return lambda entity, field: seen.get((entity, field), "text")


def _fates(
    issue: Issue, decisions: Decisions, within: Container[Key] = ()
) -> Iterator[tuple[str, str, Outcome]]:
    """within: comments that stand in another one."""
    for field in own_fields(issue):
        yield issue.kind, field, _issue_fate(issue, decisions, field)
    yield from _task_fates(issue, decisions)
    for comment in issue.comments:
        fate = shape.fate(issue, comment)
        usual = fate == "repeats" and not telling(issue, comment.subject)
        for field in own_fields(comment):
            told = _comment_fate(field, fate, usual)
            if (
                field == "author"
                and fate == "written"
                and shape.by(comment.author, issue, decisions)
            ):
                told = NATIVE
            yield "comment", field, TEXT if told == NATIVE and comment.key in within else told
    for field, native in work_items.native(issue, decisions):
        yield work_items.ENTITY, field, NATIVE if native else TEXT
    yield from _attachment_fates(issue, decisions)
    for name, entity in PARTS.items():
        for part in getattr(issue, name) if name not in _TOLD_APART else ():
            for field in own_fields(part):
                yield entity, field, LOSSES.get(f"{entity}.{field}", TEXT)


def _issue_fate(issue: Issue, decisions: Decisions, field: str) -> Outcome:
    if field == "author" and shape.by(issue.author, issue, decisions):
        return NATIVE
    if field == "tags":
        return NATIVE if len(shape.tags(issue, decisions)) == len(issue.tags) else TEXT
    return LOSSES.get(f"{issue.kind}.{field}", TEXT)


def _task_fates(issue: Issue, decisions: Decisions) -> Iterator[tuple[str, str, Outcome]]:
    moved = {task.key: place for task, place in shape.moved(issue, decisions)}
    for task in issue.tasks:
        native = set()
        if task.key in moved:
            native = {name for name in LOSSES if name.startswith("task.")}
            if moved[task.key].branch is not None:
                native.add("task.series")
            if shape.assignee(task, decisions) is not None:
                native.add("task.assignee")
            if shape.by(task.author, issue, decisions):
                native.add("task.author")
            if shape.milestone(issue, task, decisions) is not None:
                native.add("task.milestone")
        for field in own_fields(task):
            yield "task", field, NATIVE if f"task.{field}" in native else TEXT


def _attachment_fates(issue: Issue, decisions: Decisions) -> Iterator[tuple[str, str, Outcome]]:
    """The bytes are native if a folder of the settings has them; all else of a file is text."""
    told = attached.fates(issue, decisions) if issue.attachments else {}
    for one in issue.attachments:
        for field in own_fields(one):
            reason = told[one.key].reason if field == "file" else ""
            bytes_ = ("lost", reason) if reason else NATIVE
            yield "attachment", field, bytes_ if field == "file" else TEXT


def _comment_fate(field: str, fate: shape.Fate, usual_subject: bool) -> Outcome:
    if fate == "written":
        return LOSSES.get(f"comment.{field}", TEXT)
    if fate == "repeats" and field in ("text", "created"):
        return NATIVE
    if fate == "repeats" and (field == "author" or (field == "subject" and usual_subject)):
        return TEXT
    return "lost", UNWRITTEN[fate]


def written(issue: Issue) -> tuple[Comment, ...]:
    """The comments that become comments, in their order."""
    return tuple(one for one in issue.comments if shape.fate(issue, one) == "written")


def groups(issue: Issue, decisions: Decisions) -> tuple[folded.Group, ...]:
    """The comments that become comments, as they are gathered."""
    return folded.groups(issue, written(issue), decisions, limit_of(decisions.options))
