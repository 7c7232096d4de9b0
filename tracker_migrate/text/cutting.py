"""Blocks that are too long for one text of a target, dealt out to several.

They are cut as blocks, before a writer sees them: so each part is written, and can be read, alone.
A fence, a quote, a list or a table that goes on in the next part is opened again there, with its
language, its number or its header; no reference, link or escape is ever cut, for there are none
yet. Where there is a choice, a part ends between blocks, else between lines, else between words.

Among equally good places the one is taken whose following text has the lowest checksum, so that the
places depend on the text around them alone: who adds a line to the first part leaves the others as
they were. Many targets can't edit what they were once given.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import chain, count, groupby
from typing import NamedTuple, TypeGuard
from zlib import crc32

import msgspec

from tracker_migrate.interfaces import Passing, Piece, Ref, Seal, Text
from tracker_migrate.text.blocks import (
    Block,
    Code,
    Heading,
    Inline,
    Items,
    Line,
    Paragraph,
    Quote,
    Table,
)
from tracker_migrate.text.characters import visible
from tracker_migrate.text.halving import ItemLine, Payload, Row, chopped, halved
from tracker_migrate.text.lines import DEEPEST, bare_blocks

#: bytes that the address of a reference may have more at the target than at the source
_ADDRESS = 300
#: what changes in passing counts as so many bytes, or the next multiple: no part changes with it
_PASSING = 64
#: how good a place is to end a part: between blocks, between lines, within a line
_BLOCKS, _LINES, _WORDS = range(3)
#: this part of a text's room is left for fences, headers and what stands between blocks
_SPARE = 20


class Markup(msgspec.Struct, frozen=True):
    """A target's markup, and what its texts weigh.

    write: blocks → text. link: a label and an address → a link. weigh: bytes that a piece of
    written text takes in a request; never less than its characters, and the same for a whole as for
    its pieces together.
    """

    write: Callable[[Iterable[Block]], Text]
    link: Callable[[str, str], str]
    weigh: Callable[[str], int]

    def weight(self, text: Text) -> int:
        """The bytes that a text takes at most, whatever its references will be."""
        return sum(map(self._part, text.parts))

    def of(self, blocks: Iterable[Block]) -> int:
        """The bytes that blocks take at most when they are written."""
        return self.weight(self.write(blocks))

    def _part(self, part: Piece) -> int:
        if isinstance(part, Ref):
            return self.weigh(self.link(part.label, part.home)) + _ADDRESS
        if isinstance(part, Passing):
            return -(-self.weigh(part.text) // _PASSING) * _PASSING
        return self.weigh(part.text if isinstance(part, Seal) else part)


class _Atom(NamedTuple):
    """The smallest that is kept together: a block (payload None), or a line, row, part of a line.

    path: the numbered blocks that it stands in, the outermost first. joins: it goes on with the
    line of the atom before. place: how good a place to end a part is before it. mark: a checksum.
    """

    path: tuple[tuple[int, Block], ...]
    payload: Payload | None
    weight: int
    joins: bool = False
    place: int = _BLOCKS
    mark: int = 0


def cut(
    blocks: Iterable[Block], markup: Markup, room: int, first: int | None = None
) -> list[tuple[Block, ...]]:
    """The blocks of each part, in order. No part takes more than `room` bytes when it is written,
    the first no more than `first`; but for what can't be cut, such as a character. Linear in the
    length of the text."""
    first = room if first is None else first
    cutter = _Cutter(markup, min(room, first))
    atoms = [atom for block in blocks for atom in cutter.atoms(block, ())]
    return list(_packed(atoms, markup, room, first))


# -- into atoms -----------------------------------------------------------------------------------


class _Cutter:
    """Takes blocks apart as far as is needed for each atom to fit."""

    def __init__(self, markup: Markup, room: int) -> None:
        self._markup, self._room = markup, room
        self._numbers = count()
        self._prefix = markup.weigh("> ")
        #: what a line may get at its ends, and a block around it
        self._break = markup.weigh("    \n")
        self._headers: dict[tuple[str, ...], int] = {}

    def atoms(self, block: Block, path: tuple[tuple[int, Block], ...]) -> Iterator[_Atom]:
        if isinstance(block, Quote) and len(path) >= DEEPEST:
            block = Code(bare_blocks(block.blocks))
        here = (*path, (next(self._numbers), block))
        place = _LINES if path else _BLOCKS
        whole = self._weighed(_Atom(here, None, 0, place=place))
        if whole.weight <= self._room:
            yield whole
            return
        if isinstance(block, Heading):
            block = Paragraph(((block.text,),))
            here = (*path, (next(self._numbers), block))
        for number, atom in enumerate(self._parts(block, here)):
            yield atom if number else atom._replace(place=place)

    def _parts(self, block: Block, here: tuple[tuple[int, Block], ...]) -> Iterator[_Atom]:
        match block:
            case Quote():
                for inner in block.blocks:
                    yield from self.atoms(inner, here)
            case Code():
                for line in visible(block.text).split("\n"):
                    yield from self._code(_Atom(here, line, 0, place=_LINES))
            case _:
                for payload in _payloads(block):
                    yield from self._line(_Atom(here, payload, 0, place=_LINES))

    def _code(self, atom: _Atom) -> Iterator[_Atom]:
        """A line of code: its weight is known without writing it, but for a fence that outgrows the
        backticks in it."""
        assert isinstance(atom.payload, str)
        weight = self._markup.weigh(atom.payload) + self._around(atom)
        if "`" in atom.payload or weight * 4 > self._room * 3:  # its fence counts, too
            yield from self._line(atom)
        else:
            yield atom._replace(weight=weight, mark=_checksum(atom.payload))

    def _line(self, atom: _Atom) -> Iterator[_Atom]:
        """A line, or its pieces. What is much too long is first taken apart by its characters."""
        assert atom.payload is not None
        first, *more = chopped(atom.payload, self._room)
        waiting = [_joining(atom, piece) for piece in reversed(more)]
        waiting.append(atom._replace(payload=first))
        while waiting:
            one = self._weighed(waiting.pop())
            halves = halved(one.payload) if one.payload and one.weight > self._room else None
            if halves is None:
                yield one._replace(weight=one.weight - self._header(one))
            else:
                waiting += [_joining(one, halves[1]), one._replace(payload=halves[0])]

    def _weighed(self, atom: _Atom) -> _Atom:
        text = self._markup.write(_built([atom], 0))
        weight = self._markup.weight(text) + self._around(atom)
        return atom._replace(weight=weight, mark=_checksum(text))

    def _header(self, atom: _Atom) -> int:
        """What the header of a table weighs: it stands once for all rows of a part."""
        block = atom.path[-1][1]
        if not isinstance(block, Table):
            return 0
        if block.header not in self._headers:
            self._headers[block.header] = self._markup.of([Table(block.header, ())])
        return self._headers[block.header]

    def _around(self, atom: _Atom) -> int:
        return self._break + (len(atom.path) - 1) * self._prefix


def _payloads(block: Block) -> Iterator[Payload]:
    match block:
        case Paragraph():
            yield from block.lines
        case Items():
            for number, item in enumerate(block.items):
                yield from (ItemLine(number, line) for line in item or ((),))
        case Table():
            yield from map(Row, block.rows)


def _joining(atom: _Atom, payload: Payload) -> _Atom:
    return atom._replace(payload=payload, joins=True, place=_WORDS)


def _checksum(text: str | Text) -> int:
    if isinstance(text, Text):
        text = "".join(part for part in text.parts if isinstance(part, str))
    return crc32(text.encode("utf-8", "replace"))


# -- into parts -----------------------------------------------------------------------------------


def _packed(
    atoms: Sequence[_Atom], markup: Markup, room: int, first: int
) -> Iterator[tuple[Block, ...]]:
    start, most = 0, first
    while start < len(atoms):
        end = _end(atoms, start, most - most // _SPARE)
        part = tuple(_built(atoms[start:end], 0))
        while end - start > 1 and markup.of(part) > most:  # what stands together may weigh more
            end = start + (end - start) // 2
            part = tuple(_built(atoms[start:end], 0))
        yield part
        start, most = end, room


def _end(atoms: Sequence[_Atom], start: int, most: int) -> int:
    """Where a part ends: at the best place in its second half."""
    held, end = atoms[start].weight, start + 1
    best: tuple[int, int, int] | None = None
    while end < len(atoms):
        if held * 2 >= most:
            found = (_place(atoms, end), atoms[end].mark, end)
            best = found if best is None else min(best, found)
        held += atoms[end].weight
        if held > most:
            return end if best is None else best[2]
        end += 1
    return end


def _place(atoms: Sequence[_Atom], at: int) -> int:
    """How good a place is. A heading stays with what follows it."""
    heads = isinstance(atoms[at - 1].path[-1][1], Heading)
    return _WORDS if heads else atoms[at].place


def _built(atoms: Sequence[_Atom], depth: int) -> Iterator[Block]:
    """Blocks again, from the atoms of a part."""
    for (_, block), group in groupby(atoms, key=lambda atom: atom.path[depth]):
        held = list(group)
        if len(held[0].path) > depth + 1:
            yield Quote(tuple(_built(held, depth + 1)))
        elif held[0].payload is None:
            yield block
        else:
            yield _part_of(block, held)


def _part_of(block: Block, atoms: Sequence[_Atom]) -> Block:
    held = [(one.joins, one.payload) for one in atoms]
    match block:
        case Code():
            lines = (
                text if joins else f"\n{text}" for joins, text in held if isinstance(text, str)
            )
            return Code("".join(lines).removeprefix("\n"))
        case Items():
            return _items(block, held)
        case Table():
            return Table(block.header, tuple(_rows(held)))
    return Paragraph(_lines((joins, line) for joins, line in held if _is_line(line)))


def _is_line(payload: Payload | None) -> TypeGuard[Line]:
    return isinstance(payload, tuple) and not isinstance(payload, ItemLine | Row)


Held = Sequence[tuple[bool, Payload | None]]


def _lines(pairs: Iterable[tuple[bool, Line]]) -> tuple[Line, ...]:
    lines: list[list[Inline]] = []
    for joins, line in pairs:
        if joins and lines:
            lines[-1] += line
        else:
            lines.append(list(line))
    return tuple(map(tuple, lines))


def _items(block: Items, held: Held) -> Items:
    """The items that a part has, numbered as they were."""
    lines = [(joins, one) for joins, one in held if isinstance(one, ItemLine)]
    items = tuple(
        _lines((joins, one.line) for joins, one in group)
        for _, group in groupby(lines, key=lambda pair: pair[1].number)
    )
    first, last = lines[0][1].number, lines[-1][1].number
    ticks = block.ticks[first : last + 1]
    return Items(items, ordered=block.ordered, start=block.start + first, ticks=ticks)


def _rows(held: Held) -> Iterator[tuple[Line, ...]]:
    rows: list[list[tuple[bool, Row]]] = []
    for joins, row in held:
        assert isinstance(row, Row)
        if joins and rows:
            rows[-1].append((joins, row))
        else:
            rows.append([(joins, row)])
    for pieces in rows:
        columns = zip(*(row.cells for _, row in pieces), strict=True)
        yield tuple(tuple(chain.from_iterable(column)) for column in columns)
