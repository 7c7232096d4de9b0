"""A text in no tracker's markup: what a reader sees, as blocks of inline pieces.

A source turns its texts into blocks; a writer (`commonmark`, `remarkup`) turns blocks into a `Text`
of the target's markup, with the references still open. A block's plain strings are exactly what the
reader saw at the source: no writer may lose a word of them, or let one become live markup.
"""

from __future__ import annotations

import msgspec

from tracker_migrate.interfaces import Passing, Ref


class Url(msgspec.Struct, frozen=True):
    """A web address that the reader can follow; `label` is shown if it is not empty."""

    address: str
    label: str = ""


class Strong(msgspec.Struct, frozen=True):
    """A word that stands out, such as the name of a field."""

    text: str


#: a piece of a line: plain text, an address, a reference, a word that stands out, plain text that
#: is no reason to write anew
Inline = str | Url | Ref | Strong | Passing
#: one line of a paragraph; line breaks between lines are kept
Line = tuple[Inline, ...]


class Paragraph(msgspec.Struct, frozen=True):
    """Lines that belong together."""

    lines: tuple[Line, ...]


class Code(msgspec.Struct, frozen=True):
    """Verbatim text: a log, a traceback, a patch, whatever is not surely prose."""

    text: str


class Quote(msgspec.Struct, frozen=True):
    """What somebody quoted of somebody else."""

    blocks: tuple[Block, ...]


class Items(msgspec.Struct, frozen=True):
    """A list; each item is its lines, without a marker. Writers number `ordered` ones, from `start`
    on. ticks: of a checklist, for each item whether its box is ticked."""

    items: tuple[tuple[Line, ...], ...]
    ordered: bool = False
    start: int = 1
    ticks: tuple[bool, ...] = ()


class Heading(msgspec.Struct, frozen=True):
    """A short title of what follows."""

    text: str


class Table(msgspec.Struct, frozen=True):
    """Rows under a header; every row has as many cells as the header."""

    header: tuple[str, ...]
    rows: tuple[tuple[Line, ...], ...]


Block = Paragraph | Code | Quote | Items | Heading | Table
