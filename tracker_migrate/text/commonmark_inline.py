"""One line → Markdown, for readers as old as StoryBoard's `marked` and as new as CommonMark.

Both must show the same, so only what both know is used: `<` is an entity (old `marked` has no
backslash for it), a hard line break is two blanks, every `*` is escaped (old `marked` has no rule
of flanking), leading blanks are entities (it takes U+00A0 for a blank), and so is a `]` beside a
link (it would look for the link's end there). Escapes stand where they matter: `snake_case`,
`[nova]` and full stops stay bare. Tried with marked 0.3.6 and 0.3.19, and with markdown-it.
"""

from __future__ import annotations

import re
import string
from collections.abc import Sequence
from itertools import zip_longest
from typing import NamedTuple
from urllib.parse import unquote_to_bytes

from tracker_migrate.interfaces import Passing, Ref
from tracker_migrate.text import urls
from tracker_migrate.text.blocks import Inline, Line, Strong, Url
from tracker_migrate.text.characters import visible
from tracker_migrate.text.lines import Pieces, bare, one_line, pieces_of

#: what can't stand in an address: it would end the link, the emphasis around it or the table cell
_UNSAFE = "()<>[]\\\"'`*|{}^"
_LABEL = str.maketrans({one: f"&#{ord(one)};" for one in "\\`*_[]<>&|!~@"})
_SPECIAL = re.compile(
    r"\\(?=[!-/:-@\[-`{-~\s]|$)|[`*_\[\]|]|<(?! )|&(?=#?\w+;)|~(?=~)|(?<=~)~|!(?=\[)"
    r"|(?:(?<=p)|(?<=ps)):(?=//)",
    re.IGNORECASE,
)
#: one of these is in whatever `_SPECIAL` finds: to look for one takes less
_MAYBE = re.compile(r"[\\`*_\[\]|<&~!:]")
_START = re.compile(r"[#>|]|[-+](?=[-+\s]|$)|=|:(?=-)|\d{1,9}(?=[.)](?:\s|$))")
_ENTITIES = {"<": "&lt;", "&": "&amp;", "=": "&#61;", ":": "&#58;", "|": "&#124;", "]": "&#93;"}
_WORD_END = re.compile(r"(?<![A-Za-z0-9])_|_(?![A-Za-z0-9])")


_PUNCTUATION = string.punctuation
_ENTITY = re.compile(r"&(?=#?\w+;)")
_STRAY = re.compile(r"%(?![0-9A-Fa-f]{2})")


class _Care(NamedTuple):
    """What a paragraph holds that makes a harmless character live somewhere else in it."""

    underscores: bool
    brackets: bool
    links: bool
    pipes: bool = False


def lines_of(lines: Sequence[Line], *, pipes: bool = False) -> list[Pieces]:
    """The lines of one paragraph, item or cell. pipes: a `|` would end the cell."""
    parts = [pieces_of(line) for line in lines]
    care = _care(parts, pipes=pipes)
    return [_line(line, care) for line in parts]


def link(label: str, address: str) -> str:
    """A link; `label` is plain text. An address that is not on the web is shown, not linked."""
    to = _address(address)
    if not to:
        both = label.strip() and address and label.strip() != address
        return plain(f"{label} ({address})" if both else label or address)
    shown = entities(one_line(label).strip() or address)
    return f"[{shown}]({to})"


def _address(address: str) -> str:
    """An address as it may stand in a link; empty if it can't: a reader that is asked to be safe
    drops links, label and all, whose escapes are no UTF-8."""
    if not urls.linkable(address):
        return ""
    to = urls.encoded(visible(address), _UNSAFE)
    if "%" in to:
        to = _STRAY.sub("%25", to)
        try:
            unquote_to_bytes(to).decode()
        except UnicodeDecodeError:
            return ""
    return _ENTITY.sub("&amp;", to) if "&" in to else to


def plain(text: str) -> str:
    """One line of plain text; nothing in it is live, at the head of a line too."""
    care = _care([[text]])
    return _no_image(_at_start(one_line(text), care))


def _care(lines: Sequence[Sequence[Inline]], *, pipes: bool = False) -> _Care:
    text = "\n".join(["".join(map(_own, line)) for line in lines])
    addresses = [one for line in lines for one in line if isinstance(one, (Ref, Url))]
    links = any(map(_bracketed, addresses))
    # old `marked` may end in an address an emphasis that begins before it
    return _Care(
        underscores=bool(addresses) or ("_" in text and bool(_WORD_END.search(text))),
        brackets=links or "](" in text or "][" in text or "]:" in text,
        links=links,
        pipes=pipes,
    )


def _bracketed(piece: Ref | Url) -> bool:
    return isinstance(piece, Ref) or not _angled(piece)


def _angled(url: Url) -> bool:
    """Whether `<address>` does; with an `@` in it old `marked` would take it for an e-mail."""
    return not url.label and "@" not in url.address and _address(url.address) == url.address


def _own(piece: Inline) -> str:
    if isinstance(piece, str):
        return piece
    if isinstance(piece, Strong):
        return one_line(piece.text).strip()
    return piece.text if isinstance(piece, Passing) else " "


def _line(parts: Sequence[Inline], care: _Care) -> Pieces:
    if len(parts) == 1 and isinstance(parts[0], str):  # most lines
        only = _at_start(parts[0], care)
        return [only.rstrip(" \t")] if only else []
    pieces: Pieces = []
    for part, after in zip_longest(parts, parts[1:], fillvalue=""):
        settled = _settled(part, after) if isinstance(part, Strong) else part
        piece = _piece(settled, care, first=not pieces)
        if isinstance(after, Ref | Url) and isinstance(piece, str):
            piece = _no_image(piece)
        elif isinstance(after, Ref | Url) and isinstance(piece, Passing):
            piece = Passing(text=_no_image(piece.text))
        pieces += [piece] if piece else []
    if pieces and isinstance(pieces[-1], str):
        pieces[-1] = pieces[-1].rstrip(" \t")
    return pieces


def _no_image(before: str) -> str:
    """What stands before a link, so that the link is no image."""
    return f"{before[:-1]}\\!" if before.endswith("!") else before


def _settled(part: Strong, after: Inline) -> Strong | str:
    """Bold only where both ends are such that every reader takes it so; else plain text."""
    shown = one_line(part.text).strip()
    follows = bare(after)[:1]
    closes = shown[-1:].isalnum() or not follows or follows.isspace() or follows in _PUNCTUATION
    bold = shown[:1].isalnum() and closes and not isinstance(after, Strong)
    return Strong(shown) if bold else shown


def _piece(part: Inline, care: _Care, *, first: bool) -> str | Ref | Passing:
    match part:
        case str():
            return _at_start(part, care) if first else _escaped(part, care)
        case Ref():
            return part
        case Passing():
            text = one_line(part.text)
            return Passing(text=_at_start(text, care) if first else _escaped(text, care))
        case Strong():
            return f"**{entities(part.text)}**"
        case Url():
            return _url(part)


def _url(url: Url) -> str:
    return f"<{url.address}>" if _angled(url) else link(url.label, url.address)


def _at_start(text: str, care: _Care) -> str:
    """A text at the head of a line: blanks are kept as such, what starts a block is escaped."""
    body = text.lstrip(" \t\u00a0")
    before = len(text) - len(body)
    blanks = "&nbsp;" * len(text[:before].expandtabs(4)) if before else ""
    match = _START.match(body)
    if not match:
        return blanks + _escaped(body, care)
    head, rest = match.group(), _escaped(body[match.end() :], care)
    if head.isdigit():
        return f"{blanks}{head}\\{rest}"
    return blanks + _ENTITIES.get(head, "\\" + head) + rest


def _escaped(text: str, care: _Care) -> str:
    if not _MAYBE.search(text):
        return text
    return _SPECIAL.sub(lambda match: _escape(match.group(), care), text)


def _escape(one: str, care: _Care) -> str:
    if (
        (one == "_" and not care.underscores)
        or (one == "[" and not care.brackets)
        or (one == "]" and not care.links)
        or (one == "|" and not care.pipes)
    ):
        return one
    return _ENTITIES.get(one, "\\" + one)


def entities(text: str) -> str:
    """A text with all that could be markup as entities: safe inside a link or an emphasis too,
    where old `marked` heeds no backslash."""
    return text.translate(_LABEL).replace("://", "&#58;//")
