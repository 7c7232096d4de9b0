"""Tables that people edit: what they wrote stays, to the letter, and keeps its order."""

from __future__ import annotations

import csv
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from tracker_migrate.mappings import people, sheet
from tracker_migrate.mappings.table import Mistakes
from tracker_migrate.mappings.table import rows as read_rows

COLUMNS = people.COLUMNS
_CELL = st.text(
    st.characters(exclude_categories=["Cs", "Cc", "Zl", "Zp"], exclude_characters="@\x85"),
    max_size=12,
)
_COMMENT = _CELL.map(lambda text: f"# {text}")
_ROW = st.fixed_dictionaries(dict.fromkeys(COLUMNS, _CELL))


def _written(row: dict[str, str]) -> str:
    return ",".join('"' + row[name].replace('"', '""') + '"' for name in COLUMNS)


_THEIRS = st.lists(st.one_of(_COMMENT, st.just(""), _ROW.map(_written)), max_size=8)


@given(
    above=st.lists(st.one_of(_COMMENT, st.just("")), max_size=3),
    theirs=_THEIRS,
    ends=st.sampled_from(["\n", "\r\n"]),
    last=st.booleans(),
    ours=st.lists(st.tuples(st.booleans(), _ROW), max_size=5),
)
def test_what_people_wrote_stays_to_the_letter(
    above: list[str],
    theirs: list[str],
    ends: str,
    last: bool,
    ours: list[tuple[bool, dict[str, str]]],
) -> None:
    lines = [*above, ",".join(COLUMNS), *theirs]
    text = ends.join(lines) + (ends if last else "")
    held = sheet.Sheet(text, COLUMNS)
    for offered, row in ours:
        held.offer(row) if offered else held.add(row, ("person", "target"))
    assert held.text.startswith(text)
    about = held.told("person", "target")
    plain = [{name: " ".join(cell.split()) for name, cell in row.items()} for _, row in ours]
    assert all((row["person"], row["target"]) in about for row in plain if any(row.values()))


@given(_ROW)
def test_a_row_that_is_added_is_read_back(row: dict[str, str]) -> None:
    held = sheet.Sheet("", COLUMNS)
    held.add(row, ("person", "target"))
    line = held.text.splitlines()[-1]
    plain = {name: " ".join(cell.split()) for name, cell in row.items()}
    if any(plain.values()):
        assert next(csv.reader([line])) == [plain[name] for name in COLUMNS]
        assert not line.startswith("#")


def test_an_offer_is_a_comment_until_somebody_takes_its_mark_away(tmp_path: Path) -> None:
    path = tmp_path / "people.csv"
    held = sheet.read(path, COLUMNS)
    held.offer({"person": "jdoe", "target": "new", "state": "placeholder", "note": "12 issues"})
    sheet.save(path, held.text)
    assert list(read_rows(path, COLUMNS, ("person", "state"), Mistakes())) == []
    path.write_text(path.read_text("utf-8").replace("#? ", ""), "utf-8")
    ((_, row),) = read_rows(path, COLUMNS, ("person", "state"), Mistakes())
    assert row["person"] == "jdoe"


def test_a_row_takes_the_place_of_an_untouched_offer_and_of_no_other() -> None:
    head = ",".join(COLUMNS)
    untouched = "#? jdoe,new,,Jane,placeholder,2009-03-02,12 issues"
    touched = "#? max,new,,Max,placeholder,,12 issues, ask him first"
    noted = '#? eve,new,,Eve,placeholder,,"12 issues, ask her first"'
    text = "\n".join([head, untouched, "# mine", touched, noted, ""])
    held = sheet.Sheet(text, COLUMNS)
    for name in ("jdoe", "max", "eve"):
        held.add({"person": name, "target": "new", "state": "suggested"}, ("person", "target"))
    lines = held.text.splitlines()
    assert lines[1] == "jdoe,new,,,suggested,,"
    assert lines[2:5] == ["# mine", touched, noted]
    assert lines[5:] == ["max,new,,,suggested,,", "eve,new,,,suggested,,"]


def test_rows_and_offers_say_what_they_are_about() -> None:
    head = "state,person,target"
    held = sheet.Sheet(f"{head}\nbot,hudson\n#? verified,jdoe,new\n# jdoe,old\n", COLUMNS)
    assert held.told("person", "target") == {("hudson", ""), ("jdoe", "new")}
    held.add({"person": "max", "target": "new", "state": "suggested", "note": "x"}, ("person",))
    assert held.text.splitlines()[-1] == "suggested,max,new", "it keeps to the header that is there"


def test_no_address_gets_into_a_table() -> None:
    held = sheet.Sheet("", COLUMNS)
    held.add({"person": "jdoe", "name": "jane@example.org", "state": "suggested"}, ("person",))
    assert "@" not in held.text
