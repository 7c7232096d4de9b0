"""Texts over a limit: all words in order, no part over it, each part whole in itself."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from urllib.parse import quote_plus

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.text.remarkup_reader import read
from tests.text.samples import blocks as block_samples
from tests.text.samples import closed, documents, folded, seen, words
from tests.text.test_commonmark import TAGS, Page
from tests.text.test_linear_time import UNITS, calls
from tracker_migrate.interfaces import Head, Passing, Ref, Text
from tracker_migrate.model import Key
from tracker_migrate.text import commonmark, origin, remarkup
from tracker_migrate.text.blocks import (
    Block,
    Code,
    Heading,
    Items,
    Line,
    Paragraph,
    Quote,
    Strong,
    Table,
    Url,
)
from tracker_migrate.text.continued import (
    SMALLEST,
    Long,
    part_home,
    part_key,
    part_label,
    whole_home,
    whole_key,
    whole_label,
    written_parts,
)
from tracker_migrate.text.cutting import Markup, cut

MARKDOWN = Markup(
    write=commonmark.write, link=commonmark.link, weigh=lambda text: len(text.encode())
)
REMARKUP = Markup(
    write=remarkup.write,
    link=remarkup.link,
    weigh=lambda text: len(quote_plus(json.dumps(text))) - 6,
)
MARKUPS = {"commonmark": MARKDOWN, "remarkup": REMARKUP}
HOME = "https://bugs.launchpad.net/bugs/1"
REF = Ref(to=Key("launchpad:bug:1"), label="bug 1", home=HOME)
WHEN = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)

both = pytest.mark.parametrize("name", MARKUPS)


def closed_text(text: Text, name: str) -> str:
    return closed(text, MARKUPS[name].link)


def assert_inert(text: str, name: str) -> str:
    """The words that a reader sees; nothing in it may be live, or stand open."""
    if name == "commonmark":
        page = Page(text)
        assert set(page.tags) <= TAGS | {"ol", "em"}
        return page.text
    found = read(text)
    assert [one for one in found.live if not one.startswith("italic: //\x01")] == []
    return found.text


def without_headers(blocks: Sequence[Block]) -> list[Block]:
    """A table says its header again in each part."""
    return [
        Table(("", ""), block.rows)
        if isinstance(block, Table)
        else Quote(tuple(without_headers(block.blocks)))
        if isinstance(block, Quote)
        else block
        for block in blocks
    ]


def assert_cut(document: Sequence[Block], name: str, room: int, first: int) -> list[list[Block]]:
    markup = MARKUPS[name]
    parts = [list(part) for part in cut(document, markup, room, first)]
    for number, part in enumerate(parts):
        text = markup.write(part)
        assert markup.weight(text) <= (room if number else first)
        assert markup.weigh(closed_text(text, name)) <= (room if number else first)
        assert folded(assert_inert(closed_text(text, name), name)) == seen(part)
    assert seen(without_headers([one for part in parts for one in part])) == seen(
        without_headers(document)
    )
    return parts


long_blocks: st.SearchStrategy[Block] = st.one_of(
    block_samples,
    st.builds(lambda text, times: Code((text or "x") * times), words, st.integers(1, 400)),
    st.builds(
        lambda text, times: Code("\n".join([text or "x"] * times)), words, st.integers(1, 200)
    ),
    st.builds(
        lambda text, times: Paragraph((((text or "x") * times,),)), words, st.integers(1, 200)
    ),
    st.builds(
        lambda text, times: Paragraph(tuple((f"{n} {text}",) for n in range(times))),
        words,
        st.integers(1, 200),
    ),
    st.builds(
        lambda text, times, ordered: Items(
            tuple(((text or "x", REF),) for _ in range(times)), ordered
        ),
        words,
        st.integers(1, 100),
        st.booleans(),
    ),
    st.builds(
        lambda text, times: Table(("Name", "Value"), (((("n",)), ((text or "x") * times,)),) * 20),
        words,
        st.integers(1, 100),
    ),
).filter(lambda block: bool(seen([block])))
long_documents = st.lists(
    st.one_of(
        long_blocks,
        st.builds(lambda held: Quote(tuple(held)), st.lists(long_blocks, min_size=1, max_size=3)),
    ),
    min_size=1,
    max_size=5,
)


@both
@settings(max_examples=60, deadline=None)
@given(document=long_documents, room=st.integers(1500, 6000), less=st.integers(0, 1000))
def test_all_words_in_order_and_no_part_over_its_room(
    name: str, document: list[Block], room: int, less: int
) -> None:
    assert_cut(document, name, room, room - less)


@both
@settings(max_examples=40, deadline=None)
@given(document=documents, times=st.integers(1, 60), limit=st.integers(SMALLEST, 4 * SMALLEST))
def test_a_whole_text_at_any_limit(
    name: str, document: tuple[Block, ...], times: int, limit: int
) -> None:
    markup = MARKUPS[name]
    line = {"commonmark": origin.commonmark_line, "remarkup": origin.remarkup_line}[name]

    def head(label: str, home: str) -> Head:
        told = origin.Origin(label, home, "Jane Doe", "https://launchpad.net/~jane", WHEN)
        return origin.head(told, line)

    def part_head(number: int) -> Head:
        return head(part_label("LP #1", number), part_home(HOME, number))

    first = head("LP #1", HOME)
    tail = (Heading("Details"), Paragraph((("the end",),)))
    long = Long(head=first, part_head=part_head, blocks=document * times, tail=tail)
    texts = [closed_text(text, name) for text in written_parts(long, markup, limit)]
    assert all(markup.weigh(text) <= limit for text in texts)
    told = [origin.parse(text) for text in texts]
    labels = ["LP #1", *(f"LP #1, part {n} of {len(texts)}" for n in range(2, len(texts) + 1))]
    assert [one.label for one in told if one] == labels
    assert [one.permalink for one in told[1:] if one] == [
        part_home(HOME, n) for n in range(2, len(texts) + 1)
    ]
    shown = [assert_inert(text, name) for text in texts]
    assert ("continued in the next" in shown[0]) == (len(texts) > 1)
    assert "the end" in shown[0]


# -- examples -------------------------------------------------------------------------------------

LOG = "\n".join(
    f"{n:06} nova-compute[{n}]: `instance` {n * 7919 % 10007} is up" for n in range(900)
)


@both
def test_a_cut_log_is_a_log_in_each_part(name: str) -> None:
    parts = assert_cut([Code(LOG)], name, 10_000, 10_000)
    assert len(parts) > 5
    assert all(isinstance(one, Code) for part in parts for one in part)
    assert "\n".join(one.text for part in parts for one in part if isinstance(one, Code)) == LOG


def test_a_part_ends_between_blocks_where_it_can() -> None:
    document = [Paragraph(((f"{n} " * 200,),)) for n in range(100)]
    assert [one for part in cut(document, MARKDOWN, 10_000) for one in part] == document


def test_a_heading_stays_with_what_follows_it() -> None:
    document = [
        block for n in range(300) for block in (Heading(f"Head {n}"), Paragraph((("text " * 40,),)))
    ]
    parts = cut(document, MARKDOWN, 3_000)
    assert len(parts) > 15
    assert not any(isinstance(part[-1], Heading) for part in parts)


def test_a_numbered_list_goes_on_with_its_number() -> None:
    items = Items(tuple((("word " * 40,),) for _ in range(100)), ordered=True)
    parts = cut([items], MARKDOWN, 5_000)
    assert len(parts) > 3
    at = 1
    for part in parts:
        [held] = part
        assert isinstance(held, Items)
        assert held.start == at
        assert closed_text(MARKDOWN.write(part), "commonmark").startswith(f"{at}. ")
        assert closed_text(REMARKUP.write(part), "remarkup").startswith(f"{at}. ")
        at += len(held.items)


def test_a_row_that_is_too_long_goes_on_in_the_next() -> None:
    row: tuple[Line, ...] = (("name",), ("word " * 10_000,), ("end",))
    parts = assert_cut([Table(("A", "B", "C"), (row,))], "commonmark", 10_000, 10_000)
    assert all(isinstance(one, Table) for part in parts for one in part)


@both
def test_an_address_that_is_too_long_leads_nowhere_else(name: str) -> None:
    address = "https://h.org/" + "a" * 30_000
    parts = assert_cut([Paragraph((("see ", Url(address), " there"),))], name, 10_000, 10_000)
    assert len(parts) > 2
    for part in parts:
        text = closed_text(MARKUPS[name].write(part), name)
        links = Page(text).links if name == "commonmark" else read(text).links
        assert links == []


@both
def test_a_reference_is_never_cut(name: str) -> None:
    line: Line = tuple(piece for _ in range(500) for piece in ("word ", REF, " "))
    parts = assert_cut([Paragraph((line,))], name, 10_000, 10_000)
    refs = [ref for part in parts for ref in MARKUPS[name].write(part).refs]
    assert refs == [REF] * 500


@both
def test_a_line_more_leaves_the_later_parts_as_they_were(name: str) -> None:
    """Most targets can't edit the comments that they hold."""
    markup = MARKUPS[name]
    before = cut([Code(LOG)], markup, 12_000)
    after = cut([Code(f"one line more\n{LOG}")], markup, 12_000)
    same = sum(part in before for part in after)
    assert same >= len(before) - 3


@both
def test_what_changes_in_passing_moves_nothing(name: str) -> None:
    def parts(heat: str) -> list[tuple[Block, ...]]:
        lines: tuple[Line, ...] = (("Heat: ", Passing(text=heat)),)
        return cut([Paragraph(lines), Code(LOG)], MARKUPS[name], 12_000)

    assert parts("8")[1:] == parts("123456")[1:]


@pytest.mark.parametrize(
    "piece", ["`", "\n", "a ", "x", "]", "\u6f22", "# ", "> ", "http://x.org/"]
)
@both
def test_a_megabyte_of_anything(name: str, piece: str) -> None:
    text = piece * (300_000 // len(piece))
    for block in (Code(text), Paragraph(((text.replace("\n", " "),),))):
        if seen([block]):
            assert_cut([block], name, 20_000, 20_000)


@pytest.mark.parametrize("unit", UNITS.values(), ids=UNITS)
@both
def test_four_times_the_text_takes_about_four_times_the_steps(name: str, unit: str) -> None:
    def work(times: int) -> None:
        for block in (Code(unit * times), Paragraph(((unit.replace("\n", " ") * times,),))):
            cut([block], MARKUPS[name], 2000)

    times = 10_000 // len(unit)
    small, large = calls(lambda: work(times)), calls(lambda: work(4 * times))
    assert large < 5 * small + 500


def test_deep_quotes_are_cut_as_they_are_written() -> None:
    block: Block = Code(LOG)
    for _ in range(50):
        block = Quote((block,))
    parts = cut([block], MARKDOWN, 10_000)
    shown = "".join(
        assert_inert(closed_text(MARKDOWN.write(part), "commonmark"), "commonmark")
        for part in parts
    )
    assert [n for n in range(900) if f"{n:06}" not in shown] == []


def test_what_fits_is_one_text() -> None:
    head = Head(told=("line",), carried=("line",))
    blocks = [Paragraph(((Strong("a"), " word"),))]
    long = Long(head=head, part_head=lambda _number: head, blocks=blocks)
    (text,) = written_parts(long, MARKDOWN, SMALLEST)
    assert text == Text(parts=("line\n\n**a** word",), head=head)


# -- names of parts -------------------------------------------------------------------------------


def test_a_part_is_named_and_read_back() -> None:
    part = part_key(Key("launchpad:comment:12/3"), 2)
    assert part == "launchpad:part:comment:12/3/2"
    assert [whole_key(one) for one in (part, Key("launchpad:comment:12/3"))] == [
        "launchpad:comment:12/3"
    ] * 2
    assert whole_home(part_home(HOME, 7)) == (HOME, 7)
    assert whole_home(part_home(f"{HOME}#x", 7)) == (f"{HOME}#x", 7)
    assert whole_home(HOME) == (HOME, 0)
    assert whole_label("LP #12 comment 3, part 2 of 14") == ("LP #12 comment 3", 2)
    assert whole_label("LP #12 comment 3") == ("LP #12 comment 3", 0)


def test_a_checklist_that_goes_on_keeps_its_ticks() -> None:
    ticks = tuple(number % 3 == 0 for number in range(100))
    items = Items(tuple(((f"{number} " + "word " * 40,),) for number in range(100)), ticks=ticks)
    parts = cut([items], REMARKUP, 5000)
    assert len(parts) > 2
    held = [one for part in parts for one in part if isinstance(one, Items)]
    found = {
        int(str(item[0][0]).split()[0]): tick
        for one in held
        for item, tick in zip(one.items, one.ticks, strict=True)
        if str(item[0][0])[:1].isdigit()
    }
    assert found == dict(enumerate(ticks))
