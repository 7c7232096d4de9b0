"""What servers call things, on the terminal: one line each, and nothing that acts on it."""

from __future__ import annotations

import ast
import json
import re
from pathlib import Path

import pytest

from tests.exits import ROOT
from tracker_migrate.cli import screen
from tracker_migrate.text.printable import LONGEST, printable

#: what a terminal would act on, and what would make a line look like another
ACTS = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\ud800-\udfff\U000e0000-\U000e007f]"
)
EVIL = {
    "colour": "\x1b[31mred\x1b[0m",
    "clear": "\x1b[2J\x1b[H",
    "title": "\x1b]0;owned\x07",
    "clipboard": "\x1b]52;c;cm0gLXJm\x1b\\",
    "link": "\x1b]8;;https://elsewhere.example\x1b\\here\x1b]8;;\x1b\\",
    "eight-bit": "\x9b31m\x9d0;x\x9c",
    "carriage-return": "bug 1\rbug 2",
    "line": "a\nerror: your disk is full",
    "lines": "a\u2028error: b\u2029error: c\x85error: d",
    "backspace": "rm\x08\x08ls",
    "null": "a\x00b",
    "right-to-left": "\u202egpj.exe",
    "isolates": "\u2066\u2067abc\u2069",
    "invisible": "a\u200b\u2060\ufeffb\U000e0041",
    "surrogate": "\ud83d",
    "pile": "a" + "\u0301" * 500,
    "long": "x" * 100_000,
    "delete": "\x7f",
}  # fmt: skip


@pytest.mark.parametrize("name", EVIL)
def test_a_line_is_one_line_and_does_nothing(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    screen.echo(f"  not read: launchpad:bug:1: {EVIL[name]}")
    out = capsys.readouterr().out
    assert out.endswith("\n")
    assert out.count("\n") == 1
    assert not ACTS.search(out)
    assert len(out) <= LONGEST + 2


@pytest.mark.parametrize("name", EVIL)
def test_a_document_is_exact_and_does_nothing(
    name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    screen.document({EVIL[name]: [EVIL[name]]}, indent=None)
    out = capsys.readouterr().out
    assert out.isascii()
    assert not ACTS.search(out)
    assert json.loads(out) == {EVIL[name]: [EVIL[name]]}


@pytest.mark.parametrize(
    "text", ["", "launchpad:bug:1", "Grüße, 山, 🌋 👩\u200d💻", "x · y × 2", "a\u0301\u0323\u0331"]
)
def test_what_people_write_stays_as_it_is(text: str) -> None:
    assert printable(text) == text


def test_what_was_there_can_be_seen() -> None:
    assert printable("a\x1b[2J\nb\tc") == "a\u241b[2J\u240ab c"


def test_everything_is_printed_in_one_place() -> None:
    """`click.echo` and the like stand in cli/screen.py alone."""
    found = [
        f"{path.name}: {ast.unparse(node.func)}"
        for path in sorted((ROOT / "tracker_migrate").rglob("*.py"))
        if path.name != "screen.py" and "standin" not in path.parts and "testing" not in path.parts
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call)
        and ast.unparse(node.func) in _PRINTERS
        and not isinstance(node.args[0], ast.Constant)  # words of ours
    ]
    assert found == []


_PRINTERS = {"print", "click.echo", "click.secho", "echo", "sys.stdout.write", "sys.stderr.write"}


def test_a_bar_prints_lines_the_same_way() -> None:
    text = (Path(ROOT) / "tracker_migrate/cli/display.py").read_text(encoding="utf-8")
    assert "console.print(printable(" in text
