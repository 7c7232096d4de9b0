"""Launchpad's plain text → blocks: which part becomes what, and what is a reference."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.text.samples import folded, seen, texts
from tracker_migrate.backends.launchpad.text import blocks
from tracker_migrate.interfaces import Ref
from tracker_migrate.model import Key
from tracker_migrate.text.blocks import Block, Code, Items, Line, Paragraph, Quote, Url

ROOT = "https://launchpad.net"
BUG = Key("launchpad:bug:77")


def refs(text: str, issue: Key | None = None) -> list[tuple[str, str, str]]:
    return [
        (ref.to, ref.label, ref.home)
        for block in blocks(text, ROOT, issue)
        for line in _lines(block)
        for ref in line
        if isinstance(ref, Ref)
    ]


def _lines(block: Block) -> list[Line]:
    match block:
        case Paragraph():
            return list(block.lines)
        case Items():
            return [line for item in block.items for line in item]
        case Quote():
            return [line for one in block.blocks for line in _lines(one)]
    return []


def paragraph(*lines: str) -> Paragraph:
    return Paragraph(tuple((line,) for line in lines))


@pytest.mark.parametrize(
    ("text", "label"),
    [
        ("see bug 123.", "bug 123"),
        ("see Bug #123, please", "Bug #123"),
        ("(bugs 123)", "bugs 123"),
        ("as in LP: #123", "LP: #123"),
        ("LP:#123 is it", "LP:#123"),
        ("LP#123", "LP#123"),
        ("LP #123", "LP #123"),
        ("lp:123", "lp:123"),
        ("Closes-Bug: #123", "#123"),
        ("closes-bug:123", "123"),
        ("Partial-Bug: 123", "123"),
        ("Related-Bug #123", "#123"),
        ("    Closes-Bug: #123", "#123"),
        ("Fixes: bug #123", "bug #123"),
        ("> bug 123 is it", "bug 123"),
        ("- bug 123\n- other", "bug 123"),
    ],
)
def test_a_bug_s_name_is_a_reference(text: str, label: str) -> None:
    assert refs(text) == [("launchpad:bug:123", label, "https://launchpad.net/bugs/123")]


@pytest.mark.parametrize(
    ("address", "to"),
    [
        ("https://launchpad.net/bugs/123", "launchpad:bug:123"),
        ("http://launchpad.net/bugs/123/", "launchpad:bug:123"),
        ("https://bugs.launchpad.net/bugs/123", "launchpad:bug:123"),
        ("https://bugs.launchpad.net/nova/+bug/123", "launchpad:bug:123"),
        ("https://bugs.launchpad.net/nova/kilo/+bug/123", "launchpad:bug:123"),
        ("https://bugs.launchpad.net/ubuntu/+source/nova/+bug/123", "launchpad:bug:123"),
        ("https://bugs.launchpad.net/ubuntu/trusty/+source/nova/+bug/123", "launchpad:bug:123"),
        ("https://bugs.launchpad.net/nova/+bug/123/comments/4", "launchpad:comment:123/4"),
        ("https://blueprints.launchpad.net/nova/+spec/a-b", "launchpad:blueprint:nova/+spec/a-b"),
    ],
)
def test_an_address_at_launchpad_is_a_reference(address: str, to: str) -> None:
    assert refs(f"See {address}.") == [(to, address, address)]


def test_addresses_below_the_web_root_are_references_too() -> None:
    [block] = blocks("http://lp.test:8085/bugs/5", "http://lp.test:8085/")
    address = "http://lp.test:8085/bugs/5"
    assert block == Paragraph(
        ((Ref(to=Key("launchpad:bug:5"), label=address, home=address),),)
    )  # fmt: skip


@pytest.mark.parametrize(
    "text",
    [
        "#123",
        "see #123",
        "bug",
        "bug 0",
        "debug 123",
        "bug 123.4",
        "bug 123abc",
        "Debian bug #123",
        "help:123",
        "comment #4",
        "https://bugs.launchpad.net/nova/+bug/123/+subscriptions",
        "https://bugs.example.org/nova/+bug/123",
        "https://launchpad.net/nova/kilo",
        "    x = bug(123)  # bug 123",
    ],
)
def test_what_only_looks_like_one_is_no_reference(text: str) -> None:
    assert refs(text) == []


def test_a_comment_is_a_reference_where_the_bug_is_known() -> None:
    home = "https://launchpad.net/bugs/77/comments/4"
    assert refs("see comment #4", BUG) == [("launchpad:comment:77/4", "comment #4", home)]
    assert refs("comment #4 of bug 5", BUG) == [
        ("launchpad:bug:5", "bug 5", "https://launchpad.net/bugs/5")
    ]
    assert refs("see comment #4", Key("launchpad:blueprint:nova/+spec/x")) == []


def test_a_text_that_names_more_than_thirty_bugs_stays_plain() -> None:
    line = "bug {} https://launchpad.net/bugs/{}\n"
    assert len(refs("".join(line.format(n, n) for n in range(1, 16)))) == 30
    many = "".join(line.format(n, n) for n in range(1, 17))
    assert refs(many) == []
    [block] = blocks(many, ROOT)
    assert isinstance(block, Paragraph)
    assert block.lines[0][1] == Url("https://launchpad.net/bugs/1")


def test_prose_keeps_its_line_breaks_and_paragraphs() -> None:
    assert blocks("One.\nTwo.\n\n\nThree.\n", ROOT) == (
        paragraph("One.", "Two."),
        paragraph("Three."),
    )


@pytest.mark.parametrize(
    "code",
    [
        "    indented = True",
        "Traceback (most recent call last):\n  File \"x.py\", line 1\nValueError: no",
        "2014-05-06 07:08:09.123 ERROR nova.api [req-1] no\n2014-05-06 07:08:10 DEBUG nova x",
        "diff --git a/x b/x\n--- a/x\n+++ b/x\n@@ -1,2 +1,2 @@\n- old\n+ new\n same",
        "+----+------+\n| ID | Name |\n+----+------+\n| 1  | x    |",
        "$ nova boot x\nroot@host:~# ls",
        "[DEFAULT]\nverbose = True",
        "[ 12.345678] kernel: oops",
        ">>> import nova\n>>> nova.x",
        "{\n  \"a\": 1\n}",
        "a    b     c\n1    2     3",
        "x = 1\n\n\ny = 2",
    ],
)  # fmt: skip
def test_what_is_not_surely_prose_stands_verbatim(code: str) -> None:
    assert blocks(code, ROOT) == (Code(code),)
    assert blocks(f"It says:\n{code}\n\nWhy?", ROOT) == (
        paragraph("It says:"),
        Code(code),
        paragraph("Why?"),
    )


def test_a_commit_message_in_a_robot_s_comment_is_prose() -> None:
    text = "Reviewed: https://x.org/1\n\n    Fix the thing in nova\n\n    Closes-Bug: #12"
    shown = blocks(text, ROOT)
    assert [type(block) for block in shown] == [Paragraph] * 3
    assert shown[1] == paragraph("    Fix the thing in nova")


def test_quotes_nest() -> None:
    assert blocks("> a\n> > b\n>\n> c\nd", ROOT) == (
        Quote((paragraph("a"), Quote((paragraph("b"),)), paragraph("c"))),
        paragraph("d"),
    )


def test_a_list_is_one_from_two_items_on() -> None:
    assert blocks("* one\n  more of it\n* two", ROOT) == (
        Items(((("one",), ("more of it",)), (("two",),))),
    )
    assert blocks("- signed", ROOT) == (paragraph("- signed"),)


def test_control_characters_become_visible() -> None:
    assert blocks("a\x00b\x1bc\x7f\x85\ud800\ufffe d\te", ROOT) == (
        Code("a\u2400b\u241bc\u2421\ufffd\ufffd\ufffd d\te"),
    )
    assert blocks("a\r\nb\rc", ROOT) == (paragraph("a", "b", "c"),)


@settings(max_examples=150, deadline=None)
@given(st.one_of(texts, st.text()))
def test_no_text_loses_a_character_that_can_be_seen(text: str) -> None:
    def bare(shown: str) -> str:
        return "".join(one for one in folded(shown) if one not in ">-* ")

    assert bare(seen(blocks(text, ROOT, BUG))) == bare(text)


def test_an_empty_text_has_no_blocks() -> None:
    assert blocks("", ROOT) == ()
    assert blocks(" \n\t\n", ROOT) == ()
