"""The text of a blueprint's work items: what a line says, and what an item is known by."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tracker_migrate.backends.launchpad.work_items import STATUSES, Parsed, parsed
from tracker_migrate.model import WorkItem

HOME = "https://blueprints.launchpad.net/nova/+spec/foo"


def read(text: str) -> Parsed:
    return parsed(text, "nova/+spec/foo", "nova", HOME)


def told(text: str) -> list[tuple[str, str, str | None, str | None]]:
    return [
        (
            one.title,
            one.status,
            one.assignee and one.assignee.rpartition(":")[2],
            one.milestone and one.milestone.rpartition("/")[2],
        )
        for one in read(text).items
    ]


def items(text: str) -> dict[str, WorkItem]:
    return {one.key: one for one in read(text).items}


def test_a_line_names_who_what_and_how_far() -> None:
    text = (
        "Work items:\n[jane] write it: DONE\ntest it: INPROGRESS\n\n"
        "Work items for 1.0:\nship it: TODO"
    )
    assert told(text) == [
        ("write it", "DONE", "jane", None),
        ("test it", "INPROGRESS", None, None),
        ("ship it", "TODO", None, "1.0"),
    ]
    assert read(text).rest == ""
    first = read(text).items[0]
    assert first.assignee == "launchpad:person:jane"
    assert read(text).items[2].milestone == "launchpad:milestone:nova/+milestone/1.0"
    mark = first.key.rpartition("@")[2]
    assert first.key == f"launchpad:workitem:nova/+spec/foo@{mark}"
    assert first.home == f"{HOME}#workitem-{mark}"


@pytest.mark.parametrize(
    ("line", "title"),
    [
        ("see http://x.org: it says why: TODO", "see http://x.org: it says why"),
        ("[jane]no blank: TODO", "no blank"),
        ("one ] bracket: TODO", "one ] bracket"),
        ("[jane] two [2] of them: TODO", "two [2] of them"),
        ("odd case: toDo  ", "odd case"),
        ("work items are read: TODO", "work items are read"),
    ],
)
def test_a_title_may_hold_what_people_write(line: str, title: str) -> None:
    assert told(f"Work items:\n{line}") == [
        (title, "TODO", "jane" if "jane" in line else None, None)
    ]


def test_a_milestone_holds_until_the_next_heading() -> None:
    text = (
        "Work items for 1.0:\na: TODO\nWork items:\nb: TODO\nWORK ITEMS for series 2.0 :\nc: TODO"
    )
    assert [one[3] for one in told(text)] == ["1.0", None, "2.0"]


@pytest.mark.parametrize(
    "line",
    [
        "no state at all",
        "a word that Launchpad has not: MAYBE",
        "a state that is empty:",
        ": TODO",
        "[jane] : TODO",
        "[jane never closes: TODO",
        "[not a name!] x: TODO",
        "[] x: TODO",
        "Work items for a/b:",
    ],
)
def test_what_is_not_understood_stays_as_text_and_the_rest_are_items(line: str) -> None:
    text = f"Work items:\nfirst: DONE\n{line}\nlast: TODO"
    assert read(text).rest == text
    kept = ["first"] if line.startswith("Work") else ["first", "last"]
    assert [one[0] for one in told(text)] == kept


def test_no_text_is_no_items() -> None:
    assert read("") == Parsed((), "")
    assert read("Work items:\n\n") == Parsed((), "")


def test_another_state_assignee_or_milestone_is_the_same_item() -> None:
    before = items("Work items:\n[jane] write it: TODO\ntest it: TODO")
    after = items("Work items for 2.0:\ntest it: DONE\n[joe] Write  it: DONE")
    assert before.keys() == after.keys()


def test_another_title_is_another_item() -> None:
    assert not items("write it: TODO").keys() & items("write that: TODO").keys()


def test_items_of_one_title_are_told_apart_by_their_order() -> None:
    text = "Work items for 1.0:\ndocs: DONE\nWork items for 2.0:\ndocs: TODO"
    both = read(text).items
    assert len({one.key for one in both}) == 2
    alone = read("Work items for 1.0:\ndocs: DONE").items
    assert alone[0] == both[0]


def test_one_that_is_new_leaves_the_others_as_they_are() -> None:
    assert (
        items("a: TODO\nb: TODO").items() <= items("new: TODO\na: TODO\nx: DONE\nb: TODO").items()
    )


def test_who_is_not_logged_in_reads_the_same_items() -> None:
    whole = items("ask dave@example.org for it: TODO")
    hidden = items("ask <email address hidden> for it: TODO")
    assert whole.keys() == hidden.keys()


lines = st.text(
    st.characters(exclude_characters="[]", exclude_categories=["Cc", "Cs", "Zl", "Zp"])
).map(lambda text: " ".join(text.split()))


@given(st.lists(st.tuples(lines.filter(bool), st.sampled_from(sorted(STATUSES)), st.booleans())))
@example([("Work items for x", "TODO", False)])
def test_whatever_launchpad_writes_is_read_back(rows: list[tuple[str, str, bool]]) -> None:
    text = "\n".join(f"{'[jane] ' if who else ''}{title}: {state}" for title, state, who in rows)
    found = read(f"Work items:\n{text}" if rows else "")
    assert found.rest == ""
    assert [(one.title, one.status, one.assignee is not None) for one in found.items] == rows
    assert len({one.key for one in found.items}) == len(rows)


@given(
    st.lists(st.sampled_from(["Work items:", "x: DONE", "[jane] y: TODO", "huh", "z:"]) | st.text())
)
def test_any_line_is_a_heading_or_an_item_or_keeps_the_whole_text(rows: list[str]) -> None:
    text = "\n".join(rows)
    found = read(text)
    assert found.rest in ("", text)
    if not found.rest:
        said = [line.strip() for line in text.splitlines() if line.strip()]
        headings = [line for line in said if line.endswith(":")]
        assert len(found.items) + len(headings) == len(said)
