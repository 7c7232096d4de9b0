"""Runs of comments by bots, folded into one comment: which are folded, and how that one says so.

What stands at the target stays as it was cut there, for not every target lets a comment be changed:
only comments that are not written yet are gathered. Each keeps its own line of origin. Which ones
follow is told in one line right under the first, where no text of anybody's can stand: else a log
that quotes such a line could pass for a comment.

    *[LP #7 comment 3](...) · bot, 2014-05-06 07:08:09 UTC*

    **2 comments by bots:** 3, 4

    (its text)

    ---

    *[LP #7 comment 4](...) · bot, 2014-05-06 07:09:10 UTC*

    (its text)
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

import msgspec

from tracker_migrate.interfaces import Decisions, Text
from tracker_migrate.model import Comment, Issue, Key
from tracker_migrate.text import origin
from tracker_migrate.text.blocks import Paragraph, Strong
from tracker_migrate.text.origin import Origin

#: characters of a comment that is folded, and of all in one; and how many stand in one at most.
#: Nine of ten comments by Nova's bots have less than 900; those of a merge have up to 170 000
LONGEST = 10_000
WHOLE = 50_000
MOST = 50
#: a comment that holds several is never cut: no character takes more bytes than this on any wire,
#: links and all, and a line of origin no more than so many characters do
_BYTES, _LINE = 20, 100
#: a limit that cuts nothing
UNCUT = 1 << 62

_CONTENTS = re.compile(r"[^\n]*\n\r?\n\*\*\d+ comments by bots:\*\* (\d+(?:, \d+)*) *\r?(?:\n|\Z)")
_ENTRY = re.compile(r"^(?:\*\[|//\[\[)[^\n]*$", re.MULTILINE)
_INDEX = re.compile(r" comment (\d+)$")


class Group(msgspec.Struct, frozen=True):
    """Comments of the source that are one at the target. key: of that one: of the first of them,
    when it was written."""

    key: Key
    comments: tuple[Comment, ...]

    @property
    def holds(self) -> tuple[Key, ...]:
        """Those that stand in another one."""
        return tuple(one.key for one in self.comments if one.key != self.key)


def groups(
    issue: Issue, written: Sequence[Comment], decisions: Decisions, limit: int
) -> tuple[Group, ...]:
    """The comments at the target, in order. written: those of the issue that are written at all.
    limit: bytes that a text of the target's may take."""
    if len(issue.comments) < 2:
        return tuple(Group(one.key, (one,)) for one in written)
    standing = decisions.standing(issue.key)
    folds = decisions.options.get("bots") == "fold"
    with_files = {one.comment for one in issue.attachments}
    found: dict[Key, list[Comment]] = {}
    run: Key | None = None
    for one in written:
        at = standing.get(one.key)
        if at is not None:
            run = None
        elif not (folds and one.index not in with_files and _is_short_and_a_bots(one, decisions)):
            at, run = one.key, None
        else:
            if run is None or not _fits(found[run], one, min(WHOLE, limit // _BYTES)):
                run = one.key
            at = run
        found.setdefault(at, []).append(one)
    return tuple(Group(key, tuple(comments)) for key, comments in found.items())


def _is_short_and_a_bots(comment: Comment, decisions: Decisions) -> bool:
    """The first is the report itself, and stays alone."""
    return comment.index > 0 and len(comment.text) <= LONGEST and decisions.is_bot(comment.author)


def _fits(run: Sequence[Comment], comment: Comment, most: int) -> bool:
    return len(run) < MOST and sum(len(one.text) + _LINE for one in (*run, comment)) <= most


def contents(comments: Sequence[Comment]) -> tuple[Paragraph, ...]:
    """What the first of several comments begins with: which ones stand together."""
    if len(comments) < 2:
        return ()
    numbers = ", ".join(str(one.index) for one in comments)
    return (Paragraph(((Strong(f"{len(comments)} comments by bots:"), f" {numbers}"),)),)


def together(texts: Sequence[Text]) -> Text:
    """The texts of several comments in one; both markups draw the rule between them."""
    parts = [*texts[0].parts]
    for text in texts[1:]:
        parts += ["\n\n---\n\n", *text.parts]
    return Text(parts=tuple(parts))


def origins(text: str) -> list[Origin]:
    """Every origin that a comment names: in its first line; and of what stands in it besides."""
    first = origin.parse(text)
    if first is None:
        return []
    told = _CONTENTS.match(text)
    return [first, *_entries(text, set(told[1].split(", ")), first)] if told else [first]


def _entries(text: str, told: set[str], first: Origin) -> Iterator[Origin]:
    left = told - {_index(first)}
    for line in _ENTRY.finditer(text):
        found = origin.parse(line[0])
        if found is not None and _index(found) in left:
            left.discard(_index(found))
            yield found


def _index(found: Origin) -> str:
    match = _INDEX.search(found.label)
    return match[1] if match else ""
