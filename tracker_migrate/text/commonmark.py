"""Blocks → Markdown, for readers as old as StoryBoard's `marked` and as new as CommonMark.

Both must show the same, so only what both know is used: `<` is an entity (old `marked` has no
backslash for it), a hard line break is two blanks, every `*` is escaped (old `marked` has no rule
of flanking). Escapes stand where they matter: `snake_case`, `[nova]` and full stops stay bare.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from tracker_migrate.interfaces import Ref, Text
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
    Url,
)
from tracker_migrate.text.characters import visible
from tracker_migrate.text.lines import (
    DEEPEST,
    Pieces,
    bare_blocks,
    joined,
    one_line,
    pieces_of,
    prefixed,
)

#: what can't stand in an address: it would end the link, the emphasis around it or the table cell
_UNSAFE = "()<>[]\\\"'`*|{}^"
_LABEL = re.compile(r"[\\`*_\[\]<>&|!~]")
_SPECIAL = re.compile(
    r"\\(?=[!-/:-@\[-`{-~\s]|$)|[`*_\[]|<(?! )|&(?=#?\w+;)|~(?=~)|(?<=~)~|!(?=\[|$)|\|"
)
_START = re.compile(r"[#>]|[-+](?=[-+\s]|$)|=|:(?=-)|\d{1,9}(?=[.)](?:\s|$))")
_ENTITIES = {"<": "&lt;", "&": "&amp;", "=": "&#61;", ":": "&#58;", "|": "&#124;"}
_WORD_END = re.compile(r"(?<![A-Za-z0-9])_|_(?![A-Za-z0-9])")


class _Care(NamedTuple):
    """What a paragraph holds that makes a harmless character live somewhere else in it."""

    underscores: bool
    brackets: bool
    pipes: bool = False


def write(blocks: Iterable[Block]) -> Text:
    """Blocks as Markdown, with references left open. Linear in the length of the text."""
    return joined(_write(blocks, 0))


def link(label: str, address: str) -> str:
    """A link; `label` is plain text. An address that is not on the web is shown, not linked."""
    if not urls.linkable(address):
        return plain(f"{label} ({address})" if label and address else label or address)
    shown = entities(one_line(label) or address)
    return f"[{shown}]({urls.encoded(visible(address), _UNSAFE)})"


def plain(text: str) -> str:
    """One line of plain text; nothing in it is live, at the head of a line too."""
    line = (one_line(text),)
    return "".join(_line_strings(line))


def _line_strings(line: tuple[str]) -> list[str]:
    care = _care([line])
    return [piece for piece in _line(line, care) if isinstance(piece, str)]


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
            return [["### ", plain(block.text)]] if block.text.strip() else []
        case Table():
            return _table(block)


def _paragraph(lines: Sequence[Line]) -> list[Pieces]:
    care = _care(lines)
    written = [_line(line, care) or ["\u00a0"] for line in lines]
    for line in written[:-1]:
        line.append("  ")
    return written


def _care(lines: Sequence[Line], pipes: bool = False) -> _Care:
    text = "\n".join(
        "".join(piece if isinstance(piece, str) else " " for piece in line) for line in lines
    )
    return _Care(
        underscores=bool(_WORD_END.search(text)),
        brackets="](" in text or "][" in text or "]:" in text,
        pipes=pipes,
    )


def _line(line: Line, care: _Care) -> Pieces:
    pieces: Pieces = []
    for part in pieces_of(line):
        pieces.append(_piece(part, care, first=not pieces))
    if pieces and isinstance(pieces[-1], str):
        pieces[-1] = pieces[-1].rstrip(" \t")
    return [piece for piece in pieces if piece != ""]


def _piece(part: Inline, care: _Care, *, first: bool) -> str | Ref:
    match part:
        case str():
            return _at_start(part, care) if first else _escaped(part, care)
        case Ref():
            return part
        case Strong():
            shown = one_line(part.text).strip()
            return f"**{entities(shown)}**" if shown else ""
        case Url():
            return _url(part)


def _url(url: Url) -> str:
    address = urls.encoded(visible(url.address), _UNSAFE)
    if url.label or address != url.address or not urls.linkable(address):
        return link(url.label or url.address, url.address)
    return f"<{address}>"


def _at_start(text: str, care: _Care) -> str:
    """A text at the head of a line: blanks are kept as such, what starts a block is escaped."""
    body = text.lstrip(" \t")
    blanks = text[: len(text) - len(body)].expandtabs(4).replace(" ", "\u00a0")
    match = _START.match(body)
    if not match:
        return blanks + _escaped(body, care)
    head, rest = match.group(), _escaped(body[match.end() :], care)
    if head.isdigit():
        return f"{blanks}{head}\\{rest}"
    return blanks + _ENTITIES.get(head, "\\" + head) + rest


def _escaped(text: str, care: _Care) -> str:
    return _SPECIAL.sub(lambda match: _escape(match.group(), care), text)


def _escape(one: str, care: _Care) -> str:
    if (
        (one == "_" and not care.underscores)
        or (one == "[" and not care.brackets)
        or (one == "|" and not care.pipes)
    ):
        return one
    return _ENTITIES.get(one, "\\" + one)


def entities(text: str) -> str:
    """A text with all that could be markup as entities: safe inside a link or an emphasis too,
    where old `marked` heeds no backslash."""
    return _LABEL.sub(lambda match: f"&#{ord(match.group())};", text)


def _code(text: str) -> list[Pieces]:
    code = visible(text).strip("\n")
    longest = max((len(run) for run in re.findall(r"`+", code)), default=0)
    fence = "`" * max(3, longest + 1)
    return [[line] for line in (fence, *code.split("\n"), fence)]


def _quote(quote: Quote, depth: int) -> list[Pieces]:
    if depth >= DEEPEST:
        return _code(bare_blocks(quote.blocks))
    return prefixed(_write(quote.blocks, depth + 1), "> ", "> ")


def _items(items: Items) -> list[Pieces]:
    lines: list[Pieces] = []
    for number, item in enumerate(items.items, 1):
        marker = f"{number}. " if items.ordered else "- "
        lines += prefixed(_paragraph(item), marker, " " * len(marker))
    return lines


def _table(table: Table) -> list[Pieces]:
    rows: list[Pieces] = [_row([(name,) for name in table.header])]
    rows.append(["|" + " --- |" * len(table.header)])
    return rows + [_row(row) for row in table.rows]


def _row(cells: Sequence[Line]) -> Pieces:
    row: Pieces = ["|"]
    for cell in cells:
        row += [" ", *_line(cell, _care([cell], pipes=True)), " |"]
    return row
