"""The texts that StoryBoard gets: description and comments, each under its line of origin."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any

import msgspec

from tracker_migrate.backends.storyboard import fields, losses, shape
from tracker_migrate.interfaces import Decisions, Text
from tracker_migrate.model import Attachment, Comment, Issue, Key, kind_of, name_of
from tracker_migrate.text import commonmark, details, folded, origin
from tracker_migrate.text.blocks import Block, Line, Paragraph, Strong, Url
from tracker_migrate.text.fields import label_of, shown
from tracker_migrate.text.subjects import telling


def label(key: Key) -> str:
    """What the line of origin calls an issue, a comment or a task of it."""
    kind, name = kind_of(key), name_of(key)
    if kind == "blueprint":
        return f"LP blueprint {name}"
    if kind == "comment":
        issue, _, index = name.rpartition("/")
        return f"{_issue_label(issue)} comment {index}"
    if kind == "task":
        issue, _, target = name.rpartition("@")
        return f"{_issue_label(issue)} task {target}"
    return _issue_label(name)


def _issue_label(name: str) -> str:
    return f"LP #{name}" if name.isdigit() else f"LP blueprint {name}"


def description(issue: Issue, decisions: Decisions) -> Text:
    """The line of origin, the full title if it had to be cut, the body, the details."""
    blocks: list[Any] = []
    if fields.is_cut(issue.title):
        blocks.append(Paragraph(((Strong(fields.sound(issue.title)),),)))
    blocks += decisions.blocks(issue, fields.sound(issue.description))
    rest = _without_native(issue, decisions)
    blocks += details.details(rest, decisions, losses.outcome_of(issue, decisions))
    line = _origin(issue.key, issue.home, issue.author, issue.created, decisions)
    return _under(line, blocks)


def contents(issue: Issue, comments: Sequence[Comment], decisions: Decisions) -> Text:
    """The text of a comment that holds one of the source's, or several."""
    first, *others = comments
    texts = [content(issue, first, decisions, folded.contents(comments))]
    return folded.together([*texts, *(content(issue, one, decisions) for one in others)])


def content(
    issue: Issue, comment: Comment, decisions: Decisions, head: Iterable[Block] = ()
) -> Text:
    """A comment's text: the line of origin, the head, the subject if it says something, the body,
    the files that came with it, and what else the source says of it."""
    blocks: list[Any] = [*head, *_lines(_before(issue, comment, decisions))]
    blocks += decisions.blocks(issue, fields.sound(comment.text))
    files = [one for one in issue.attachments if one.comment == comment.index]
    blocks += _lines([*map(_attachment, files), *_after(comment, decisions)])
    line = _origin(comment.key, comment.home, comment.author, comment.created, decisions)
    return _under(line, blocks)


def _without_native(issue: Issue, decisions: Decisions) -> Issue:
    """The issue without what its tasks say by themselves: where one task is only named in the
    text, the details would write such a field of all of them."""
    moved = {task.key for task, _place in shape.moved(issue, decisions)}
    issue = details.without_repeats(issue)
    tasks = [
        msgspec.structs.replace(task, home="", created=None) if task.key in moved else task
        for task in issue.tasks
    ]
    return msgspec.structs.replace(issue, tasks=tuple(tasks))


def _under(line: str, blocks: Iterable[Block]) -> Text:
    """A text under its line of origin, with the holes of the blocks left open."""
    body = commonmark.write(blocks).parts
    parts = (f"{line}\n\n", *body) if body else (line,)
    return Text(parts=tuple(fields.sound(one) if isinstance(one, str) else one for one in parts))


def _origin(
    key: Key, home: str, author: Key | None, when: datetime | None, decisions: Decisions
) -> str:
    person = decisions.person(author) if author is not None else None
    name = person.display_name if person else name_of(author) if author is not None else None
    return origin.commonmark_line(
        origin.Origin(
            label=label(key),
            permalink=home,
            author=name or None,
            author_home=person.home if person else None,
            when=when,
        )
    )


def _before(issue: Issue, comment: Comment, decisions: Decisions) -> Iterator[Line]:
    if subject := telling(issue, comment.subject):
        yield (Strong("Subject:"), f" {subject}")
    if comment.edited is not None:
        yield (Strong("Edited:"), " ", *shown(comment.edited, decisions))


def _attachment(one: Attachment) -> Line:
    return (Strong("Patch:" if one.patch else "Attachment:"), " ", Url(one.home, one.title))


def _after(comment: Comment, decisions: Decisions) -> Iterator[Line]:
    for name, value in sorted(comment.extra.items()):
        if value not in (None, "", [], {}, ()):
            yield (Strong(f"{label_of(name)}:"), " ", *shown(value, decisions))


def _lines(lines: Iterable[Line]) -> Iterator[Paragraph]:
    held = tuple(lines)
    if held:
        yield Paragraph(held)
