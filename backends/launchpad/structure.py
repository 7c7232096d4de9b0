"""Launchpad's plain text → its structure: what is prose, what is code, a quote, a list.

Every rule looks at the first few hundred characters of one line, once, so a text of any size takes
time in proportion. In doubt a line is code.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import pairwise
from typing import Literal

from tracker_migrate.text.blocks import Block, Code, Items, Line, Paragraph, Quote

_Kind = Literal["prose", "code", "quote", "item", "blank", "rule"]
ToLine = Callable[[str], Line]

#: how much of a line is looked at
_LOOK = 300
#: quotes nested deeper are kept as they stand
_DEEPEST = 6

_CODE = re.compile(
    r"""
      \s{2} | \t                                                   # indented
    | \[?\d{4}-\d\d-\d\d[ T]\d\d:\d\d | [A-Z][a-z]{2}[ ]+\d{1,2}[ ]\d\d:\d\d:\d\d    # a log
    | \[?\d\d:\d\d:\d\d | \[[ ]*\d+\.\d+\]
    | (?:DEBUG|INFO|TRACE|WARN|WARNING|ERROR|CRITICAL|AUDIT)\b
    | Traceback[ ]\(most | File[ ]"[^"]*",[ ]line                  # a traceback
    | [A-Za-z_][\w.]{0,99}(?:Error|Exception)(?::|\s*$)
    | \#\d+[ ]+0x | at[ ][\w.$]+\(
    | diff[ ]- | Index:[ ] | ---[ ]\S | \+\+\+[ ]\S | @@[ ] | index[ ][0-9a-f]{7}    # a patch
    | [\w.@~:/-]{1,60}[$\#][ ]\S | \[[^\]]{1,80}\][$\#] | [$\#][ ]\S | >>>[ ]    # a terminal
    | (?:mysql|sqlite|postgres\w{0,20})> | sudo[ ]\S
    | \+[-=+]{3} | \| | [^\S ]                                     # a table
    | [A-Za-z_][\w.-]{0,60}\s?=\s?\S | \[[A-Za-z_][\w.:-]{0,60}\]\s*$    # settings
    | [{}] | <(?!email[ ]address[ ]hidden)[A-Za-z/!?]                # data
    | (?:def|class)[ ]\w | import[ ][\w.]+\s*$ | from[ ][\w.]+[ ]import[ ]    # a program
    """,
    re.VERBOSE,
)
_PATCH = ("@@ ", "+++ ")
_CODE_ENDS = ("{", ";", "\\")
_ALIGNED = re.compile(r"\S {3,}(?=\S)")
_HEADER = re.compile(r"[A-Z][\w -]{0,30}:\s")
_RULE = re.compile(r"[-=_*~#+.\s]{3,}$")
_ITEM = re.compile(r" {0,3}[*-] {1,3}(?=\S)")
_MARK = re.compile(r"[*+-] {1,3}(?=\S)")
_MORE = re.compile(r" {2,6}(?=\S)")
_INDENT = re.compile(r" {2,12}(?=\S)")
#: the last lines of a commit message
_TRAILER = re.compile(
    r"(?:closes|partial|related|fixes)-{1,2}bug|change-id:|co-authored-by:|signed-off-by:"
    r"|implements:|depends-on:|conflicts:|blueprint:? |\w+impact\b|\(?lp:|fix(?:es)? bug|bug #?\d"
    r"|https?://\S+$",
    re.IGNORECASE,
)
_QUOTE = re.compile(r">(?!>> )(?=[ >]|$)")
#: what a rule, and an item, may begin with, besides blanks
_RULES, _ITEMS = frozenset("-=_*~#+."), frozenset(" *-")


def structured(text: str, to_line: ToLine) -> tuple[Block, ...]:
    """The blocks of a text with LF line ends. to_line: makes a line of prose into its pieces."""
    return tuple(_blocks(text.split("\n"), to_line, 0))


def _blocks(lines: Sequence[str], to_line: ToLine, depth: int) -> Iterator[Block]:
    kinds = _kinds(lines, depth)
    for start, end in _runs(kinds):
        kind, held = kinds[start], lines[start:end]
        if kind == "code":
            yield Code("\n".join(held))
        elif kind == "quote":
            inner = [line[2:] if line[1:2] == " " else line[1:] for line in held]
            yield Quote(tuple(_blocks(inner, to_line, depth + 1)))
        elif kind == "item":
            yield Items(tuple(_items(held, to_line)))
        elif kind == "prose":
            yield Paragraph(tuple(to_line(line) for line in held))


def _items(lines: Iterable[str], to_line: ToLine) -> Iterator[tuple[Line, ...]]:
    item: list[Line] = []
    for line in lines:
        marker = _ITEM.match(line)
        if marker and item:
            yield tuple(item)
            item = []
        item.append(to_line(line[marker.end() :] if marker else line.strip()))
    yield tuple(item)


def _kinds(lines: Sequence[str], depth: int) -> list[_Kind]:
    """What each line is, first by itself, then by its neighbours."""
    kinds = [_kind(line, depth) for line in lines]
    if "item" in kinds:
        _continue_items(lines, kinds)
    if "code" in kinds:
        _settle_indented(lines, kinds)
    _settle_patches(lines, kinds)
    if "rule" in kinds:
        _settle_rules(kinds)
    if "item" in kinds:
        _settle_items(lines, kinds)
    if "code" in kinds:
        _join_code(kinds)
    return kinds


def _kind(line: str, depth: int) -> _Kind:
    head = line[:_LOOK]
    if not head.strip():
        return "blank" if not line.strip() else "code"
    first = head[0]  # most patterns are ruled out by it, and to try them takes long
    if first == ">" and depth < _DEEPEST and _QUOTE.match(head):
        return "quote"
    if (first in _RULES or first.isspace()) and _RULE.match(head):
        return "rule"
    if first in _ITEMS and _ITEM.match(head):
        return "item"
    if _CODE.match(head) or _ends_code(line):
        return "code"
    aligned = "\t" in head or ("   " in head and len(_ALIGNED.findall(head)) > 1)
    return "code" if aligned and not _HEADER.match(head) else "prose"


def _ends_code(line: str) -> bool:
    return line[-_LOOK:].rstrip().endswith(_CODE_ENDS)


def _continue_items(lines: Sequence[str], kinds: list[_Kind]) -> None:
    """An indented line of prose under an item goes on with it."""
    for at in range(1, len(kinds)):
        if kinds[at - 1] == "item" and kinds[at] == "code":
            more = _MORE.match(lines[at][:_LOOK])
            if more and _kind(lines[at][more.end() :], _DEEPEST) == "prose":
                kinds[at] = "item"


def _settle_indented(lines: Sequence[str], kinds: list[_Kind]) -> None:
    """Indented prose, as commit messages are in the comments of robots, is prose.

    That is where most references stand. Every line of it has to be prose at one indentation, or
    under the mark of a list; the writers keep its leading blanks.
    """
    for start, end in _runs(kinds):
        if kinds[start] == "code" and _is_prose(lines[start:end]):
            kinds[start:end] = ["prose"] * (end - start)


def _is_prose(lines: Sequence[str]) -> bool:
    heads = [line[:_LOOK] for line in lines]
    indents = [_INDENT.match(head) for head in heads]
    first = indents[0]
    if first is None or any(one is None for one in indents):
        return False
    bodies = [head.lstrip(" ") for head in heads]
    marked = _MARK.match(bodies[0])
    if any(one.end() != first.end() for one in indents if one) and not marked:
        return False
    words = 0
    for body, line in zip(bodies, lines, strict=True):
        mark = _MARK.match(body)
        rest = body[mark.end() :] if mark else body
        if _kind(rest, _DEEPEST) != "prose" or _ends_code(line):
            return False
        words += 4 if _TRAILER.match(rest) else len(rest.split())
    return words >= 3 * len(lines)


def _settle_patches(lines: Sequence[str], kinds: list[_Kind]) -> None:
    """What a patch adds, takes away or leaves looks like lists and prose; it ends with the first
    line that begins otherwise."""
    if not any(line.startswith(_PATCH) for line in lines):
        return
    inside = False
    for at, line in enumerate(lines):
        if kinds[at] == "blank":
            continue
        inside = line.startswith(_PATCH) or (inside and line[0] in "+- \t\\")
        if inside:
            kinds[at] = "code"


def _settle_rules(kinds: list[_Kind]) -> None:
    """A line of dashes is code beside code, and prose elsewhere."""
    for at, kind in enumerate(kinds):
        if kind == "rule":
            around = (kinds[at - 1 : at] or ["blank"]) + (kinds[at + 1 : at + 2] or ["blank"])
            kinds[at] = "code" if "code" in around else "prose"


def _settle_items(lines: Sequence[str], kinds: list[_Kind]) -> None:
    """One item alone is no list, and under code it is code (a patch takes away lines so)."""
    for start, end in _runs(kinds):
        if kinds[start] != "item":
            continue
        markers = sum(1 for line in lines[start:end] if _ITEM.match(line[:_LOOK]))
        if start and kinds[start - 1] == "code":
            kinds[start:end] = ["code"] * (end - start)
        elif markers < 2:
            kinds[start:end] = ["prose"] * (end - start)


def _join_code(kinds: list[_Kind]) -> None:
    """What stands between two lines of code, and is blank or no more than two lines, is code."""
    code = [at for at, kind in enumerate(kinds) if kind == "code"]
    for before, after in pairwise(code):
        between = kinds[before + 1 : after]
        blank = all(kind == "blank" for kind in between)
        few = len(between) <= 2 and all(kind == "prose" for kind in between)
        if blank or few:
            kinds[before + 1 : after] = ["code"] * len(between)


def _runs(kinds: Sequence[_Kind]) -> list[tuple[int, int]]:
    """Where runs of one kind begin and end."""
    starts = [at for at, kind in enumerate(kinds) if not at or kind != kinds[at - 1]]
    return list(zip(starts, [*starts[1:], len(kinds)], strict=True))
