"""Lines, rows and words that are too long for a text, in pieces.

At a blank if there is one in the half before, else between two characters. An address is never cut
into another that can be followed: what is too long to be a link is text that stands out.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import accumulate
from typing import NamedTuple

import msgspec

from tracker_migrate.interfaces import Passing, Ref
from tracker_migrate.text.blocks import Inline, Line, Strong, Url
from tracker_migrate.text.lines import bare, pieces_of

_BLANK = re.compile(r"\s")


class ItemLine(NamedTuple):
    """A line of an item. number: the item's place in its list, from 0."""

    number: int
    line: Line


class Row(NamedTuple):
    """A row of a table."""

    cells: tuple[Line, ...]


#: a line of code, a line of a paragraph, of an item, a row
Payload = str | Line | ItemLine | Row


def chopped(payload: Payload, most: int) -> list[Payload]:
    """A payload in pieces of at most `most` characters; but for references and addresses."""
    match payload:
        case str():
            return list(_words(payload, most))
        case ItemLine():
            return [ItemLine(payload.number, line) for line in _chopped(payload.line, most)]
        case Row():
            return list(_chopped_row(payload.cells, most))
    return list(_chopped(payload, most))


def halved(payload: Payload) -> tuple[Payload, Payload] | None:
    """A payload in two; None if it can't be cut."""
    match payload:
        case str():
            return _text_halves(payload)
        case ItemLine():
            lines = _halves(payload.line)
            return lines and (
                ItemLine(payload.number, lines[0]),
                ItemLine(payload.number, lines[1]),
            )
        case Row():
            return _row_halves(payload.cells)
    return _halves(payload)


def _chopped(line: Line, most: int) -> Iterator[Line]:
    if _length(line) <= most:
        yield line
        return
    for group in _groups(pieces_of(line), most):
        if len(group) == 1 and isinstance(group[0], str):
            yield from ((text,) for text in _words(group[0], most))
        else:
            yield group


def _groups(pieces: Sequence[Inline], most: int) -> Iterator[Line]:
    """Groups of neighbouring pieces; one that is too long stands alone."""
    group: list[Inline] = []
    held = 0
    for piece in pieces:
        length = len(bare(piece))
        if group and held + length > most:
            yield tuple(group)
            group, held = [], 0
        group.append(piece)
        held += length
    if group:
        yield tuple(group)


def _chopped_row(cells: tuple[Line, ...], most: int) -> Iterator[Row]:
    """A row as it is; of one that is much too long, a row for each piece of each cell."""
    if sum(map(_length, cells)) <= most:
        yield Row(cells)
        return
    for number, cell in enumerate(cells):
        for line in _chopped(cell, most):
            yield Row(tuple(line if at == number else () for at in range(len(cells))))


def _length(line: Line) -> int:
    return sum(len(bare(piece)) for piece in line)


def _words(text: str, most: int) -> Iterator[str]:
    """A text in pieces of at most `most` characters, each with the blank that it ends in."""
    start = 0
    while len(text) - start > most:
        end = _blank(text, start + most // 2, start + most)
        yield text[start:end]
        start = end
    yield text[start:]


def _blank(text: str, start: int, end: int) -> int:
    """The place behind the last blank between two places, else the later place."""
    last = end
    for found in _BLANK.finditer(text, start, end):
        last = found.end()
    return last


def _row_halves(cells: tuple[Line, ...]) -> tuple[Row, Row] | None:
    """A row whose longest cell goes on in the next one, with all that follows that cell."""
    longest = max(range(len(cells)), key=lambda at: _length(cells[at]))
    lines = _halves(cells[longest])
    if lines is None:
        return None
    left = (*cells[:longest], lines[0], *((),) * (len(cells) - longest - 1))
    return Row(left), Row((*((),) * longest, lines[1], *cells[longest + 1 :]))


def _halves(line: Line) -> tuple[Line, Line] | None:
    pieces = pieces_of(line)
    lengths = list(accumulate(len(bare(piece)) for piece in pieces))
    if not lengths:
        return None
    if len(pieces) == 1:
        halves = _piece_halves(pieces[0])
        return halves and ((halves[0],), (halves[1],))
    middle = next(number for number, held in enumerate(lengths) if held * 2 >= lengths[-1])
    return tuple(pieces[: middle or 1]), tuple(pieces[middle or 1 :])


def _piece_halves(piece: Inline) -> tuple[Inline, Inline] | None:
    match piece:
        case str():
            return _text_halves(piece)
        case Url():
            return _address_halves(piece)
        case Ref():
            halves = _text_halves(piece.label)
            return halves and (halves[0], msgspec.structs.replace(piece, label=halves[1]))
        case Strong():
            halves = _text_halves(piece.text)
            return halves and (Strong(halves[0]), Strong(halves[1]))
        case Passing():
            halves = _text_halves(piece.text)
            return halves and (Passing(text=halves[0]), Passing(text=halves[1]))


def _address_halves(url: Url) -> tuple[Inline, Inline] | None:
    """Half of an address would lead elsewhere: both halves are text, in which none is found."""
    if url.label.strip():
        return f"{url.label} ", Url(url.address)
    halves = _text_halves(url.address)
    return halves and (Strong(halves[0]), Strong(halves[1]))


def _text_halves(text: str) -> tuple[str, str] | None:
    if len(text) < 2:
        return None
    middle = len(text) // 2
    at = _blank(text, (middle + 1) // 2, middle)
    return text[:at], text[at:]
