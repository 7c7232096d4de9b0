"""A small reader of Remarkup, written from what a Phorge of 2026-08 was seen to do.

Independent of the writer: it knows what a server makes of a text, the writer only what to avoid.
`test_remarkup_reader` holds it to renderings of the real server. It says what a reader sees, which
web addresses can be followed, and what is live: a mention, a task, a heading that nobody meant.
Rules that the server applies only if an object exists (`T1`, `#nova`) always apply here.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

_FLAGS = re.ASCII


@dataclass
class Page:
    """What a rendered text shows."""

    text: str = ""
    codes: list[str] = field(default_factory=list)
    links: list[tuple[str, str]] = field(default_factory=list)
    kinds: list[str] = field(default_factory=list)
    bold: list[str] = field(default_factory=list)
    live: list[str] = field(default_factory=list)


def read(source: str) -> Page:
    """What the server shows of a text."""
    page = Page()
    _blocks(source.split("\n"), page, 0)
    return page


def _blocks(lines: list[str], page: Page, depth: int) -> None:
    at = 0
    while at < len(lines):
        kind, count = _block_at(lines, at)
        held = lines[at : at + count]
        at += count
        if kind == "text":
            while (
                at < len(lines) and _block_at(lines, at)[0] == "text" and lines[at].strip(_BLANKS)
            ):
                if not held[-1].strip(_BLANKS):
                    break
                held.append(lines[at])
                at += 1
            if not any(line.strip(_BLANKS) for line in held):
                continue
        page.kinds.append(kind)
        _SHOW[kind](held, page, depth)
        page.text += "\n"


_BLANKS = " \t\r\0\x0b"
_RULE = re.compile(r"\s*(_{3,}|\*\s?\*\s?\*[\s*]*|-\s?-\s?-[\s-]*)$", _FLAGS)
_MARKER = re.compile(r"\s*(?:[-*#]+|[0-9]+[.)]|\[\D?\])(?:\s+|$)", _FLAGS)
_FIRST_MARKER = re.compile(r"\s*(?:[-*#]+|[1-9][0-9]*[.)]|\[\D?\])(?:\s+|$)", _FLAGS)
_NOTE = re.compile(r"(\((NOTE|IMPORTANT|WARNING)\)|(NOTE|IMPORTANT|WARNING):)\s*")


def _block_at(lines: list[str], at: int) -> tuple[str, int]:
    """What begins on a line, and how many lines it takes."""
    line = lines[at]
    if _RULE.match(line):
        return "rule", 1
    if count := _list_lines(lines, at):
        return "list", count
    if line.startswith(">>!"):
        return "reply", _while(lines, at, lambda one: one.startswith(">"))
    if re.match(r"\s*%%%", line, _FLAGS):
        return "literal", _literal_lines(lines, at)
    if re.match(r"\s\s+\S|\s{3,}", line, _FLAGS) or re.match(r"\s*```", line, _FLAGS):
        return "code", _code_lines(lines, at)
    if re.match(r"={1,5}|#{2,5}|# ", line):
        return "heading", 1
    if at + 1 < len(lines) and line and re.match(r"[-=]{2,}\s*$", lines[at + 1], _FLAGS):
        return "heading", 2
    if re.match(r"(cowsay|figlet)\s*(\([^)]+\)\s*)?\{\{\{", line, _FLAGS):
        return "interpreter", 1
    if _NOTE.match(line):
        return "note", _while(lines, at, lambda one: bool(one.strip(_BLANKS)))
    if line.startswith(">"):
        return "quote", _while(lines, at, lambda one: one.startswith(">"))
    if re.match(r"\s*\|", line, _FLAGS):
        return "table", _while(lines, at, lambda one: bool(re.match(r"\s*\|", one, _FLAGS)))
    if re.match(r"\s*<table>", line, _FLAGS | re.IGNORECASE):
        return "table", 1
    return "text", 1


def _while(lines: list[str], at: int, test: object) -> int:
    count = 0
    while at + count < len(lines) and test(lines[at + count]):  # type: ignore[operator]
        count += 1
    return max(count, 1)


def _list_lines(lines: list[str], at: int) -> int:
    if not _FIRST_MARKER.match(lines[at]):
        return 0
    count = 1
    while at + count < len(lines):
        line = lines[at + count]
        after = lines[at + count + 1] if at + count + 1 < len(lines) else ""
        blank, indented = not line.strip(_BLANKS), line.startswith(" ")
        goes_on = (indented and not blank) or (
            after.startswith(" ") and bool(after.strip(_BLANKS)) and (blank or indented)
        )
        if not _MARKER.match(line) and not ((blank or indented) and goes_on):
            break
        count += 1
    if count == 1 and lines[at].startswith("#") and at + 1 < len(lines):
        return 0
    return count


def _literal_lines(lines: list[str], at: int) -> int:
    count, begun = 0, None
    while at + count < len(lines):
        line = lines[at + count]
        if begun is None:
            if not re.match(r"\s*%%%", line, _FLAGS):
                break
            begun = count
        ends = re.search(r"%%%\s*$", line, _FLAGS)
        if ends and not (begun == count and re.match(r"\s*%%%\s*$", line, _FLAGS)):
            begun = None
        count += 1
    return count


def _code_lines(lines: list[str], at: int) -> int:
    count = 1
    if re.match(r"\s\s", lines[at], _FLAGS):
        while at + count < len(lines):
            line = lines[at + count]
            if line.strip(_BLANKS) and not re.match(r"\s\s", line, _FLAGS):
                break
            count += 1
        return count
    if re.match(r"\s*```.*```\s*$", lines[at], _FLAGS):
        return 1
    while at + count < len(lines):
        count += 1
        if re.search(r"```\s*$", lines[at + count - 1], _FLAGS):
            break
    return count


def _show_literal(held: list[str], page: Page, depth: int) -> None:
    for line in held:
        page.text += re.sub(r"%%%\s*$", "", re.sub(r"^\s*%%%", "", line, flags=_FLAGS)) + "\n"


def _show_code(held: list[str], page: Page, depth: int) -> None:
    text = "\n".join(held)
    if re.match(r"\s*```", text, _FLAGS):
        text = re.sub(r"^\s*```(\s*\n)?", "", text, count=1, flags=_FLAGS)
        text = re.sub(r"```\s*$", "", text, flags=_FLAGS)
    lines = text.split("\n")
    while lines and not lines[-1]:
        lines.pop()
    if lines and re.match(r"\s*(lang|name|lines|counterexample)\s*=\s*[^=\s,]*$", lines[0], _FLAGS):
        lines = lines[1:]
    indent = min(
        (len(line) - len(line.lstrip(" ")) for line in lines if line.strip(" ")), default=0
    )
    code = "\n".join(line[indent:] for line in lines)
    page.codes.append(code)
    page.text += code


def _show_quote(held: list[str], page: Page, depth: int) -> None:
    inner = [line[1:] for line in held]
    if all(not line or line[0] in "> " for line in inner):
        inner = [line.removeprefix(" ") for line in inner]
    if depth < 32:  # deeper ones vanish
        _blocks(inner, page, depth + 1)


def _show_list(held: list[str], page: Page, depth: int) -> None:
    items: list[list[str]] = []
    for line in held:
        if _MARKER.match(line):
            items.append([])
        items[-1].append(line)
    for item in items:
        text = re.sub(r"^\s*(?:[-*#]+|[0-9]+[.)])\s*", "", " ".join(item), flags=_FLAGS)
        if re.match(r"\s*\[\D?\]", text, _FLAGS):
            page.live.append("checkbox")
        _inline(text, page)
        page.text += "\n"


def _show_heading(held: list[str], page: Page, depth: int) -> None:
    if not held[0].startswith("=== "):  # the only form that the writer means
        page.live.append(f"heading: {held[0][:20]}")
    _inline(held[0].strip(" =#\n\t"), page)


def _show_table(held: list[str], page: Page, depth: int) -> None:
    if not held[0].lstrip().startswith("|"):
        page.live.append("html table")
    for line in held:
        cells = [cell.strip() for cell in _cells(line.rstrip("|"))]
        if any(cells) and all(re.fullmatch(r"-{2,}|", cell) for cell in cells):
            continue
        for cell in cells:
            _inline(cell, page)
            page.text += " "


def _cells(line: str) -> list[str]:
    cell = r"\|((?:\[\[.*?\]\]|[^|\[]|\[[^|\[])*)"
    return re.findall(cell, line)


def _show_text(held: list[str], page: Page, depth: int) -> None:
    _inline("\n".join(held).strip(_BLANKS + "\n"), page)


def _show_live(held: list[str], page: Page, depth: int) -> None:
    page.live.append(f"block: {held[0][:20]}")
    page.text += "\n".join(held)


_SHOW = {
    "literal": _show_literal,
    "code": _show_code,
    "quote": _show_quote,
    "list": _show_list,
    "heading": _show_heading,
    "table": _show_table,
    "text": _show_text,
    "rule": _show_live,
    "reply": _show_live,
    "note": _show_live,
    "interpreter": _show_live,
}

#: what is put in the place of what is done with: it begins like a mark and ends like a letter
_MARK = "\x01{}Z"
_HOST = r"[A-Za-z0-9._-]+(?::\d+)?(?=[/>\s]|$)"
_LIVE = {
    "mention": r"(?<![\w@])@[A-Za-z0-9._-]*[A-Za-z0-9_-]",
    "object": r"(?<![#@\w-])[A-Z][1-9]\d*(?!\w)",
    "embed": r"\{[A-Z]\d+[,}\s]",
    "project": r"(?<![#@\w-])#(?![\x01\u200b])(?=(?u:\S))[^\s?!,:;{}#()\"'*/~.]",
    "commit": r"(?<![#@\w-])(?:r[A-Z]+\w*|[0-9a-f]{7,40})(?!\w)",
    "address": r"(?<!\w)(?:https?|ftp)://\S",
    "icon": r"\{(?:icon|nav|key|anchor|image|img|meme|src|source|PHID-)",
    "config": r"@\{",
    "emoji": r"(?<!\w):[a-z0-9_+]+:(?!\w)",
    "short address": r"\(\([^ )]+\)\)",
    "wiki": r"\B\[\[[^|\]]+(?:\|[^\]]+)?\]\]\B",
    "link": r"\B\[[^\]]+\]\([^()\s]*[/@][^()\s]*\)\B",
    "italic": r"(?<!:)//.+?//",
    "deleted": r"(?<!~)~~[^\s~].*?~~",
    "underlined": r"(?<![_/])__[^\s_/].*?__(?!/|\.\S)",
    "marked": r"!!.+?!!",
    "colour": r"\B\{#([0-9a-fA-F]{3}){1,2}\}",
    "image": r"(?m:^\s*[a-z0-9:_\x7f-\x9f\xa1-\u200a\u200c-\U0010ffff-]{3,}$)",
    "eval": r"\$\{\{\{.+?\}\}\}",
}


def _inline(text: str, page: Page) -> None:
    done: list[str] = []

    def keep(shown: str) -> str:
        done.append(shown)
        return _MARK.format(len(done) - 1)

    def follow(match: re.Match[str]) -> str:
        page.links.append((match[1].strip(), match[2].strip()))
        return keep(match[2].strip())

    def strong(match: re.Match[str]) -> str:
        page.bold.append(match[1])
        return match[1]

    def address(match: re.Match[str]) -> str:
        page.links.append((match[1], match[1]))
        return keep(match[1])

    text = re.sub(
        r"##([\s\S]+?)##|(?:(?<=\W)|(?<![\s\S]))`(.+?)`",
        lambda one: keep(one[1] or one[2]),
        text,
        flags=_FLAGS,
    )
    text = re.sub(
        rf"\B\[\[ ?((?:https?|ftp)://{_HOST}?[^|\]\x01]*)\|([^\]\x01]+)\]\]\B",
        follow,
        text,
        flags=_FLAGS,
    )
    text = re.sub(rf"<((?:https?|ftp)://{_HOST}[^\s\x01>]*)>", address, text, flags=_FLAGS)
    text = re.sub(r"\*\*(.+?)\*\*", strong, text, flags=re.DOTALL)
    for name, pattern in _LIVE.items():
        page.live.extend(
            f"{name}: {found[0]}" for found in re.finditer(pattern, text, _FLAGS | re.DOTALL)
        )
    while "\x01" in text:
        text = re.sub(r"\x01(\d+)Z", lambda one: done[int(one[1])], text)
    page.text += text
