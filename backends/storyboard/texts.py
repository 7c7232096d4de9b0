"""The texts that StoryBoard gets: description and comments, each under its line of origin."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any

import msgspec

from tracker_migrate.backends.storyboard import attached, fields, losses, shape, wire
from tracker_migrate.backends.storyboard.options import limit_of
from tracker_migrate.interfaces import Decisions, Head, Text
from tracker_migrate.model import Attachment, Comment, Issue, Key, kind_of, name_of, parts
from tracker_migrate.text import commonmark, details, folded, origin
from tracker_migrate.text.blocks import Block, Line, Paragraph, Strong, Url
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
from tracker_migrate.text.fields import label_of, shown
from tracker_migrate.text.subjects import telling

MARKUP = Markup(write=commonmark.write, link=commonmark.link, weigh=wire.size)


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


def called(of: Issue | Comment) -> str:
    """What the line of origin calls an issue, by the name that it has now, or a comment."""
    return _issue_label(of.name) if isinstance(of, Issue) else label(of.key)


def _issue_label(name: str) -> str:
    return f"LP #{name}" if name.isdigit() else f"LP blueprint {name}"


def description(issue: Issue, decisions: Decisions) -> list[Text]:
    """The line of origin, the full title if it had to be cut, the body, the details; in as many
    parts as are needed."""
    blocks: list[Any] = []
    if fields.is_cut(issue.title):
        blocks.append(Paragraph(((Strong(fields.sound(issue.title)),),)))
    blocks += decisions.blocks(issue, fields.sound(issue.description))
    rest = _without_native(issue, decisions)
    outcome = losses.outcome_of(issue, decisions)
    files = _files(issue, decisions)
    tail = details.details(rest, decisions, outcome, files)
    return _written(issue, blocks, tail, decisions)


def contents(issue: Issue, comments: Sequence[Comment], decisions: Decisions) -> list[Text]:
    """The text of a comment that holds one of the source's, in as many parts as are needed; or
    several, which are short."""
    first, *others = comments
    if not others:
        return content(issue, first, decisions)
    texts = content(issue, first, decisions, folded.contents(comments), folded.UNCUT)
    for one in others:
        texts += content(issue, one, decisions, limit=folded.UNCUT)
    return [folded.together(texts)]


def content(
    issue: Issue,
    comment: Comment,
    decisions: Decisions,
    head: Iterable[Block] = (),
    limit: int | None = None,
) -> list[Text]:
    """A comment's text: the line of origin, the head, the subject if it says something, the body,
    the files that came with it, and what else the source says of it; in as many parts as are
    needed for a limit, or that of the settings."""
    blocks: list[Any] = [*head, *_lines(_before(issue, comment, decisions))]
    blocks += decisions.blocks(issue, fields.sound(comment.text))
    files = [one for one in issue.attachments if one.comment == comment.index]
    blocks += _lines([*_attachments(issue, files, decisions), *_after(comment, decisions)])
    return _written(comment, blocks, (), decisions, limit)


def said_again(
    issue: Issue, comment: Comment, when: datetime, decisions: Decisions
) -> list[tuple[int, Text]]:
    """What a comment says since it was edited, while it stands here as it was: texts, with the
    numbers of the parts that they are."""
    blocks: list[Any] = [*_lines([(Strong(EDITED),)]), *_lines(_before(issue, comment, decisions))]
    blocks += decisions.blocks(issue, fields.sound(comment.text))
    files = [one for one in issue.attachments if one.comment == comment.index]
    blocks += _lines([*_attachments(issue, files, decisions), *_after(comment, decisions)])

    def head(number: int) -> Head:
        return _origin(comment, decisions, number)

    long = Long(head=head(edition(when)), part_head=head, blocks=blocks, fixed=True)
    return editions(long, when, head, MARKUP, limit_of(decisions.options))


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


def _written(
    of: Issue | Comment,
    blocks: Sequence[Block],
    tail: Sequence[Block],
    decisions: Decisions,
    limit: int | None = None,
) -> list[Text]:
    """A text under its line of origin, in parts that StoryBoard takes."""
    long = Long(
        head=_origin(of, decisions),
        part_head=lambda number: _origin(of, decisions, number),
        blocks=blocks,
        tail=tail,
        fixed=isinstance(of, Comment),
    )
    return written_parts(long, MARKUP, limit_of(decisions.options) if limit is None else limit)


def _origin(of: Issue | Comment, decisions: Decisions, part: int = 0) -> Head:
    person = decisions.person(of.author) if of.author is not None else None
    name = name_of(of.author) if of.author is not None else None
    told = origin.Origin(
        label=part_label(called(of), part) if part else called(of),
        permalink=part_home(of.home, part) if part else of.home,
        author=(person.display_name if person else name) or None,
        author_home=person.home if person else None,
        when=of.created,
    )
    # the web client shows when a comment was written here, and a story's date nowhere (facts 2)
    return origin.head(told, origin.commonmark_line, dated=True)


def _before(issue: Issue, comment: Comment, decisions: Decisions) -> Iterator[Line]:
    if subject := telling(issue, comment.subject):
        yield (Strong("Subject:"), f" {subject}")
    if comment.edited is not None:
        yield (Strong("Edited:"), " ", *shown(comment.edited, decisions))


def _attachments(issue: Issue, files: Sequence[Attachment], decisions: Decisions) -> Iterator[Line]:
    told = _files(issue, decisions) if files else None
    for one in files:
        line = told(one) if told is not None else ()
        yield (
            Strong("Patch:" if one.patch else "Attachment:"),
            " ",
            *(line or (Url(one.home, one.title),)),
        )


def _files(issue: Issue, decisions: Decisions) -> Callable[[Attachment], Line]:
    """What is told of each attachment's file: nothing, if all there is is its address."""
    told = attached.fates(issue, decisions) if issue.attachments else {}
    source = parts(issue.key)[0].capitalize()
    return lambda one: attached.line(one, told.get(one.key), source)


def _after(comment: Comment, decisions: Decisions) -> Iterator[Line]:
    for name, value in sorted(comment.extra.items()):
        if value not in (None, "", [], {}, ()):
            yield (Strong(f"{label_of(name)}:"), " ", *shown(value, decisions))


def _lines(lines: Iterable[Line]) -> Iterator[Paragraph]:
    held = tuple(lines)
    if held:
        yield Paragraph(held)
