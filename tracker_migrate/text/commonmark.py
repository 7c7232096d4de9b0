"""Blocks → Markdown, as StoryBoard shows it (`commonmark_inline` tells what it takes)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from tracker_migrate.interfaces import Text
from tracker_migrate.text.blocks import Block, Code, Heading, Items, Line, Paragraph, Quote, Table
from tracker_migrate.text.characters import visible
from tracker_migrate.text.commonmark_inline import entities, lines_of, link, plain
from tracker_migrate.text.lines import DEEPEST, Pieces, bare_blocks, joined, prefixed

__all__ = ["entities", "link", "plain", "write"]


def write(blocks: Iterable[Block]) -> Text:
    """Blocks as Markdown, with references left open. Linear in the length of the text."""
    return joined(_write(blocks, 0))


def _write(blocks: Iterable[Block], depth: int) -> list[Pieces]:
    lines: list[Pieces] = []
    for block in blocks:
        written = _block(block, depth)
        if written and lines:
            lines.append([])
        lines.extend(written)
    return lines


def _block(block: Block, depth: int) -> list[Pieces]:
    match block:
        case Paragraph():
            return _paragraph(block.lines)
        case Code():
            return _code(block.text)
        case Quote():
            return _quote(block, depth)
        case Items():
            return _items(block)
        case Heading():
            return _heading(block.text)
        case Table():
            return _table(block)


def _heading(text: str) -> list[Pieces]:
    shown = plain(text.strip())
    if shown.endswith("#"):  # a reader takes these off the end
        shown = shown[:-1].removesuffix("\\") + "&#35;"
    return [["### ", shown]] if shown else []


def _paragraph(lines: Sequence[Line]) -> list[Pieces]:
    written = [line or ["&nbsp;"] for line in lines_of(lines)]
    for line in written[:-1]:
        line.append("  ")
    return written


def _code(text: str) -> list[Pieces]:
    code = visible(text).strip("\n")
    if not code.strip():
        return []
    longest = max((len(run) for run in re.findall(r"`+", code)), default=0)
    fence = "`" * max(3, longest + 1)
    return [[line] for line in (fence, *code.split("\n"), fence)]


def _quote(quote: Quote, depth: int) -> list[Pieces]:
    if depth >= DEEPEST:
        return _code(bare_blocks(quote.blocks))
    return prefixed(_write(quote.blocks, depth + 1), "> ", "> ")


def _items(items: Items) -> list[Pieces]:
    lines: list[Pieces] = []
    for number, item in enumerate(items.items, items.start):
        marker = f"{number}. " if items.ordered else "- "
        box = _BOXES[items.ticks[number - items.start]] if items.ticks else ""
        lines += prefixed(_paragraph(item), f"{marker}{box}", " " * len(marker))
    return lines


#: CommonMark has no boxes: they are read as they stand
_BOXES = {False: r"\[ \] ", True: r"\[x\] "}


def _table(table: Table) -> list[Pieces]:
    rows: list[Pieces] = [_row([(name,) for name in table.header])]
    rows.append(["|" + " --- |" * len(table.header)])
    return rows + [_row(row) for row in table.rows]


def _row(cells: Sequence[Line]) -> Pieces:
    row: Pieces = ["|"]
    for cell in cells:
        row += [" ", *lines_of([cell], pipes=True)[0], " |"]
    return row
