"""Blocks → Remarkup, the markup of Phabricator and Phorge, with nothing live that was not meant.

Remarkup has no escape character. Seen on a real server (facts, sections 1 and 14), by how little
they disturb:

- a paragraph without links goes between `%%%`: shown as prose, with its line breaks, nothing live;
- in a paragraph with links, a word that would be live is set in monospace, and can be copied whole;
- a zero-width space stands only at the head or end of a line, and where nothing else helps;
- an address goes between `<` and `>`: clickable, but the server's own is no mention then;
- code goes into a ``` fence, whose first line `lang=text` keeps the server from taking the code's
  own first line for options; a fence can't be made longer, so code that holds one is indented by
  two blanks instead. The server takes away what indentation all lines of a code have in common.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from tracker_migrate.interfaces import Passing, Ref, Text
from tracker_migrate.text import urls
from tracker_migrate.text.blocks import (
    Block,
    Code,
    Heading,
    Inline,
    Items,
    Line,
    Paragraph,
    Quote,
    Strong,
    Table,
)
from tracker_migrate.text.characters import visible
from tracker_migrate.text.lines import DEEPEST, Pieces, bare_blocks, joined, prefixed
from tracker_migrate.text.remarkup_inline import (
    BLANK,
    ZERO,
    indent,
    line_of,
    link,
    link_address,
    link_label,
    plain,
)
from tracker_migrate.text.remarkup_live import live_line

__all__ = ["link", "link_address", "link_label", "plain", "write"]


def write(blocks: Iterable[Block]) -> Text:
    """Blocks as Remarkup, with references left open. Linear in the length of the text."""
    return joined(_write(blocks, 0))


def _write(blocks: Iterable[Block], depth: int) -> list[Pieces]:
    lines: list[Pieces] = []
    before: Block | None = None
    indented = False
    for block in blocks:
        written = _block(block, depth)
        if not written:
            continue
        if lines:
            lines.append([])
        if _indented(written) and (isinstance(before, Items) or indented):
            lines += [[ZERO], []]  # else the list or code above would take this code in
        lines.extend(written)
        before, indented = block, _indented(written)
    return lines


def _indented(lines: Sequence[Pieces]) -> bool:
    head = lines[0][0] if lines[0] else ""
    return isinstance(head, str) and head.startswith(" ")


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
    """A heading. The server takes `#` and `=` off both of its ends."""
    shown = plain(text.strip())
    start = ZERO if shown.startswith(("#", "=")) else ""
    end = ZERO if shown.endswith(("#", "=")) else ""
    return [["=== ", start, shown, end, " ==="]] if shown else []


def _paragraph(lines: Sequence[Line]) -> list[Pieces]:
    return _literal(lines) or [line_of(line) or [BLANK] for line in lines]


def _literal(lines: Sequence[Line]) -> list[Pieces] | None:
    """The lines between `%%%`, if they hold something live but no link, and no `%%%`."""
    texts: list[str] = []
    for line in lines:
        if not all(isinstance(piece, str) for piece in line):
            return None
        text = visible("".join(piece for piece in line if isinstance(piece, str)))
        if "%%%" in text or next(urls.find(text), None):
            return None
        texts += text.split("\n")
    texts = [indent(text).rstrip(" \t") for text in texts]
    if not any(live_line(text) for text in texts):
        return None
    shown = [[text] for text in texts]
    shown[0] = ["%%%", *shown[0]]
    shown[-1] = [*shown[-1], "%%%"]
    return [list(line) for line in shown]


def _code(text: str) -> list[Pieces]:
    code = visible(text).strip("\n")
    if not code.strip():
        return []
    if "```" in code:
        lines = ["lang=text", *code.split("\n")]
        return [[f"  {line}" if line.strip() else ""] for line in lines]
    return [[line] for line in ("```lang=text", *code.split("\n"), "```")]


def _quote(quote: Quote, depth: int) -> list[Pieces]:
    if depth >= DEEPEST:
        return _code(bare_blocks(quote.blocks))
    return prefixed(_write(quote.blocks, depth + 1), "> ", "> ")


def _items(items: Items) -> list[Pieces]:
    """A list. The server makes one line of an item's lines, but keeps blank ones between them."""
    lines: list[Pieces] = []
    for number, item in enumerate(items.items, items.start):
        marker = f"{number}. " if items.ordered else "- "
        box = _BOXES[items.ticks[number - items.start]] if items.ticks else ""
        for at, line in enumerate(item or ((),)):
            lines += [[]] if at else []
            written = line_of(line) or [ZERO]
            if not at and _checkbox(written[0]):
                written.insert(0, ZERO)
            lines.append([" " * len(marker) if at else f"{marker}{box}", *written])
    return lines


_BOXES = {False: "[ ] ", True: "[x] "}


def _checkbox(piece: str | Ref | Passing) -> bool:
    text = "" if isinstance(piece, Ref) else piece if isinstance(piece, str) else piece.text
    return bool(re.match(r"\[\D?\]", text))


def _table(table: Table) -> list[Pieces]:
    rows: list[Pieces] = [_row([(name,) for name in table.header])]
    rows.append(["|" + " --- |" * len(table.header)])
    return rows + [_row(row) for row in table.rows]


def _row(cells: Sequence[Line]) -> Pieces:
    row: Pieces = ["|"]
    for cell in cells:
        safe = tuple(_cell_safe(piece) for piece in cell)
        row += [" ", *line_of(safe), " |"]
    return row


def _cell_safe(piece: Inline) -> Inline:
    """A `|` would end the cell, and what follows an open `[[` would vanish with its row."""
    match piece:
        case str():
            return _safe(piece)
        case Strong():
            return Strong(_safe(piece.text))
        case Passing():
            return Passing(text=_safe(piece.text))
    return piece


def _safe(text: str) -> str:
    return text.replace("|", "\uff5c").replace("[[", f"[{ZERO}[")
