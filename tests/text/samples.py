"""What the writers' tests share: hostile pieces of text, blocks of them, what a reader sees."""

from __future__ import annotations

import re
from collections.abc import Iterable
from urllib.parse import unquote

from hypothesis import strategies as st

from tracker_migrate.interfaces import Passing, Ref, Seal, Text
from tracker_migrate.model import Key
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
    Url,
)
from tracker_migrate.text.characters import visible
from tracker_migrate.text.lines import bare

_PIECES = (
    "@alice§@bob.§T1§{T1}§{F1}§{icon bug}§{nav a > b}§{key cmd}§[[ T1 ]]§[[T1|x]]§[a](http://x.org)"
    "§[a](b/c)§**§*§//§~~§__§!!§##§###§#§#nova§`§``§```§%%%§>§> §>>! §|§| a |§---§--§===§=§~§~~~"
    "§- §* §1. §[ ] §[x] §NOTE: §(NOTE)§<table>§cowsay{{{§}}}§${{{x}}}§:smile:§:§{#fff}§|--|§+ §1) "
    "§((x))§(§rNOVA§rNOVA1§deadbeef12§R1:abcdef0§@{config:foo}§{PHID-USER-x}§{meme, src=a}§{anchor"
    "§http://h.org/T1§https://x.org/a_b§https://x.org/(a)§<https://y.org>§{https://y.org}§git://a/b"
    "§http://me:secret@h.org/§http://x.org)T1§http://x.org?a:b§mailto:a@b.c§[x]: http://e.org"
    "§a§word§foo§x_y§é§\u200b§\u00a0§ §  §    §\t§\x01§\x011Z§\x00§\x1b[0m§😀§\ud800"
    "§&amp;§&§<b>§</p>§<!--§<script>§\\§\\*§lang=text§name=x§!§[§]§](§][§<§</§_§{§}§'§\"§$§,§."
)
#: pieces that are markup somewhere, and pieces that join them to words
PIECES = _PIECES.split("§")

words = st.lists(st.sampled_from(PIECES), max_size=8).map("".join)
lines = words.map(lambda text: text.replace("\n", " "))
texts = st.lists(st.sampled_from([*PIECES, "\n", "\n", "\n\n", "\r\n", "\r"]), max_size=40).map(
    "".join
)
_ADDRESSES = "/ /@alice /T1 /a:b:c /(x) /## /` /[[x]] /_a_ /* /?a=b&amp;c"
addresses = st.sampled_from([f"https://h.org{path}" for path in _ADDRESSES.split()])
inlines: st.SearchStrategy[Inline] = st.one_of(
    lines,
    lines,
    st.builds(Url, addresses, st.one_of(st.just(""), lines)),
    st.just(Url("javascript:alert(1)")),
    st.builds(
        lambda label: Ref(
            to=Key("launchpad:bug:1"), label=label, home="https://launchpad.net/bugs/1"
        ),
        lines.map(lambda text: text.strip() or "bug 1"),
    ),
    st.builds(Passing, text=lines),
)
line_tuples: st.SearchStrategy[Line] = st.lists(inlines, min_size=1, max_size=4).map(tuple)
paragraphs = st.lists(line_tuples, min_size=1, max_size=3).map(lambda held: Paragraph(tuple(held)))
leaves: st.SearchStrategy[Block] = st.one_of(
    paragraphs,
    st.builds(Code, texts),
    st.builds(Heading, lines),
    st.lists(st.lists(line_tuples, min_size=1, max_size=2).map(tuple), min_size=1, max_size=3).map(
        lambda held: Items(tuple(held))
    ),
    st.lists(st.tuples(line_tuples, line_tuples), min_size=1, max_size=3).map(
        lambda held: Table(("Name", "Value"), tuple(held))
    ),
).filter(lambda block: bool(seen([block])))
blocks: st.SearchStrategy[Block] = st.recursive(
    leaves,
    lambda inner: st.lists(inner, min_size=1, max_size=3).map(lambda held: Quote(tuple(held))),
    max_leaves=6,
)
documents = st.lists(blocks, max_size=4).map(tuple)

_LOOK_ALIKES = {ord(one) + 0xFEE0: one for one in "[]|`"}
_UNSEEN = re.compile(r"[\s\u00a0\u200b]+")


def seen(blocks: Iterable[Block]) -> str:
    """What a reader has to see of blocks, folded for comparison."""
    return folded(" ".join(_seen(block) for block in blocks))


def _seen(block: Block) -> str:
    match block:
        case Paragraph():
            return "\n".join(map(_seen_line, block.lines))
        case Code() | Heading():
            return block.text
        case Quote():
            return "\n".join(map(_seen, block.blocks))
        case Items():
            return "\n".join(_seen_line(line) for item in block.items for line in item)
        case Table():
            cells = (_seen_line(cell) for row in block.rows for cell in row)
            return " ".join([*block.header, *cells])


def _seen_line(line: Line) -> str:
    return "".join(map(bare, line))


def folded(text: str) -> str:
    """A text without blanks, invisible characters, look-alikes and percent-encoding: what has to be
    the same before and after."""
    return unquote(_UNSEEN.sub("", visible(text)).translate(_LOOK_ALIKES)).replace("/", "")


def closed(text: Text, link: object) -> str:
    """A text with each reference as the link that stands if nothing better is known."""
    return "".join(
        link(part.label, part.home) if isinstance(part, Ref) else _words(part)  # type: ignore[operator]
        for part in text.parts
    )


def _words(part: str | Passing | Seal) -> str:
    return part if isinstance(part, str) else part.text
