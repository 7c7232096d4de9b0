"""The reader that judges the Remarkup writer, held to what a real Phorge made of these texts.

Each row: what was sent to `remarkup.process` (with a user alice and a task T1 there), the words
that its page showed, and whether anything on it was live beyond links to web addresses.
"""

from __future__ import annotations

import pytest

from tests.text.remarkup_reader import read
from tests.text.samples import folded

QUIET = [
    ("`@alice T1`", "@alice T1"),
    ("x ##a`b @alice## y", "x a`b @alice y"),
    ("\u200b##@alice## at the head", "@alice at the head"),
    ("%%%- @alice **x**\n  T1%%%", "- @alice **x** T1"),
    ("%%%one%%%\n%%%two%%%", "one two"),
    ("%%%one%%%\n\n%%%two%%%", "one two"),
    ("```lang=text\nname=x\n @alice\n```", "name=x @alice"),
    ("  lang=text\n  ```\n  @alice", "``` @alice"),
    ("- Item\n\n  lang=text\n  code", "Item lang=text code"),
    ("- Item\n\n\u200b\n\n  lang=text\n  code", "Item code"),
    ("- one\n\n  two\n- \u200b[x] three", "one two [x] three"),
    ("[[ https://x.org/ | @alice T1 ** // ]]", "@alice T1 ** //"),
    ("`a`\u200b[[ https://x.org/ | b ]]", "a b"),
    ("<https://x.org/T1>", "https://x.org/T1"),
    ("<https://x.org/a_b__c__>", "https://x.org/a_b__c__"),
    ("> a\n> > b\n> \n> ```lang=text\n> c > d\n> ```", "a b c > d"),
    ("| a | b |\n| --- | --- |\n|  | [[ https://x.org/ | z ]] |", "a b z"),
    ("| x | [\u200b[ y |", "x [[ y"),
    ("| a | [[ y |", "a"),
    ("**word** and **`T1`**: x", "word and T1: x"),
    ("=== a `T1` ===", "a T1"),
    ("=== #a# ===", "a"),
    ("\u200b- x\n\u200b=== y\n\u200b> z\n\u200bNOTE: q", "- x === y > z NOTE: q"),
    ("a\n\u200b---", "a ---"),
    ("\u00a0\u00a0- x", "- x"),
    ("1. One\n2. Two", "One Two"),
    ("mail bob@example.org", "mail bob@example.org"),
    ("xT1 T1x @@bob", "xT1 T1x @@bob"),
]
LIVE = [
    "see @alice and T1",
    "##@alice## at the head",
    "x`@alice`",
    "- [x] three",
    "<http://x.org)T1>",
    "NOTE: q",
    "a\n---",
    "# a\nb",
    "one @bob.",
    "//c//",
    "__d__",
    "~~e~~",
    "!!f!!",
    "[x](https://x.org/)",
    "`a`[[ https://x.org/ | b ]]",
    "{icon bug}",
    ":smile:",
    "{F1}",
    ">>! x",
    "***",
    "so it is\nfacepalm",
]


@pytest.mark.parametrize(("source", "shown"), QUIET)
def test_quiet_text_is_read_as_the_server_shows_it(source: str, shown: str) -> None:
    page = read(source)
    assert folded(page.text) == folded(shown)
    assert page.live == []


@pytest.mark.parametrize("source", LIVE)
def test_live_text_is_seen_to_be_live(source: str) -> None:
    assert read(source).live
