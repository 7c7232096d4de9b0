"""The texts of documents, in Markdown, each under its line of origin."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from tracker_migrate.interfaces import Decisions, Text
from tracker_migrate.model import Comment, Issue, kind_of, name_of, parts
from tracker_migrate.text import commonmark, details, origin
from tracker_migrate.text.blocks import Block, Line, Paragraph, Strong, Url
from tracker_migrate.text.characters import visible
from tracker_migrate.text.fields import filled, shown
from tracker_migrate.text.subjects import telling

#: (entity, field) → what becomes of it: `text` is written into the details
Outcome = Callable[[str, str], str]

_HIDDEN = "the source hides this comment: it never leaves it"
_DELETED = "the comment was deleted at the source: deleted text is not moved"
_EMPTY = "the comment is empty"


def line(text: str) -> str:
    """A text on one line, with nothing in it that can't be seen."""
    return " ".join(visible(text).split())


def unwritten(issue: Issue, comment: Comment) -> str:
    """Why a comment is not written; "" if it is."""
    if comment.withheld:
        return _HIDDEN
    if comment.deleted:
        return _DELETED
    named = any(one.comment == comment.index for one in issue.attachments)
    return "" if comment.text.strip() or named else _EMPTY


def description(issue: Issue, decisions: Decisions, outcome: Outcome) -> Text:
    """What an issue is about, and below it all that no field holds."""
    told = details.details(details.without_repeats(issue), decisions, outcome)
    return _under(issue, [*decisions.blocks(issue, issue.description), *told], decisions)


def comment(issue: Issue, one: Comment, decisions: Decisions) -> Text:
    """A comment, with what its fields do not hold above it, and its files below."""
    lines = tuple(_above(issue, one, decisions))
    blocks: list[Block] = [Paragraph(lines)] if lines else []
    blocks += decisions.blocks(issue, one.text) if one.text.strip() else ()
    files = [file for file in issue.attachments if file.comment == one.index]
    if files:
        blocks.append(
            Paragraph(tuple((Strong("Attachment:"), " ", Url(f.home, f.title)) for f in files))
        )
    return _under(one, blocks, decisions)


def _above(issue: Issue, one: Comment, decisions: Decisions) -> Iterator[Line]:
    if subject := telling(issue, one.subject):
        yield (Strong("Subject:"), f" {subject}")
    for field in filled(one):
        if field.name == "edited" or field.name.startswith("extra."):
            yield (Strong(f"{field.label}:"), " ", *shown(field.value, decisions))


def _under(of: Issue | Comment, blocks: Iterable[Block], decisions: Decisions) -> Text:
    person = decisions.person(of.author) if of.author is not None else None
    name = name_of(of.author) if of.author is not None else None
    told = origin.Origin(
        label=_label(of),
        permalink=of.home,
        author=(person.display_name if person else name) or None,
        author_home=person.home if person else None,
        when=of.created,
    )
    written = commonmark.write(blocks)
    return Text(parts=(f"{origin.commonmark_line(told)}\n\n", *written.parts))


def _label(of: Issue | Comment) -> str:
    tracker = parts(of.key)[0].capitalize()
    if isinstance(of, Issue):
        return f"{tracker} {of.kind} {of.name}"
    return f"{tracker} {kind_of(of.key)} {name_of(of.key)}"
