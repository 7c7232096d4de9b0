"""Words that are offered in a TOML table: comments below their section; the rest stays as it was,
and says what it said."""

from __future__ import annotations

import tomllib

from hypothesis import given
from hypothesis import strategies as st

from tracker_migrate.mappings import offers

_SECTIONS = ("storyboard.status", "storyboard.importance", "maniphest.status")
_WORD = st.text(st.characters(exclude_categories=["Cs", "Cc", "Zl", "Zp"]), min_size=1, max_size=10)
_ROWS = st.dictionaries(_WORD, _WORD, max_size=4)


def quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


@st.composite
def tables(draw: st.DrawFn) -> str:
    """A table as somebody may have written it: sections in any order, remarks, blank lines."""
    lines = [f"# {draw(_WORD)}" for _ in range(draw(st.integers(0, 2)))]
    for section in draw(st.permutations(_SECTIONS))[: draw(st.integers(0, 3))]:
        lines.append(f"[{section}]" + draw(st.sampled_from(["", "  # ours"])))
        for word, becomes in draw(_ROWS).items():
            lines.append(
                f"{quoted(word)} = {quoted(becomes)}" + draw(st.sampled_from(["", " # x"]))
            )
            lines += draw(st.sampled_from([[], [""], ["# not this: [storyboard.status"]]))
    return "\n".join(lines) + draw(st.sampled_from(["", "\n"]))


_OFFERED = st.dictionaries(
    st.sampled_from(_SECTIONS),
    st.lists(st.tuples(_WORD, _WORD, st.just("3")), max_size=4, unique_by=lambda row: row[0]),
)


@given(tables(), _OFFERED)
def test_nothing_of_a_table_changes_but_what_is_offered(
    text: str, offered: dict[str, list[tuple[str, str, str]]]
) -> None:
    filled, count = offers.words(text, offered)
    theirs = [line for line in filled.splitlines() if not line.startswith("#?")]
    assert theirs == text.splitlines()
    assert tomllib.loads(filled) == tomllib.loads(text)
    assert offers.words(filled, offered) == (filled, 0), "once is enough"
    held = tomllib.loads(text)
    fresh = {
        (section, word)
        for section, rows in offered.items()
        for word, _, _ in rows
        if word not in _of(held, section)
    }
    assert count == len(fresh)


@given(tables(), _OFFERED)
def test_an_offer_whose_mark_is_taken_away_is_a_row(
    text: str, offered: dict[str, list[tuple[str, str, str]]]
) -> None:
    filled, _ = offers.words(text, offered)
    taken = "\n".join(line.removeprefix("#? ") for line in filled.splitlines())
    held, before = tomllib.loads(taken), tomllib.loads(text)
    for section, rows in offered.items():
        for word, becomes, _ in rows:
            expected = _of(before, section).get(word, becomes)
            assert _of(held, section)[word] == expected


def _of(held: dict[str, dict[str, dict[str, str]]], section: str) -> dict[str, str]:
    tracker, _, name = section.partition(".")
    return held.get(tracker, {}).get(name, {})
