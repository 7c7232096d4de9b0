"""Hostile texts take time in proportion to their length.

Steps are counted, not seconds: the calls of our own functions and the characters that a regular
expression is given; a pattern that backtracks is caught by a text that would take it hours.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from types import FrameType

import pytest

from tests.text.samples import closed
from tracker_migrate.backends.launchpad.text import blocks
from tracker_migrate.text import commonmark, remarkup
from tracker_migrate.text.blocks import Code, Heading, Paragraph, Quote, Table
from tracker_migrate.text.origin import Origin, commonmark_line, parse, remarkup_line
from tracker_migrate.text.redact import hide_addresses

UNITS = {
    "backticks": "`",
    "quotes": ">",
    "spaced quotes": "> ",
    "brackets": "[",
    "closing": "](",
    "braces": "{{{",
    "stars": "*",
    "underscores": "a_",
    "at signs": "@",
    "mentions": "@a ",
    "addresses": "a@",
    "dotted": "a@b.",
    "colons": ":a-",
    "hashes": "#",
    "urls": "http://x.org/(",
    "joined urls": "http://x.org/http://",
    "userinfo": "http://a",
    "percent": "%%%",
    "lines": "\n",
    "blank lines": " \n",
    "items": "- a\n",
    "indented": "    a\n",
    "indented items": "    * a\n",
    "quoted lines": "> > a\n",
    "headers": "Aa ",
    "equals": "a.",
    "digits": "1",
    "hex": "abcdef",
    "bugs": "bug 1 ",
    "lp": "LP: ",
    "tabs": "\t",
    "backslashes": "\\",
    "entities": "&a",
    "nul": "\x00",
    "pipes": "| a |\n",
}


def everything(text: str) -> None:
    """All that is done with a text on its way."""
    shown = blocks(hide_addresses(text), "https://launchpad.net")
    closed(commonmark.write(shown), commonmark.link)
    closed(remarkup.write(shown), remarkup.link)
    for block in (Paragraph(((text,),)), Code(text), Heading(text), Table(("a",), (((text,),),))):
        commonmark.write([block])
        remarkup.write([block])
    for write in (commonmark_line, remarkup_line):
        parse(write(Origin("LP #1", "https://launchpad.net/bugs/1", text)) + text)
    parse(text)


def calls(work: Callable[[], None]) -> int:
    """How many calls of Python functions a piece of work takes."""
    count = 0

    def counted(frame: FrameType, event: str, arg: object) -> None:
        nonlocal count
        count += event in ("call", "c_call")

    sys.setprofile(counted)
    try:
        work()
    finally:
        sys.setprofile(None)
    return count


@pytest.mark.parametrize("unit", UNITS.values(), ids=UNITS)
def test_twice_the_text_takes_about_twice_the_steps(unit: str) -> None:
    small = calls(lambda: everything(unit * 500))
    large = calls(lambda: everything(unit * 2000))
    assert large < 5 * small + 500


@pytest.mark.parametrize("unit", UNITS.values(), ids=UNITS)
def test_a_text_of_the_size_of_the_largest_comment_is_done_with(unit: str) -> None:
    everything(unit * (200_000 // len(unit)))


def test_a_million_backticks() -> None:
    everything("`" * 1_000_000)


def test_quotes_in_quotes_do_not_multiply() -> None:
    line = "> " * 3000 + "deep"
    block: Quote | Paragraph = Paragraph((("deep",),))
    for _ in range(3000):
        block = Quote((block,))
    for write in (commonmark.write, remarkup.write):
        assert sum(len(part) for part in write([block]).parts if isinstance(part, str)) < 10_000
        shown = write(blocks("\n".join([line] * 50), "https://launchpad.net"))
        assert sum(len(part) for part in shown.parts if isinstance(part, str)) < 100 * len(line)
