"""Real texts, where they are at hand: none is refused, and the references in them are found."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from markdown_it import MarkdownIt

from tests.text.remarkup_reader import read
from tests.text.samples import closed, folded, seen
from tracker_migrate.backends.launchpad.text import blocks
from tracker_migrate.model import Key, key, kind_of
from tracker_migrate.text import commonmark, remarkup

SAMPLE = Path(__file__).parents[3] / "shared" / "data" / "nova-sample.jsonl"

pytestmark = pytest.mark.skipif(not SAMPLE.exists(), reason="the sample of real bugs is not here")


def texts() -> Iterator[tuple[Key, str]]:
    with SAMPLE.open(encoding="utf-8") as lines:
        for line in lines:
            bug = json.loads(line)
            of = key("launchpad", "bug", bug["id"])
            yield of, bug["description"]
            yield from ((of, message["content"] or "") for message in bug["messages"])


def test_real_texts_lose_no_word_and_make_nothing_live() -> None:
    found: Counter[str] = Counter()
    reader = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])
    for of, text in texts():
        shown = blocks(text, "https://launchpad.net", of)
        source = remarkup.write(shown)
        page = read(closed(source, remarkup.link))
        assert folded(page.text) == seen(shown)
        assert page.live == []
        html = reader.render(closed(commonmark.write(shown), commonmark.link))
        assert "<img" not in html
        assert "<h1" not in html
        found.update(kind_of(ref.to) for ref in source.refs)
        found["texts"] += 1
    assert found["texts"] > 3000
    assert found["bug"] > 650
    assert found["blueprint"] > 20
    assert found["comment"] > 20
