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
from tracker_migrate.text.remarkup_live import live_line, live_start, live_word, macro_line

#: a character that shows nothing and ends whatever would have been live
ZERO = "\u200b"
_BLANK = "\u00a0"
_UNSAFE = '<>[]\\"`|{}^'
_LOOK_ALIKES = {ord(one): ord(one) + 0xFEE0 for one in "[]|`"}
_HASHES = re.compile(r"(?<=#)(?=#)")
#: the server takes all up to the first slash for the host
_NO_SLASH = re.compile(r"(?<=[^:/])(?=[?#])")
#: before these a link does not end, or `T1` is none
_GROWS = re.compile(r"[\w`#]")
#: behind these `[[` begins no link; what is in monospace ends for the server in a letter
_GLUE = re.compile(r"[\w#@(\[`-]$")


def write(blocks: Iterable[Block]) -> Text:
    """Blocks as Remarkup, with references left open. Linear in the length of the text."""
    return joined(_write(blocks, 0))


def link(label: str, address: str) -> str:
    """A link; `label` is plain text. An address that is not on the web is shown, not linked."""
    if not urls.linkable(address):
        return plain(f"{label} ({address})" if label and address else label or address)
    shown, to = link_label(label), link_address(address)
    return f"[[ {to} | {shown} ]]" if shown and shown != to else f"<{to}>"


def plain(text: str) -> str:
    """One line of plain text; nothing in it is live, at the head of a line too."""
    pieces = _line((one_line(text),))
    return "".join(piece for piece in pieces if isinstance(piece, str))


def link_label(label: str) -> str:
    """A label for `[[ address | label ]]`: there nothing is live but the link's own end, and what
    comes before links, monospace and `${{{`; these characters get look-alikes."""
    text = _HASHES.sub(ZERO, one_line(label).translate(_LOOK_ALIKES))
    return text.replace("${", f"${ZERO}{{").strip()


def link_address(address: str) -> str:
    """An address as it may stand in a link: no rule that comes before links finds itself in it."""
    safe = urls.encoded(visible(address), _UNSAFE)
    safe = safe.replace("##", "#%23").replace("((", "(%28")
    if "/" not in re.split(r"[?#]", safe[8:], maxsplit=1)[0]:
        safe = _NO_SLASH.sub("/", safe, count=1)
    scheme, rest = safe[:8], safe[8:]
    return scheme + re.sub(r"(?<![A-Za-z0-9_]):", "%3A", rest)


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
    text = _literal(lines)
    if text is not None:
        return text
    return [
        _line(line, lines[number - 1] if number else None) or [_BLANK]
        for number, line in enumerate(lines)
    ]


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
    if not any(live_line(text) for text in texts):
        return None
    shown = [[_indent(text)] for text in texts]
    shown[0] = ["%%%", *shown[0]]
    shown[-1] = [*shown[-1], "%%%"]
    return [list(line) for line in shown]


def _indent(text: str) -> str:
    """Leading blanks as such: a browser would drop them, and two of them begin a code."""
    body = text.lstrip(" \t")
    return text[: len(text) - len(body)].expandtabs(4).replace(" ", _BLANK) + body.rstrip(" \t")


def _line(line: Line, before: Line | None = None) -> Pieces:
    pieces: Pieces = []
    for part in pieces_of(line):
        _add(pieces, part)
    if pieces and isinstance(pieces[0], str):
        pieces[0] = _indent_start(pieces[0])
    shown = "".join(piece if isinstance(piece, str) else "x" for piece in pieces)
    if live_start(shown):
        pieces.insert(0, ZERO)
    if macro_line(shown):
        pieces.append(ZERO)
    return [piece for piece in pieces if piece != ""]


def _indent_start(text: str) -> str:
    body = text.lstrip(" \t")
    return text[: len(text) - len(body)].expandtabs(4).replace(" ", _BLANK) + body


def _add(pieces: Pieces, part: Inline) -> None:
    """Add a piece, with a zero-width space where it would grow together with its neighbour."""
    if not isinstance(part, Ref):
        written = _written(part)
        if not written:
            return
        if pieces and _ends_link(pieces[-1]) and _GROWS.match(written):
            pieces.append(ZERO)
        if pieces and written.startswith("[[") and _glues(pieces[-1]):
            pieces.append(ZERO)
        pieces.append(written)
        return
    if pieces and _glues(pieces[-1]):
        pieces.append(ZERO)
    pieces.append(part)


def _ends_link(piece: str | Ref) -> bool:
    return isinstance(piece, Ref) or piece.endswith("]]")


def _glues(piece: str | Ref) -> bool:
    return isinstance(piece, Ref) or bool(_GLUE.search(piece[-1:]))


def _written(part: str | Url | Strong) -> str:
    match part:
        case str():
            return _words(part)
        case Strong():
            shown = one_line(part.text).strip()
            return f"**{_words(shown)}**" if shown else ""
        case Url():
            return _url(part)


def _url(url: Url) -> str:
    if url.label or not urls.linkable(url.address):
        return link(url.label or url.address, url.address)
    return f"<{link_address(url.address)}>"


def _words(text: str) -> str:
    return "".join(
        _monospace(word) if live_word(word) else word for word in re.split(r"(\s+)", text)
    )


def _monospace(word: str) -> str:
    if "`" not in word:
        return f"`{word}`"
    inner = _HASHES.sub(ZERO, word)
    return f"##{inner}{ZERO if inner.endswith('#') else ''}##"


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
    for number, item in enumerate(items.items, 1):
        marker = f"{number}. " if items.ordered else "- "
        for at, line in enumerate(item or ((),)):
            lines += [[]] if at else []
            written = _line(line) or [ZERO]
            if not at and _checkbox(written[0]):
                written.insert(0, ZERO)
            lines.append([" " * len(marker) if at else marker, *written])
    return lines


def _checkbox(piece: str | Ref) -> bool:
    return isinstance(piece, str) and bool(re.match(r"\[\D?\]", piece))


def _table(table: Table) -> list[Pieces]:
    rows: list[Pieces] = [_row([(name,) for name in table.header])]
    rows.append(["|" + " --- |" * len(table.header)])
    return rows + [_row(row) for row in table.rows]


def _row(cells: Sequence[Line]) -> Pieces:
    row: Pieces = ["|"]
    for cell in cells:
        safe = tuple(_cell_safe(piece) for piece in cell)
        row += [" ", *_line(safe), " |"]
    return row


def _cell_safe(piece: Inline) -> Inline:
    if isinstance(piece, str):
        return piece.replace("|", "\uff5c").replace("[[", f"[{ZERO}[")
    if isinstance(piece, Strong):
        return Strong(piece.text.replace("|", "\uff5c").replace("[[", f"[{ZERO}["))
    return piece
