"""The texts of a task and of its comments: origin line, body, details; references still open."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime

import msgspec

from tracker_migrate.backends.maniphest import fields, files, work_items
from tracker_migrate.backends.maniphest.losses import readable
from tracker_migrate.backends.maniphest.options import TEXT_LIMIT
from tracker_migrate.backends.maniphest.wire import sent_bytes
from tracker_migrate.interfaces import Decisions, Head, Ref, Text
from tracker_migrate.model import Attachment, Comment, Issue, Key, Task, kind_of, name_of, parts
from tracker_migrate.text import blocks as b
from tracker_migrate.text import details, folded, origin, remarkup
from tracker_migrate.text.continued import (
    EDITED,
    Long,
    edition,
    editions,
    part_home,
    part_label,
    written_parts,
)
from tracker_migrate.text.cutting import Markup
from tracker_migrate.text.subjects import telling

#: how the source's name is written in labels
SHORT = {"launchpad": "LP"}
_UNNAMED = "somebody whose name is private"
MARKUP = Markup(write=remarkup.write, link=remarkup.link, weigh=sent_bytes)


def label(issue: Issue) -> str:
    """`LP #1316547`, `LP blueprint nova/+spec/foo`."""
    tracker = parts(issue.key)[0]
    short = SHORT.get(tracker, tracker)
    return f"{short} #{issue.name}" if issue.kind == "bug" else f"{short} {issue.kind} {issue.name}"


def task_label(issue: Issue, task: Task) -> str:
    """`LP #1316547 task nova/kilo`, `LP blueprint nova/+spec/foo work item 0123456789ab`."""
    if fields.is_work_item(task):
        return f"{label(issue)} work item {name_of(task.key).rpartition('@')[2]}"
    return f"{label(issue)} task {name_of(task.key).rpartition('@')[2]}"


def comment_label(issue: Issue, comment: Comment) -> str:
    """`LP #1316547 comment 3`."""
    return f"{label(issue)} comment {comment.index}"


def described(issue: Issue, decisions: Decisions) -> list[Text]:
    """The description of an issue's task: where it came from, its text, and all that no field of
    Maniphest holds; in as many parts as are needed."""
    inside: list[b.Block] = list(_whole_title(issue.title))
    inside += decisions.blocks(issue, issue.description)
    inside += work_items.checklist(issue, decisions, person)
    rest = msgspec.structs.replace(details.without_repeats(issue), work_items=())
    beside = {one.key for comment in written(issue) for one in attached(issue, comment)}

    def entry(one: Attachment) -> b.Line:
        return files.entry(one, issue, decisions, shows=one.key not in beside)

    tail = details.details(rest, decisions, readable, entry)
    return _parts(label(issue), issue, inside, decisions, tail)


def task_described(issue: Issue, task: Task, decisions: Decisions) -> list[Text]:
    """The description of a subtask: what it is part of, and the source's own words; in as many
    parts as are needed."""
    name = task_label(issue, task)
    rows: list[b.Line] = [("Part of ", Ref(to=issue.key, label=label(issue), home=issue.home))]
    rows += [(b.Strong(f"{name}:"), f" {value}") for name, value in _words(issue, task, decisions)]
    inside: list[b.Block] = [*_whole_title(subtask_title(issue, task)), b.Paragraph(tuple(rows))]
    if task.status_explanation:
        inside += [b.Heading("Status explained")]
        inside += decisions.blocks(issue, task.status_explanation)
    if task.importance_explanation:
        inside += [b.Heading("Importance explained")]
        inside += decisions.blocks(issue, task.importance_explanation)
    return _parts(name, task, inside, decisions)


def subtask_title(issue: Issue, task: Task) -> str:
    """`[nova/kilo] title`; of a work item `[foo] title`."""
    if fields.is_work_item(task):
        return work_items.title(issue, task)
    return f"[{name_of(task.key).rpartition('@')[2]}] {issue.title}"


def _words(issue: Issue, task: Task, decisions: Decisions) -> Iterator[tuple[str, str]]:
    if not fields.is_work_item(task):
        yield "Affects", task.target_name
    yield "Status", task.status
    if not fields.is_work_item(task):
        yield "Importance", task.importance
    if task.assignee:
        yield "Assigned to", person(task.assignee, decisions)[0]
    if task.milestone:
        known = decisions.milestone(task.milestone)
        yield "Milestone", known.name if known else name_of(task.milestone).rpartition("/")[2]
    if fields.is_work_item(task):
        yield from work_items.told(task.extra)


def groups(issue: Issue, decisions: Decisions) -> tuple[folded.Group, ...]:
    """The comments that are written, as they are gathered."""
    return folded.groups(issue, written(issue), decisions, _limit(decisions))


def all_said(issue: Issue, comments: Sequence[Comment], decisions: Decisions) -> list[Text]:
    """A comment that holds one of the source's, in as many parts as are needed; or several, which
    are short."""
    first, *others = comments
    if not others:
        return said(issue, first, decisions)
    texts = said(issue, first, decisions, folded.contents(comments), folded.UNCUT)
    for one in others:
        texts += said(issue, one, decisions, limit=folded.UNCUT)
    return [folded.together(texts)]


def said(
    issue: Issue,
    comment: Comment,
    decisions: Decisions,
    head: Iterable[b.Block] = (),
    limit: int | None = None,
) -> list[Text]:
    """A comment: where it came from, the head, what no field of Maniphest holds of it, and its
    text; in as many parts as are needed for a limit, or that of the settings."""
    inside: list[b.Block] = [*head]
    if notes := tuple(_notes(issue, comment, decisions)):
        inside.append(b.Paragraph(notes))
    inside += decisions.blocks(issue, comment.text) if comment.text.strip() else ()
    return _parts(comment_label(issue, comment), comment, inside, decisions, limit=limit)


def said_again(
    issue: Issue, comment: Comment, when: datetime, decisions: Decisions
) -> list[tuple[int, Text]]:
    """What a comment says since it was edited, while it stands here as it was: texts, with the
    numbers of the parts that they are."""
    inside: list[b.Block] = [b.Paragraph(((b.Strong(EDITED),),))]
    if notes := tuple(_notes(issue, comment, decisions)):
        inside.append(b.Paragraph(notes))
    inside += decisions.blocks(issue, comment.text) if comment.text.strip() else ()

    def head(number: int) -> Head:
        name = part_label(comment_label(issue, comment), number)
        return _origin(name, part_home(comment.home, number), comment, decisions)

    long = Long(head=head(edition(when)), part_head=head, blocks=inside, fixed=True)
    return editions(long, when, head, MARKUP, _limit(decisions))


def _notes(issue: Issue, comment: Comment, decisions: Decisions) -> Iterator[b.Line]:
    if subject := telling(issue, comment.subject):
        yield b.Strong("Subject:"), f" {subject}"
    if comment.edited:
        yield b.Strong("Edited:"), f" {when(comment.edited)}"
    for name, value in sorted(comment.extra.items()):
        if value not in (None, "", [], {}, ()):
            yield b.Strong(f"{name}:"), f" {value}"
    for one in attached(issue, comment):
        kind = "Patch:" if one.patch else "Attachment:"
        shown = files.beside(one, issue, decisions)
        yield b.Strong(kind), " ", b.Url(one.home, one.title), *shown


def shown(text: Text) -> tuple[Key, ...]:
    """The attachments whose files a text leads to."""
    return tuple(dict.fromkeys(r.to for r in text.refs if kind_of(r.to) == "attachment"))


def attached(issue: Issue, comment: Comment) -> list[Attachment]:
    """The attachments that came with a comment."""
    return [one for one in issue.attachments if one.comment == comment.index]


def written(issue: Issue) -> tuple[Comment, ...]:
    """The comments that are written, in the order of their index.

    Not those that the source withholds or that were deleted, not empty ones without an attachment,
    and not the first one where it says the same as the description.
    """
    return tuple(comment for comment in issue.comments if not unwritten(issue, comment))


def unwritten(issue: Issue, comment: Comment) -> str:
    """Why a comment is not written, or an empty text."""
    if comment.withheld:
        return HIDDEN
    if comment.deleted:
        return DELETED
    if comment.index == 0 and comment.text.split() == issue.description.split():
        return SAME
    if not comment.text.strip() and not attached(issue, comment):
        return EMPTY
    return ""


HIDDEN = "the source hides it, and hidden text never leaves the source"
DELETED = "its author deleted it"
EMPTY = "it has no text, and Maniphest drops empty comments"
SAME = "it says what the description says, which stands under the issue's own address"


def person(who: Key, decisions: Decisions) -> tuple[str, str | None]:
    """The name to show, and the page. A private team is named nowhere, not even where few can read:
    the history of a task keeps every text that it ever had, and is opened with it."""
    known = decisions.person(who)
    if known is None:
        return name_of(who), None
    if known.private:
        return _UNNAMED, None
    return known.display_name or known.name, known.home


def when(moment: datetime) -> str:
    """In UTC, whole seconds."""
    return moment.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S UTC")


def _whole_title(text: str) -> Iterator[b.Block]:
    if fields.title(text)[1]:
        yield b.Paragraph(((b.Strong("Title:"), f" {' '.join(text.split())}"),))


def _parts(
    name: str,
    of: Issue | Task | Comment,
    inside: Sequence[b.Block],
    decisions: Decisions,
    tail: Sequence[b.Block] = (),
    limit: int | None = None,
) -> list[Text]:
    """A text under its line of origin, in parts that Maniphest takes."""
    long = Long(
        head=_origin(name, of.home, of, decisions),
        part_head=lambda number: _origin(
            part_label(name, number), part_home(of.home, number), of, decisions
        ),
        blocks=inside,
        tail=tail,
        fixed=isinstance(of, Comment),
    )
    return written_parts(long, MARKUP, _limit(decisions) if limit is None else limit)


def _limit(decisions: Decisions) -> int:
    return int(decisions.options.get("text_limit", TEXT_LIMIT))


def _origin(name: str, home: str, of: Issue | Task | Comment, decisions: Decisions) -> Head:
    author, page = person(of.author, decisions) if of.author else (None, None)
    told = origin.Origin(
        label=name, permalink=home, author=author, author_home=page, when=of.created
    )
    return origin.head(told, origin.remarkup_line)
