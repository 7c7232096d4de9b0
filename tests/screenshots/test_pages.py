"""The pages of a whole move ask for nothing and are small; each command that writes one works."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.screenshots import made
from tests.screenshots.browser import browser, picture, wrong


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """The pages of a small move."""
    return made.pages(tmp_path_factory.mktemp("pages"), bugs=24)


def test_no_page_asks_for_anything_or_is_too_large(pages: list[Path]) -> None:
    assert {page.stem for page in pages} == {
        "evaluate", "plan-new", "plan-old", "status", "sync", "verify",
    }  # fmt: skip
    assert [what for page in pages for what in wrong(page)] == []


def test_no_page_shows_what_a_template_forgot(pages: list[Path]) -> None:
    for page in pages:
        text = page.read_text(encoding="utf-8")
        for word in (
            "Undefined",
            "{{",
            "{%",
            "None</",
            ">None<",
            "&lt;built-in",
            "&lt;bound method",
        ):
            assert word not in text, f"{page.stem} shows {word}"


def test_the_pages_tell_what_people_did(pages: list[Path]) -> None:
    text = next(page for page in pages if page.stem == "verify").read_text(encoding="utf-8")
    assert "Clamp does not hold when it is hot" in text
    assert "the fix is under review" in text
    standing = next(page for page in pages if page.stem == "status").read_text(encoding="utf-8")
    assert "GO for" in standing
    assert "NO-GO for" in standing


@pytest.mark.parametrize("words", ["<script>", '<img src="x">', "url(x)", "@import"])
def test_a_page_that_asks_for_something_is_found(tmp_path: Path, words: str) -> None:
    page = tmp_path / "page.html"
    page.write_text(f"<p>{words}</p>")
    assert list(wrong(page))


@pytest.mark.skipif(browser() is None, reason="there is no Chromium")
def test_a_page_is_drawn_on_a_desk_and_on_a_telephone(pages: list[Path], tmp_path: Path) -> None:
    chromium = browser()
    assert chromium is not None
    for width in (1100, 390):
        out = tmp_path / f"{width}.png"
        picture(chromium, pages[0], out, width=width, height=600)
        assert out.read_bytes().startswith(b"\x89PNG")
        assert out.stat().st_size > 8_000
