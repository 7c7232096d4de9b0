"""Each row of docs/what-arrives.md names a test, and the test is there."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "what-arrives.md").read_text(encoding="utf-8")
#: names for the tests that many rows rest on
SHORT = dict(re.findall(r"^- ([A-Z]+): `(\S+)`$", PAGE, re.MULTILINE))


def rows() -> list[list[str]]:
    """The cells of each row, without the headers."""
    lines = [line for line in PAGE.splitlines() if line.startswith("| ")]
    cells = [[cell.strip() for cell in line.strip("|").split(" | ")] for line in lines]
    return [row for row in cells if row[-1].strip(" |") != "test"]


def named(cell: str) -> list[str]:
    """The tests that a cell names."""
    cell = cell.strip(" |")
    return [SHORT[cell]] if cell in SHORT else re.findall(r"`(\S+?::\w+)`", cell)


def is_there(test: str) -> bool:
    """Whether a test of this name stands in its file."""
    file, _, name = test.partition("::")
    text = (ROOT / "tests" / file).read_text(encoding="utf-8")
    return re.search(rf"^(?:    )?def {name}\(", text, re.MULTILINE) is not None


def test_every_row_rests_on_tests_that_are_there() -> None:
    assert len(rows()) > 60
    for row in rows():
        tests = named(row[-1])
        assert tests, row
        assert [test for test in tests if not is_there(test)] == [], row


def test_what_is_lost_says_why() -> None:
    lost = [cell for row in rows() for cell in row if cell.startswith("lost")]
    assert lost
    assert all(re.match(r"lost: \S", cell) for cell in lost)
