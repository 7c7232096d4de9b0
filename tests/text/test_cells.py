"""What the writers write in tables is read back cell by cell."""

from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tracker_migrate.text import commonmark, remarkup
from tracker_migrate.text.blocks import Code, Paragraph, Strong, Table, Url
from tracker_migrate.text.cells import column, labelled

WRITERS = {"commonmark": commonmark.write, "remarkup": remarkup.write}
#: as Launchpad lets milestones be called, and then some
NAMES = st.from_regex(r"[a-z0-9][a-z0-9+._*~-]{0,20}[a-z0-9]", fullmatch=True)


def written(markup: str, *blocks: object) -> str:
    """Blocks as a text."""
    return "".join(str(part) for part in WRITERS[markup](blocks).parts)  # type: ignore[arg-type]


@pytest.mark.parametrize("markup", WRITERS)
@settings(max_examples=200, deadline=None)
@given(names=st.lists(NAMES, min_size=1, max_size=4))
def test_a_column_is_read_as_it_was_written(markup: str, names: list[str]) -> None:
    rows = tuple((("nova",), (name,)) for name in names)
    text = written(markup, Table(("Affects", "Milestone"), rows))
    assert column([text], "Affects", "Milestone") == set(names)
    assert column([text], "Affects", "Affects") == {"nova"}
    assert not column([text], "Work item", "Milestone")


@pytest.mark.parametrize("markup", WRITERS)
@settings(max_examples=100, deadline=None)
@given(name=NAMES)
def test_a_marked_line_is_read_as_it_was_written(markup: str, name: str) -> None:
    lines = ((Strong("Status:"), " New"), (Strong("Milestone:"), f" {name}"))
    assert labelled([written(markup, Paragraph(lines))], "Milestone") == {name}


@pytest.mark.parametrize("markup", WRITERS)
def test_a_link_in_a_cell_does_not_end_it(markup: str) -> None:
    person = Url("https://launchpad.net/~jdoe", "Jane | Doe")
    rows = ((("nova",), (person,), ("1.0",)), (("swift",), (person, " and ", person), ("2.0",)))
    text = written(markup, Table(("Affects", "Assignee", "Milestone"), rows))
    assert column([text], "Affects", "Milestone") == {"1.0", "2.0"}


@pytest.mark.parametrize("markup", WRITERS)
def test_the_cells_of_one_table_are_not_taken_for_those_of_the_next(markup: str) -> None:
    tables = (
        Table(("Affects", "Milestone"), ((("nova",), ("1.0",)), (("swift",), ()))),
        Paragraph((("History",),)),
        Table(("When", "Milestone"), ((("today",), ("2.0",)),)),
    )
    assert column([written(markup, *tables)], "Affects", "Milestone") == {"1.0"}


@pytest.mark.parametrize("markup", WRITERS)
def test_what_people_write_is_no_table(markup: str) -> None:
    said = "| Affects | Milestone |\n| --- | --- |\n| nova | 3.0 |"
    for block in (Paragraph(tuple((line,) for line in said.split("\n"))), Code(said)):
        assert not column([written(markup, block)], "Affects", "Milestone")


@pytest.mark.parametrize("line", ["| [[a]] " * 600, "| " + "[[" * 2400, "|" + "[[a|b]] " * 600])
def test_a_row_that_was_made_to_take_time_takes_none(line: str) -> None:
    began = time.monotonic()
    column([f"| Affects | Milestone |\n{line}"] * 20, "Affects", "Milestone")
    assert time.monotonic() - began < 5
