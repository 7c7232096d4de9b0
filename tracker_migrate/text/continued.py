"""A text that is longer than its target takes: the first part, and the parts that follow it.

The first part is the text's own object, under the text's own line of origin, and says that it goes
on. Each other part is an object of its own under a line of origin like that, whose label says which
part it is (`LP #123 comment 4, part 2 of 3`) and whose permalink has a mark behind it (`#part-2`),
so that no part is ever taken for another. How many parts there are is no reason to write a part
again: what can't be edited may say `part 2 of 3` beside a fourth.

A comment that was edited at its source, and can't be at the target, is told once more, as it reads
by then. That is a part, too: its number says when it was edited, and its label does
(`LP #123 comment 4, edited 2026-01-02 03:04:05`).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime

import msgspec

from tracker_migrate.interfaces import Head, Passing, Piece, Ref, Text
from tracker_migrate.model import Key, key, parts
from tracker_migrate.text import origin
from tracker_migrate.text.blocks import Block, Paragraph
from tracker_migrate.text.cutting import Markup, cut

#: stands for the number of parts while that is not known, and is as long as any
_MANY = 1_000_000
_PART = re.compile(r"(?P<whole>.+), part (?P<number>\d{1,7}) of \d{1,7}")
_MARK = re.compile(r"(?P<whole>.+)[#&](?:part-(?P<number>\d{1,7})|edited-(?P<edition>\d{17}))")
#: numbers of editions are moments, to the second, and three digits for the parts of a long one
_FIRST_EDITION = 10**16
_EDITED = re.compile(
    r"(?P<whole>.+), edited (?P<when>\d{4}-\d\d-\d\d \d\d:\d\d:\d\d)(?: part (?P<part>\d{1,3}))?"
)
#: what is said again begins so
EDITED = "This comment was edited after it was copied. It says now:"
#: the smallest that a text's limit may be: a line of origin with long names has to fit twice
SMALLEST = 10_000


def part_key(of: Key, number: int) -> Key:
    """The key of a part, from 2 on, of what has the key `of`."""
    tracker, kind, name = parts(of)
    return key(tracker, "part", f"{kind}:{name}/{number}")


def whole_key(of: Key) -> Key:
    """The key of the whole that a part's key names; any other key as it is."""
    tracker, kind, name = parts(of)
    return Key(f"{tracker}:{name.rpartition('/')[0]}") if kind == "part" else of


def edition(when: datetime) -> int:
    """The number of the part that says what something says since it was edited then."""
    return int(when.astimezone(UTC).strftime("%Y%m%d%H%M%S")) * 1000


def is_edition(of: Key) -> bool:
    """Whether a key is that of what was said again because it was edited."""
    _tracker, kind, name = parts(of)
    number = name.rpartition("/")[2] if kind == "part" else ""
    return number.isdecimal() and int(number) >= _FIRST_EDITION


def part_home(home: str, number: int) -> str:
    """The permalink of a part: it leads to the whole."""
    word = "edited" if number >= _FIRST_EDITION else "part"
    return f"{home}{'&' if '#' in home else '#'}{word}-{number}"


def whole_home(permalink: str) -> tuple[str, int]:
    """The permalink of the whole, and which part of it a permalink names; 0 for none."""
    found = _MARK.fullmatch(permalink)
    if found is None:
        return permalink, 0
    return found["whole"], int(found["number"] or found["edition"])


def part_label(label: str, number: int) -> str:
    """The label of a part, for a line of origin that `Written.lines` makes."""
    if number < _FIRST_EDITION:
        return f"{label}, part {number} of {_MANY}"
    when, part = divmod(number, 1000)
    told = datetime.strptime(str(when), "%Y%m%d%H%M%S").strftime("%Y-%m-%d %H:%M:%S")
    return f"{label}, edited {told}{f' part {part}' if part else ''}"


def whole_label(label: str) -> tuple[str, int]:
    """The label of the whole, and which part of it a label names; 0 for none."""
    if found := _EDITED.fullmatch(label):
        when = datetime.fromisoformat(found["when"]).replace(tzinfo=UTC)
        return found["whole"], edition(when) + int(found["part"] or 0)
    found = _PART.fullmatch(label)
    return (found["whole"], int(found["number"])) if found else (label, 0)


class Long(msgspec.Struct, frozen=True, kw_only=True):
    """A text that may be too long. head: its line of origin. part_head: a number → the line of
    origin of that part, with a label of `part_label`. blocks: what is dealt out to the parts. tail:
    blocks that stay in the first part if they leave half of it. fixed: the first part can't be
    written again because there are more parts."""

    head: Head
    part_head: Callable[[int], Head]
    blocks: Sequence[Block]
    tail: Sequence[Block] = ()
    fixed: bool = False


def written_parts(long: Long, markup: Markup, limit: int) -> list[Text]:
    """The texts of all parts, the first one first. No text takes more than `limit` bytes."""
    whole = _under(long.head, [*long.blocks, *long.tail], markup)
    if _surely_fits(whole, limit) or markup.weight(whole) <= limit:
        return [whole]
    kept, blocks = long.tail, long.blocks
    if markup.of(kept) * 2 > limit:
        kept, blocks = (), (*blocks, *kept)
    gap = markup.weigh("\n\n\u200b\n\n")
    note = markup.of(_note(_MANY, fixed=False))
    first = limit - _weight(long.head, markup) - markup.of(kept) - note - 3 * gap
    room = limit - _weight(long.part_head(_MANY), markup) - gap
    groups = cut(blocks, markup, room, first)
    if len(groups) < 2:
        return [whole]
    begun = [*groups[0], *_note(len(groups) - 1, fixed=long.fixed), *kept]
    return [_under(long.head, begun, markup), *_others(long, markup, groups)]


def _weight(head: Head, markup: Markup) -> int:
    """Of the longer of its forms."""
    return sum(markup.weigh(one if isinstance(one, str) else one.text) for one in head.told)


def _others(long: Long, markup: Markup, groups: Sequence[Sequence[Block]]) -> Iterator[Text]:
    for number, group in enumerate(groups[1:], 2):
        head = origin.passing(
            long.part_head(number), f", part {number} of ", str(_MANY), str(len(groups))
        )
        yield _under(head, group, markup)


def _surely_fits(text: Text, limit: int) -> bool:
    """Without weighing it: no character takes more than sixteen bytes, on any wire."""
    held = map(_length, text.parts)
    return sum(held) * 16 + len(text.refs) * 1000 <= limit


def _length(part: Piece) -> int:
    if isinstance(part, Ref):
        return len(part.label) + len(part.home)
    return len(part if isinstance(part, str) else part.text)


def _note(more: int, *, fixed: bool) -> tuple[Block, ...]:
    """Says that a text goes on. fixed: nobody can correct the number later."""
    number = Passing(text=str(more)) if fixed else str(more)
    if more == 1:
        return (Paragraph((("(continued in the next comment)",),)),)
    return (Paragraph((("(continued in the next ", number, " comments)"),)),)


def _under(head: Head, blocks: Sequence[Block], markup: Markup) -> Text:
    """A text under its line of origin, with the holes of the blocks left open."""
    body = markup.write(blocks).parts
    pieces: list[Piece] = [*head.told, *(("\n\n", *body) if body else ())]
    merged: list[Piece] = []
    for piece in pieces:
        if merged and isinstance(piece, str) and isinstance(merged[-1], str):
            merged[-1] += piece
        elif piece != "":
            merged.append(piece)
    return Text(parts=tuple(merged), head=head)


def editions(
    long: Long, when: datetime, head: Callable[[int], Head], markup: Markup, limit: int
) -> list[tuple[int, Text]]:
    """The texts of what is said again, with the numbers of the parts that they are. when: it was
    edited. head: a number → the line of origin of that part. long: its own heads are not used."""
    first = edition(when)
    under = msgspec.structs.replace(
        long, head=head(first), part_head=lambda number: head(first + min(number - 1, 999))
    )
    return list(enumerate(written_parts(under, markup, limit), first))
