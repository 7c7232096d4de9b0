"""What the writers share: lines of output with holes in them, and blocks as bare text."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

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
    Url,
)
from tracker_migrate.text.characters import visible

_NOTHING = Passing(text="")
#: one line of output, in pieces
Pieces = list[str | Ref | Passing]

#: Maniphest drops what is quoted deeper than 32 times; nobody reads more than a few
DEEPEST = 8


def joined(lines: Iterable[Pieces]) -> Text:
    """Lines as one Text, with line feeds between them; neighbouring strings become one."""
    parts: list[str | Ref | Passing] = []
    run: list[str] = []
    for number, line in enumerate(lines):
        if number:
            run.append("\n")
        for piece in line:
            if isinstance(piece, str):
                run.append(piece)
                continue
            if run and (text := "".join(run)):
                parts.append(text)
            run = []
            parts.append(piece)
    if text := "".join(run):
        parts.append(text)
    return Text(parts=tuple(parts))


def prefixed(lines: Iterable[Pieces], first: str, rest: str) -> list[Pieces]:
    """The lines with `first` before the first one and `rest` before the others."""
    return [[first if not number else rest, *line] for number, line in enumerate(lines)]


def one_line(text: str) -> str:
    """A text as part of one line: line feeds become blanks, controls visible."""
    return visible(text).replace("\n", " ")


def pieces_of(line: Line) -> list[Inline]:
    """A line's pieces, with neighbouring strings made one, and the web addresses in them found.

    What is no address on the web (`javascript:` in a field of a bug) is text."""
    if len(line) == 1 and isinstance(line[0], str):  # most lines
        return _of_text(line[0])
    pieces: list[Inline] = []
    texts: list[str] = []
    for one in line:
        piece = _no_false_link(one) if isinstance(one, Url) else one
        if isinstance(piece, str):
            texts.append(piece)
            continue
        if texts:
            pieces += _of_text("".join(texts))
            texts = []
        if piece != _NOTHING:
            pieces.append(piece)
    return pieces + _of_text("".join(texts)) if texts else pieces


def _of_text(text: str) -> list[Inline]:
    """A text's pieces: the web addresses in it, and what is between them."""
    text = one_line(text)
    pieces: list[Inline] = []
    done = 0
    for start, end in urls.find(text):
        if done < start:
            pieces.append(text[done:start])
        pieces.append(Url(text[start:end]))
        done = end
    if done < len(text):
        pieces.append(text[done:])
    return pieces


def _no_false_link(piece: Url) -> Url | str:
    if urls.linkable(piece.address):
        return piece
    label = piece.label.strip()
    return f"{label} ({piece.address})" if label else piece.address


def bare(piece: Inline) -> str:
    """What a reader sees of an inline piece."""
    match piece:
        case str():
            return piece
        case Url():
            return piece.label if piece.label.strip() else piece.address
        case Ref():
            return piece.label
        case Strong() | Passing():
            return piece.text


def bare_line(line: Line) -> str:
    """What a reader sees of a line."""
    return "".join(bare(piece) for piece in line)


def bare_blocks(blocks: Iterable[Block]) -> str:
    """What a reader sees of blocks: what is nested too deep to be written is kept so."""
    return "\n".join(_bare(blocks, ""))


def _bare(blocks: Iterable[Block], prefix: str) -> Iterator[str]:
    waiting: list[tuple[Block, str]] = [(block, prefix) for block in reversed(tuple(blocks))]
    while waiting:  # no recursion: the nesting of a hostile text may be deeper than the stack
        block, before = waiting.pop()
        match block:
            case Quote():
                inner = before if len(before) > 2 * DEEPEST else before + "> "
                waiting.extend((one, inner) for one in reversed(block.blocks))
            case Code() | Heading():
                yield from (before + line for line in block.text.split("\n"))
            case Paragraph():
                yield from (before + bare_line(line) for line in block.lines)
            case Items():
                yield from (
                    before + "- " + bare_line(line) for item in block.items for line in item
                )
            case Table():
                yield before + " | ".join(block.header)
                yield from (before + " | ".join(map(bare_line, row)) for row in block.rows)
