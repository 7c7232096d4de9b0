"""Links between the documents lead to a page that is there, and to a heading that it has; and each
page can be found from the first one. No address outside is asked."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
#: pages that `make docs` makes from the code
MADE = ("every-setting", "shipped-tables", "impossible", "losses-storyboard", "losses-maniphest")
PAGES = [
    *(ROOT / name for name in ("README.md", "CHANGELOG.md", "CONTRIBUTING.md")),
    *sorted(DOCS.glob("*.md")),
    *sorted(one for one in (DOCS / "reference").glob("*.md") if one.stem not in MADE),
    *sorted((ROOT / "examples").glob("*/README.md")),
]
_FENCED = re.compile(r"^(```|~~~).*?^\1", re.MULTILINE | re.DOTALL)
_CODE = re.compile(r"`[^`\n]*`")
_LINK = re.compile(r"\]\(([^()\s]+(?:\([^()\s]*\)[^()\s]*)*)\)")
_HEADING = re.compile(r"^#{1,3} (.+)$", re.MULTILINE)
_TREE = re.compile(r"^```\{toctree\}\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def text_of(page: Path) -> str:
    """A page without its blocks of code."""
    return _FENCED.sub("", page.read_text(encoding="utf-8"))


def links(page: Path) -> list[str]:
    """Where a page leads to, but for addresses elsewhere."""
    found = _LINK.findall(_CODE.sub("", text_of(page)))
    return [one for one in found if "://" not in one and not one.startswith("mailto:")]


def anchors(page: Path) -> set[str]:
    """The names by which a page's headings are led to, as MyST and GitHub make them."""
    heads = _HEADING.findall(text_of(page))
    plain = (re.sub(r"[`*]|\[([^]]*)\]\([^)]*\)", r"\1", one) for one in heads)
    return {re.sub(r"[^\w\- ]", "", one.lower()).replace(" ", "-") for one in plain}


@pytest.mark.parametrize(
    "page", [pytest.param(one, id=str(one.relative_to(ROOT))) for one in PAGES]
)
def test_every_link_leads_somewhere(page: Path) -> None:
    for link in links(page):
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        made = target.parent == DOCS / "reference" and target.stem in MADE
        assert made or target.exists(), link
        if anchor and not made:
            assert anchor in anchors(target), link


def test_links_are_found_at_all() -> None:
    assert sum(len(links(page)) for page in PAGES) > 150


def in_the_tree() -> Iterator[str]:
    """The pages that the first page lists."""
    for tree in _TREE.findall((DOCS / "index.md").read_text(encoding="utf-8")):
        yield from (line for line in tree.splitlines() if line and not line.startswith(":"))


def test_every_page_is_listed_on_the_first_one() -> None:
    there: set[Any] = {str(one.relative_to(DOCS).with_suffix("")) for one in DOCS.rglob("*.md")}
    there |= {f"reference/{name}" for name in MADE}
    assert set(in_the_tree()) == there - {"index"}
