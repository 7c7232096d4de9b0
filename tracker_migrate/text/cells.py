"""What the tables and the marked lines of a text say that was read back: the other way round of
what the writers make of them, in both markups."""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Iterator
from itertools import pairwise

#: stands behind a name that no field of the target holds, but a text
IN_TEXT = " (in the text)"

#: a bar between cells, what is escaped, and the ends of Remarkup's links, in which a bar parts the
#: address from the label
_TOKEN = re.compile(r"\\.|\[\[|\]\]|\|")
#: no row of ours is longer
_LONGEST = 5000
_RULE = re.compile(r"[|\s:-]*-[|\s:-]*")
_ESCAPE = re.compile(r"\\([!-/:-@\[-`{-~])")
#: what Remarkup can't say otherwise
_QUOTED = re.compile("`([^`]+)`")
_FENCE = re.compile(r"(%%%|`{3,}|~{3,})")
_INVISIBLE = re.compile("[\u200b\ufeff]")


def column(texts: Iterable[str], first: str, name: str) -> set[str]:
    """What stands in the column of this name, of all tables whose first column has the name
    `first`; without what is empty."""
    return {cell for text in texts for cell in _column(text, first, name) if cell}


def labelled(texts: Iterable[str], name: str) -> set[str]:
    """What stands in the lines of these texts that begin with this name in bold."""
    head = f"**{name}:** "
    lines = (line for text in texts for line in _outside_of_code(text))
    return {_plain(line.removeprefix(head)) for line in lines if line.startswith(head)}


def _column(text: str, first: str, name: str) -> Iterator[str]:
    header: list[str] = []
    for line in _outside_of_code(text):
        if not line.startswith("|") or len(line) > _LONGEST:
            header = []
        elif not header:
            header = _cells(line)
        elif header[0] == first and name in header and not _RULE.fullmatch(line):
            yield dict(zip(header, _cells(line), strict=False)).get(name, "")


def _outside_of_code(text: str) -> Iterator[str]:
    """The lines of a text, but for those that stand as they were written."""
    fence = ""
    for line in text.split("\n"):
        if fence:
            closes = line.endswith(fence) if fence == "%%%" else line.strip() == fence
            fence = "" if closes else fence
        elif found := _FENCE.match(line):
            fence = "" if found[1] == "%%%" and line.endswith("%%%", 3) else found[1]
        else:
            yield line


def _cells(line: str) -> list[str]:
    bars, in_link = [], False
    for token in _TOKEN.finditer(line):
        if token[0] == "|" and not in_link:
            bars.append(token.start())
        elif token[0] in ("[[", "]]"):
            in_link = token[0] == "[["
    return [_plain(line[at + 1 : end]) for at, end in pairwise(bars)]


def _plain(cell: str) -> str:
    if match := _QUOTED.fullmatch(cell.strip()):
        return match[1]
    return html.unescape(_ESCAPE.sub(r"\1", _INVISIBLE.sub("", cell))).strip()
