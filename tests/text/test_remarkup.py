"""The Remarkup writer: no word is lost, nothing is live that was not meant, code stays code."""

from __future__ import annotations

from collections.abc import Iterable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.text.remarkup_reader import read
from tests.text.samples import PIECES, closed, documents, folded, lines, seen, texts
from tracker_migrate.interfaces import Ref
from tracker_migrate.model import Key
from tracker_migrate.text import remarkup
from tracker_migrate.text.blocks import (
    Block,
    Code,
    Heading,
    Items,
    Paragraph,
    Quote,
    Strong,
    Table,
    Url,
)
from tracker_migrate.text.characters import visible
from tracker_migrate.text.remarkup_live import live_word

REF = Ref(to=Key("launchpad:bug:1"), label="bug 1", home="https://launchpad.net/bugs/1")
KINDS = {Code: "code", Heading: "heading", Items: "list", Table: "table", Quote: "quote"}


def source(*blocks: Block) -> str:
    return closed(remarkup.write(blocks), remarkup.link)


@settings(max_examples=150, deadline=None)
@given(documents)
def test_no_word_is_lost_and_nothing_is_live(document: tuple[Block, ...]) -> None:
    page = read(source(*document))
    assert folded(page.text) == seen(document)
    assert page.live == []


@settings(max_examples=500, deadline=None)
@given(st.text("@T1rAa0f#*/~_!`[](){:% ?-\u00e9\u00a0\u2003x+.\n"))
def test_nothing_that_is_live_goes_over_a_blank(text: str) -> None:
    assert live_word(text) == any(live_word(word) for word in text.split())


@settings(max_examples=100, deadline=None)
@given(documents)
def test_blocks_stay_what_they_are(document: tuple[Block, ...]) -> None:
    kinds = read(source(*document)).kinds
    for kind, name in KINDS.items():
        assert kinds.count(name) == sum(_count(block, kind) for block in document), name


def _count(block: Block, kind: object) -> int:
    inner = block.blocks if isinstance(block, Quote) else ()
    return int(type(block) is kind) + sum(_count(one, kind) for one in inner)


@settings(max_examples=150, deadline=None)
@given(texts)
def test_code_is_kept_to_the_letter_and_can_not_break_out(text: str) -> None:
    page = read(source(Paragraph((("before",),)), Code(text), Paragraph((("after",),))))
    wanted = [line.rstrip() for line in visible(text).strip("\n").split("\n")]
    indent = min(
        (len(line) - len(line.lstrip(" ")) for line in wanted if line.strip(" ")), default=0
    )
    if any(wanted):
        [code] = page.codes
        got = [line.rstrip() for line in code.split("\n")]
        assert "\n".join(got).strip("\n") == "\n".join(line[indent:] for line in wanted).strip("\n")
    assert page.live == []


@settings(deadline=None)
@given(lines)
def test_a_plain_line_is_inert_wherever_it_stands(text: str) -> None:
    for before in ("", "Word ", "(", "Name: "):
        page = read(before + remarkup.plain(text))
        assert folded(page.text) == folded(before + text)
        assert page.live == []


@settings(deadline=None)
@given(lines)
def test_a_link_shows_its_label_and_nothing_else(label: str) -> None:
    page = read(remarkup.link(label, "https://h.org/x"))
    assert [address for address, _ in page.links] == ["https://h.org/x"]
    assert folded(page.text) == (folded(label) if label.strip() else "https:h.orgx")
    assert page.live == []


def test_prose_stays_as_it_was_typed() -> None:
    line = "It's a test: nova_api, [nova] & 50% of x < y (see above)."
    assert source(Paragraph(((line,), ("Second line.",)))) == f"{line}\nSecond line."


def test_a_paragraph_with_something_live_stands_as_it_is_between_percent_signs() -> None:
    assert source(Paragraph((("ask @alice",), ("  about T1",)))) == (
        "%%%ask @alice\n\u00a0\u00a0about T1%%%"
    )


def test_beside_a_link_only_the_live_word_is_set_in_monospace() -> None:
    line = ("__init__ of ", REF, " and https://x.org/a_b says @alice")
    assert source(Paragraph((line,))) == (
        "`__init__` of [[ https://launchpad.net/bugs/1 | bug 1 ]] and <https://x.org/a_b>"
        " says `@alice`"
    )


def test_references_are_left_open_in_order() -> None:
    text = remarkup.write([Paragraph((("see ", REF, "!"),))])
    assert text.refs == (REF,)
    assert text.parts == ("see ", REF, "!")


def test_an_address_of_the_server_itself_makes_no_mention() -> None:
    assert (
        source(Paragraph((("http://phorge.example.org/T1",),))) == "<http://phorge.example.org/T1>"
    )


def test_code_with_a_fence_in_it_is_indented() -> None:
    assert source(Code("a\n```\nb")) == "  lang=text\n  a\n  ```\n  b"
    assert source(Code("name=x")) == "```lang=text\nname=x\n```"


def test_an_address_that_is_not_on_the_web_is_no_link() -> None:
    assert "[[" not in remarkup.link("click", "javascript:alert(1)")
    assert read(remarkup.link("click", "javascript:alert(1)")).links == []


def test_quotes_deeper_than_anybody_reads_are_kept_as_text() -> None:
    block: Block = Paragraph((("deep",),))
    for _ in range(2000):
        block = Quote((block,))
    assert "deep" in read(source(block)).text


@pytest.mark.parametrize("piece", PIECES)
def test_each_hostile_piece_alone(piece: str) -> None:
    for document in _around(piece):
        page = read(source(document))
        assert folded(page.text) == seen([document])
        assert page.live == []


def _around(piece: str) -> Iterable[Block]:
    yield Paragraph(((piece,),))
    yield Paragraph(((piece, " x"), ("x ", piece)))
    yield Paragraph(((piece, REF, piece), (Url("https://x.org/"), piece)))
    yield Heading(piece.strip() or "x")
    yield Items((((piece, " x"),), ((REF, piece),)))
    yield Table(("a", "b"), (((piece,), (REF, piece)),))
    yield Quote((Paragraph(((piece,),)),))
    yield Paragraph(((Strong("Name"), ": ", piece),))


def test_a_checklist_has_boxes_that_are_ticked_or_not() -> None:
    items = Items(((("done",),), (("[x] not",), ("more",))), ticks=(True, False))
    written = closed(remarkup.write([items]), remarkup.link).split("\n")
    assert [line.rstrip("\u200b") for line in written] == [
        "- [x] done",
        "- [ ] \u200b[x] not",
        "",
        "  more",
    ]
