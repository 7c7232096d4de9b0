"""One line → Remarkup: what would be live is in monospace, links and addresses are the only links.

Seen on a Phorge of 2026-08, in the order in which it looks at a line: monospace first (`x` only
behind what is no letter; ##x## anywhere), then `[[ address | label ]]` (only between what are no
letters; the label is inert), then `<address>` (the server's own makes no mention so), then the
rest. What it has seen already stands as a mark that ends in the letter Z for the rules that follow.
"""

from __future__ import annotations

import re

from tracker_migrate.interfaces import Passing, Ref
from tracker_migrate.text import urls
from tracker_migrate.text.blocks import Inline, Line, Strong, Url
from tracker_migrate.text.characters import visible
from tracker_migrate.text.lines import Pieces, one_line, pieces_of
from tracker_migrate.text.remarkup_live import live_start, live_word, macro_line

#: a character that shows nothing and ends whatever would have been live
ZERO = "\u200b"
BLANK = "\u00a0"
_UNSAFE = '<>[]\\"`|{}^'
_LOOK_ALIKES = {ord(one): ord(one) + 0xFEE0 for one in "[]|`"}
_HASHES = re.compile(r"(?<=#)(?=#)")
#: the server takes all up to the first slash for the host
_NO_SLASH = re.compile(r"(?<=[^:/])(?=[?#])")
#: before these a link does not end, or `T1` is none
_GROWS = re.compile(r"[\w`#]")
#: behind these `[[` begins no link; what is in monospace ends for the server in a letter
_GLUE = re.compile(r"[\w#@(\[`-]$")


def link(label: str, address: str) -> str:
    """A link; `label` is plain text. An address that is not on the web is shown, not linked."""
    if not urls.linkable(address):
        both = label.strip() and address and label.strip() != address
        return plain(f"{label} ({address})" if both else label or address)
    shown, to = link_label(label), link_address(address)
    return f"[[ {to} | {shown} ]]" if shown and shown != to else f"<{to}>"


def plain(text: str) -> str:
    """One line of plain text; nothing in it is live, at the head of a line too."""
    pieces = line_of((one_line(text),))
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


def line_of(line: Line) -> Pieces:
    """A line, with nothing live in it; one that would begin a block or be an image gets a ZERO."""
    pieces: Pieces = []
    for part in pieces_of(line):
        _add(pieces, part)
    if pieces and isinstance(pieces[0], str):
        pieces[0] = indent(pieces[0])
    shown = "".join(piece if isinstance(piece, str) else "x" for piece in pieces)
    if live_start(shown):
        pieces.insert(0, ZERO)
    if macro_line(shown) or ("**" in shown and macro_line(shown.replace("**", ""))):
        pieces.append(ZERO)
    return [piece for piece in pieces if piece != ""]


def indent(text: str) -> str:
    """Leading blanks as such: a browser would drop them, and two of them begin a code."""
    body = text.lstrip(" \t")
    return text[: len(text) - len(body)].expandtabs(4).replace(" ", BLANK) + body


def _add(pieces: Pieces, part: Inline) -> None:
    """Add a piece, with a zero-width space where it would grow together with its neighbour."""
    if isinstance(part, Ref) and part.passing:
        pieces.append(part)
        return
    if isinstance(part, Passing):
        _add_passing(pieces, Passing(text=plain(part.text)))
        return
    if isinstance(part, str | Url | Strong):
        written = _written(part)
        if not written:
            return
        if pieces and _ends_link(pieces[-1]) and _GROWS.match(written):
            pieces.append(ZERO)
        if pieces and written.startswith(("[[", "`")) and _glues(pieces[-1]):
            pieces.append(ZERO)
        pieces.append(written)
        return
    if pieces and (_glues(pieces[-1]) or _ends_link(pieces[-1])):
        pieces.append(ZERO)
    pieces.append(part)


def _add_passing(pieces: Pieces, part: Passing) -> None:
    """Nothing beside it may depend on what it says: only a link before it that would grow does."""
    if pieces and (_glues(pieces[-1]) or (_ends_link(pieces[-1]) and _GROWS.match(part.text))):
        pieces.append(ZERO)
    pieces.append(part)


def _ends_link(piece: str | Ref | Passing) -> bool:
    return not isinstance(piece, str) or piece.endswith("]]")


def _glues(piece: str | Ref | Passing) -> bool:
    return not isinstance(piece, str) or bool(_GLUE.search(piece[-1:]))


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
    if not live_word(text):  # most texts: nothing that is live holds a blank
        return text
    return "".join(
        _monospace(word) if live_word(word) else word for word in re.split(r"(\s+)", text)
    )


def _monospace(word: str) -> str:
    core = word.rstrip(".,;")
    if core != word and live_word(core):
        return _monospace(core) + word[len(core) :]
    if "`" not in word:
        return f"`{word}`"
    inner = _HASHES.sub(ZERO, word)
    return f"##{inner}{ZERO if inner.endswith('#') else ''}##"
