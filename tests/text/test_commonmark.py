"""The Markdown writer, read back by markdown-it (with GFM's tables and strike-through)."""

from __future__ import annotations

from collections.abc import Iterable
from html.parser import HTMLParser

import pytest
from hypothesis import given, settings
from markdown_it import MarkdownIt

from tests.text.samples import PIECES, closed, documents, folded, lines, seen, texts
from tracker_migrate.interfaces import Ref
from tracker_migrate.model import Key
from tracker_migrate.text import commonmark
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

REF = Ref(to=Key("launchpad:bug:1"), label="bug 1", home="https://launchpad.net/bugs/1")
READER = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])
TAGS = {
    *("p", "br", "pre", "code", "a", "ul", "ol", "li", "blockquote", "h3", "strong"),
    *("table", "thead", "tbody", "tr", "th", "td"),
}


class Page(HTMLParser):
    """The words and tags of a rendered text."""

    def __init__(self, source: str) -> None:
        super().__init__(convert_charrefs=True)
        self.words: list[str] = []
        self.tags: list[str] = []
        self.links: list[str] = []
        self.code: list[str] = []
        self.feed(READER.render(source))
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.links += [value or "" for name, value in attrs if name == "href"]
        if tag == "pre":
            self.code.append("")

    def handle_data(self, data: str) -> None:
        self.words.append(data)
        if self.tags and self.tags[-1] == "code" and self.code:
            self.code[-1] += data

    @property
    def text(self) -> str:
        return " ".join(self.words)


def source(*blocks: Block) -> str:
    return closed(commonmark.write(blocks), commonmark.link)


def assert_shown(page: Page, blocks: Iterable[Block]) -> None:
    assert folded(page.text) == seen(blocks)
    assert set(page.tags) <= TAGS
    assert all(link.startswith(("http://", "https://")) for link in page.links)


@settings(max_examples=150, deadline=None)
@given(documents)
def test_no_word_is_lost_and_no_tag_is_live(document: tuple[Block, ...]) -> None:
    assert_shown(Page(source(*document)), document)


@settings(max_examples=100, deadline=None)
@given(documents)
def test_blocks_stay_what_they_are(document: tuple[Block, ...]) -> None:
    tags = Page(source(*document)).tags
    for kind, tag in {Code: "pre", Table: "table", Quote: "blockquote"}.items():
        assert tags.count(tag) == sum(_count(block, kind) for block in document)


def _count(block: Block, kind: object) -> int:
    inner = block.blocks if isinstance(block, Quote) else ()
    return int(type(block) is kind) + sum(_count(one, kind) for one in inner)


@settings(max_examples=150, deadline=None)
@given(texts)
def test_code_is_kept_to_the_letter_and_can_not_break_out(text: str) -> None:
    page = Page(source(Paragraph((("before",),)), Code(text), Paragraph((("after",),))))
    code = "".join(page.code)
    wanted = visible(text).strip("\n")
    assert code.strip("\n") == (wanted if wanted.strip() else "")
    assert set(page.tags) <= {"p", "pre", "code"}


@settings(deadline=None)
@given(lines)
def test_a_plain_line_is_inert_at_the_head_of_a_line(text: str) -> None:
    page = Page(commonmark.plain(text))
    assert folded(page.text) == folded(text)
    assert set(page.tags) <= {"p"}


@settings(deadline=None)
@given(lines)
def test_a_link_shows_its_label_and_nothing_else(label: str) -> None:
    page = Page("see " + commonmark.link(label, "https://h.org/x") + ".")
    assert page.links == ["https://h.org/x"]
    assert folded(page.text) == "see" + (folded(label) if label.strip() else "https:h.orgx") + "."
    assert page.tags == ["p", "a"]


def test_prose_stays_as_it_was_typed() -> None:
    line = "It's a test: nova_api, [nova] & 50% of x < y (see above)."
    assert source(Paragraph(((line,), ("Second line.",)))) == f"{line}  \nSecond line."


def test_line_breaks_are_kept() -> None:
    assert Page(source(Paragraph((("one",), ("two",), ("three",))))).tags == ["p", "br", "br"]


def test_a_fence_is_longer_than_any_run_of_backticks_in_it() -> None:
    assert source(Code("a\n`````\nb")) == "``````\na\n`````\nb\n``````"


def test_references_are_left_open_in_order() -> None:
    text = commonmark.write([Paragraph((("see ", REF, "!"),))])
    assert text.refs == (REF,)
    assert text.parts == ("see ", REF, "!")


def test_an_address_that_is_not_on_the_web_is_no_link() -> None:
    assert Page(commonmark.link("click", "javascript:alert(1)")).links == []


def test_an_address_whose_escapes_are_no_utf8_is_text() -> None:
    """A reader that is asked to be safe drops such a link, label and all."""
    page = Page(source(Paragraph((("http://h.org/caf%E9",),))))
    assert page.links == []
    assert "caf" in page.text


def test_leading_blanks_are_kept_and_make_no_code() -> None:
    page = Page(source(Paragraph((("    four",), ("\ttab",)))))
    assert page.code == []
    assert page.text.count("\u00a0") == 8


@pytest.mark.parametrize("piece", PIECES)
def test_each_hostile_piece_alone(piece: str) -> None:
    for document in _around(piece):
        assert_shown(Page(source(document)), [document])


def _around(piece: str) -> Iterable[Block]:
    yield Paragraph(((piece,),))
    yield Paragraph(((piece, " x"), ("x ", piece)))
    yield Paragraph(((piece, REF, piece), (Url("https://x.org/"), piece)))
    yield Heading(piece.strip() or "x")
    yield Items((((piece, " x"),), ((REF, piece),)))
    yield Table(("a", "b"), (((piece,), (REF, piece)),))
    yield Quote((Paragraph(((piece,),)),))
    yield Paragraph(((Strong("Name"), ": ", piece),))


def test_a_checklist_is_read_with_its_boxes() -> None:
    items = Items(((("done",),), (("not",),)), ticks=(True, False))
    written = closed(commonmark.write([items]), commonmark.link)
    assert written.split("\n") == [r"- \[x\] done", r"- \[ \] not"]
