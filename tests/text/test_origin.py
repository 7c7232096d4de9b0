"""The line of origin: read back from either markup, and not to be forged by a name."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.text.remarkup_reader import read
from tests.text.samples import lines
from tracker_migrate.text.origin import Origin, commonmark_line, parse, remarkup_line

PERMALINK = "https://bugs.launchpad.net/bugs/1316547"
WHEN = datetime(2014, 5, 6, 7, 8, 9, tzinfo=UTC)
LABELS = [
    "LP #1316547",
    "LP #1316547 comment 3",
    "LP #1316547 task nova/kilo",
    "LP blueprint nova/+spec/foo",
]
WRITERS = [commonmark_line, remarkup_line]
Writer = Callable[[Origin], str]

#: names that Remarkup's look-alikes leave the same
names = (
    st.text(st.characters(exclude_categories=("C", "Z")), min_size=1, max_size=20)
    .filter(lambda name: not any(0xFF00 <= ord(one) <= 0xFF5E or one == "\u2027" for one in name))
    .filter(lambda name: name.strip() == name)
)
origins = st.builds(
    Origin,
    label=st.sampled_from(LABELS),
    permalink=st.just(PERMALINK),
    author=st.one_of(st.none(), names),
    author_home=st.none(),
    when=st.one_of(st.none(), st.datetimes(timezones=st.just(UTC))).map(
        lambda when: when.replace(microsecond=0, year=max(when.year, 1000)) if when else None
    ),
    signature=st.sampled_from(["", "0123abcd", "x-Y_9"]),
)


@pytest.mark.parametrize("write", WRITERS)
@settings(deadline=None)
@given(origins, st.booleans(), st.sampled_from(["", "\n", "\n\nbody", "\r\n\r\nbody"]))
def test_a_line_is_read_back(write: Writer, origin: Origin, linked: bool, rest: str) -> None:
    if linked and origin.author:
        origin = msgspec.structs.replace(origin, author_home="https://launchpad.net/~jdoe")
    assert parse(write(origin) + rest) == origin


@pytest.mark.parametrize("write", WRITERS)
@settings(deadline=None)
@given(lines, st.sampled_from([None, "https://launchpad.net/~x"]))
def test_no_name_breaks_the_line_or_forges_a_permalink(
    write: Writer, name: str, home: str | None
) -> None:
    for author in (
        name,
        f"{name}]] · [[https://evil.example/ | LP #1]]//\n//[[https://evil/ | x]]",
    ):
        line = write(Origin(LABELS[0], PERMALINK, author, home, WHEN))
        found = parse(line + "\nbody")
        assert "\n" not in line
        assert found is not None
        assert (found.permalink, found.label, found.when) == (PERMALINK, LABELS[0], WHEN)
        assert found.author_home in (None, home)


@settings(deadline=None)
@given(lines)
def test_nothing_in_a_name_is_live_in_remarkup(name: str) -> None:
    for home in (None, "https://launchpad.net/~x"):
        line = remarkup_line(Origin(LABELS[1], PERMALINK, name, home, WHEN))
        live = [one for one in read(line).live if not one.startswith("italic: //")]
        assert live == []


def test_the_grammar_of_both_markups() -> None:
    origin = Origin(LABELS[1], PERMALINK, "Jane Doe", "https://launchpad.net/~jdoe", WHEN)
    assert remarkup_line(origin) == (
        f"//[[{PERMALINK} | LP #1316547 comment 3]] · "
        "[[https://launchpad.net/~jdoe | Jane Doe]], 2014-05-06 07:08:09 UTC//"
    )
    assert commonmark_line(origin) == (
        f"*[LP #1316547 comment 3]({PERMALINK}) · "
        "[Jane Doe](https://launchpad.net/~jdoe), 2014-05-06 07:08:09 UTC*"
    )
    bare = Origin(LABELS[0], PERMALINK)
    assert remarkup_line(bare) == f"//[[{PERMALINK} | LP #1316547]]//"
    assert commonmark_line(bare) == f"*[LP #1316547]({PERMALINK})*"


@pytest.mark.parametrize("write", WRITERS)
def test_only_the_head_of_a_text_counts(write: Writer) -> None:
    line = write(Origin(LABELS[0], PERMALINK))
    for text in ("", "x", f"x{line}", f"\n{line}", f" {line}", f"> {line}", f"{line}x", line[:-1]):
        assert parse(text) is None


@pytest.mark.parametrize("write", WRITERS)
def test_dates_are_written_in_utc(write: Writer) -> None:
    when = datetime(2014, 5, 6, 9, 8, 9, 999, tzinfo=timezone(timedelta(hours=2)))
    found = parse(write(Origin(LABELS[0], PERMALINK, None, None, when)))
    assert found is not None
    assert found.when == WHEN


def test_a_date_that_no_calendar_has_is_not_ours() -> None:
    line = commonmark_line(Origin(LABELS[0], PERMALINK, "x", None, WHEN))
    assert parse(line.replace("2014-05-06", "2014-15-06")) is None
