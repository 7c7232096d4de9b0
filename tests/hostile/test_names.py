"""Names and texts that mean harm, in what is written for targets and in the page of the demo."""

from __future__ import annotations

import re
from typing import Any

import msgspec
import pytest
from markdown_it import MarkdownIt

from tests.backends.maniphest import helpers
from tests.backends.storyboard import acts, example
from tests.hostile.test_printed import ACTS
from tracker_migrate.backends.launchpad.text import blocks
from tracker_migrate.backends.maniphest.options import Options
from tracker_migrate.backends.maniphest.planner import ManiphestPlanner
from tracker_migrate.backends.storyboard.planner import StoryBoardPlanner
from tracker_migrate.interfaces import Ref, Text
from tracker_migrate.model import Issue
from tracker_migrate.report.bugs import Pair, Side, page

NAMES = {
    "up": "../../../etc/passwd",
    "root": "/etc/passwd",
    "drive": "C:\\Windows\\system32\\con",
    "device": "con",
    "dots": "report....",
    "long": "x" * 4000,
    "null": "a.txt\x00.exe",
    "escape": "\x1b]0;owned\x07.log",
    "turned": "\u202egpj.exe",
    "script": "<script>alert(1)</script>",
    "image": '"><img src=x onerror=alert(1)>',
    "link": "[click](javascript:alert(1))",
    "markup": "{F1} @alice #secret T1 !T2 [[ javascript:alert(1) | x ]]",
    "line": "a\n\n# b\n\n<b>c</b>",
    "blank": " ",
}
_TAGS = re.compile(r"<((script|img|b|iframe)\b|a [^>]*href=.?javascript)", re.IGNORECASE)


def issue_with(name: str) -> Issue:
    """A bug that has this for an attachment's name, a title, a text, a tag's, a person's."""
    made = example.rich_bug()
    attachments = [msgspec.structs.replace(one, title=name) for one in made.attachments]
    return msgspec.structs.replace(
        made, title=f"bug {name}", description=f"see {name}", attachments=tuple(attachments)
    )


def texts(planner: Any, issue: Issue, decisions: Any) -> list[str]:
    """Every text with markup that would be written. A title has none at either target."""
    return [
        "".join(_part(one) for one in value.parts)
        for wanted in planner.wanted(issue, decisions)
        for value in wanted.fields.values()
        if isinstance(value, Text)
    ]


def _part(part: Any) -> str:
    return part.label if isinstance(part, Ref) else part if isinstance(part, str) else part.text


class Blocks(example.Decided):
    """Texts are read as Launchpad's are."""

    def blocks(self, issue: Issue, text: str) -> tuple[Any, ...]:
        return blocks(text, "https://launchpad.test")


@pytest.mark.parametrize("name", NAMES)
def test_no_name_is_live_at_storyboard(name: str) -> None:
    written = texts(StoryBoardPlanner(), issue_with(NAMES[name]), Blocks(me=acts.ME))
    assert written
    for text in written:
        shown = MarkdownIt("commonmark", {"html": True}).render(text)
        assert not _TAGS.search(shown), text
        assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f]", text)


@pytest.mark.parametrize("name", NAMES)
def test_no_name_has_a_control_character_at_maniphest(name: str) -> None:
    written = texts(ManiphestPlanner(Options()), issue_with(NAMES[name]), helpers.Told())
    assert written
    for text in written:
        assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f]", text)


@pytest.mark.parametrize("name", NAMES)
def test_the_page_of_the_demo_shows_and_does_not_run(name: str) -> None:
    evil = NAMES[name]
    side = Side(name=evil, number=evil, title=evil, text=evil, comments=(evil,))
    shown = page(evil, [Pair(before=side, after=(side,))])
    assert not _TAGS.search(shown)
    assert "javascript:" not in re.sub(r"[^<]*", "", shown)
    assert "<script" not in shown
    assert not re.search(r"(src|href)=", shown.replace("src=x", ""))


def test_the_names_are_bad_enough() -> None:
    assert sum(bool(ACTS.search(name)) for name in NAMES.values()) >= 3
