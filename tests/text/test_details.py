"""What no field of the target holds is written readably, and nothing is forgotten."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any, cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.text.samples import closed, folded
from tracker_migrate.interfaces import Decisions, Passing
from tracker_migrate.model import (
    PARTS,
    Attachment,
    Change,
    Issue,
    Key,
    Milestone,
    Person,
    Relation,
    Subscription,
    Task,
    WorkItem,
    name_of,
    present_fields,
    says,
)
from tracker_migrate.text import commonmark, remarkup
from tracker_migrate.text.blocks import Block, Code, Heading, Paragraph, Strong, Table
from tracker_migrate.text.details import details
from tracker_migrate.text.redact import hide_addresses

JANE = Key("launchpad:person:jane")
NOBODY = Key("launchpad:person:gone")
MILESTONE = Key("launchpad:milestone:nova/+milestone/kilo-3")


class Archive:
    """The two questions that the section asks of what is known, and the text of a whiteboard."""

    hides = False

    def person(self, person: Key) -> Person | None:
        if person != JANE:
            return None
        home = "https://launchpad.net/~jane"
        return Person(key=JANE, name="jane", display_name="Jane *Doe*", home=home)

    def milestone(self, milestone: Key) -> Milestone | None:
        return None

    def blocks(self, issue: Issue, text: str) -> tuple[Block, ...]:
        return (Code(hide_addresses(text) if self.hides else text),)


ARCHIVE = cast(Decisions, Archive())


def when(day: int) -> datetime:
    return datetime(2014, 5, day, 7, 8, 9, 123456, tzinfo=UTC)


def full_issue() -> Issue:
    """An issue whose every field holds a value of its own."""
    task = Task(
        key=Key("launchpad:task:7@nova/kilo"),
        target=Key("launchpad:series:nova/kilo"),
        target_name="nova/kilo (series)",
        project=Key("launchpad:project:nova"),
        home="https://bugs.example.org/nova/kilo/+bug/7",
        title="task title",
        series=Key("launchpad:series:nova/kilo"),
        status="Fix Committed",
        importance="Wishlist",
        assignee=JANE,
        milestone=MILESTONE,
        author=NOBODY,
        created=when(1),
        closed=when(2),
        complete=True,
        status_explanation="status because",
        importance_explanation="importance because",
        watch="https://watch.example.org/9",
        dates={"date_triaged": when(3)},
        extra={"is_odd": True, "bug_target_name": "the | pipe"},
    )
    return Issue(
        key=Key("launchpad:bug:7"),
        kind="bug",
        name="7",
        title="the title",
        home="https://bugs.example.org/bugs/7",
        description="first line\n\n    second @alice line",
        author=JANE,
        created=when(4),
        updated=when(5),
        private=True,
        information_type="Private Security",
        tags=("api", "low-hanging-fruit"),
        tasks=(task, Task(**{**_fields(task), "milestone": None, "status": "New"})),
        attachments=(
            Attachment(
                key=Key("launchpad:attachment:7/45"),
                title="trace T1.txt",
                home="https://bugs.example.org/+attachment/45",
                patch=True,
                url="https://paste.example.org/1",
                data="https://files.example.org/45",
                comment=3,
                extra={"size": 12345},
            ),
        ),
        relations=(
            Relation(kind="duplicate_of", label="bug 8", url="https://bugs.example.org/bugs/8",
                     to=Key("launchpad:bug:8"), extra={"since": "2014-05-06T07:08:09.5+00:00"}),
            Relation(kind="cve", label="CVE-2014-1", url="https://cve.example.org/1"),
            Relation(kind="branch", label="lp:nova", url=""),
        ),
        history=(
            Change(when=when(6), what="nova: status", old="New", new="Triaged",
                   message="message here", author=JANE, extra={"odd": "oddity"}),
            Change(when=when(7), what="description", old="old\ntext", new="x" * 500),
        ),
        subscriptions=(
            Subscription(person=JANE, level="Discussion", created=when(8), by=NOBODY,
                         extra={"muted": False}),
        ),
        work_items=(
            WorkItem(key=Key("launchpad:workitem:nova/+spec/x@0a1b"), title="write @alice a letter",
                     home="https://bugs.example.org/nova/+spec/x#workitem-0a1b", complete=True,
                     status="DONE", assignee=JANE, milestone=MILESTONE, extra={"hours": 7}),
            WorkItem(key=Key("launchpad:workitem:nova/+spec/x@0c1d"), title="w " * 150,
                     home="https://bugs.example.org/nova/+spec/x#workitem-0c1d", status="BLOCKED"),
        ),
        extra={
            "heat": 42,
            "lock_status": "Unlocked",
            "who_made_private_link": JANE,
            "whiteboard": "work:\n * item one",
            "nominations": [{"status": "Approved", "target": "launchpad:series:nova/juno"}],
            "score": 0.5,
        },
    )  # fmt: skip


def _fields(value: Any) -> dict[str, Any]:
    return {name: getattr(value, name) for name in value.__struct_fields__}


def words(value: object) -> Iterator[str]:
    """What has to be readable of a value."""
    match value:
        case None:
            return
        case bool():
            yield "yes" if value else "no"
        case datetime():
            yield f"{value:%Y-%m-%d %H:%M:%S} UTC"
        case list() | tuple():
            for one in value:
                yield from words(one)
        case dict():
            for one in value.values():
                yield from words(one)
        case str() if value == JANE:
            yield from ("Jane", "jane")
        case str() if re.match(r"launchpad:\w+:", value):
            yield name_of(Key(value)).rpartition("/")[2]
        case str() if re.match(r"\d{4}-\d\d-\d\dT", value):
            yield value[:19].replace("T", " ")
        case _:
            yield from re.findall(r"\w+", str(value).replace("_", " "))


def values(issue: Issue) -> Iterator[tuple[str, str, object]]:
    """Every filled field, as (entity, field, value)."""
    for entity, part in [(issue.kind, issue), *_parts(issue)]:
        for name, value in _fields(part).items():
            if isinstance(value, dict):
                yield from ((entity, f"{name}.{one}", held) for one, held in value.items())
            elif name not in PARTS or part is not issue:
                yield entity, name, value


def _parts(issue: Issue) -> Iterator[tuple[str, Any]]:
    for field, entity in PARTS.items():
        yield from ((entity, part) for part in getattr(issue, field))


def shown(blocks: tuple[Block, ...]) -> list[str]:
    sources = (
        closed(commonmark.write(blocks), commonmark.link),
        closed(remarkup.write(blocks), remarkup.link),
    )
    return [folded(re.sub(r"&#(\d+);", lambda one: chr(int(one[1])), one)).replace("\\", "")
            for one in sources]  # fmt: skip


def test_every_filled_field_can_be_read_in_either_markup() -> None:
    issue = full_issue()
    filled = set(present_fields(issue))
    sources = shown(details(issue, ARCHIVE, lambda entity, field: "text"))
    checked = set()
    for entity, field, value in values(issue):
        if (entity, field) not in filled:
            continue
        checked.add((entity, field))
        for word in words(value):
            for source in sources:
                assert folded(word) in source, (entity, field, word)
    assert checked == filled


@pytest.mark.parametrize("entity", ["bug", *sorted(set(PARTS.values()) - {"comment"})])
def test_each_field_alone_is_written_and_no_other(entity: str) -> None:
    issue = full_issue()
    held: dict[str, list[object]] = {}
    for of, field, value in values(issue):
        if of == entity and says(value):
            held.setdefault(field, []).append(value)
    for field, found in held.items():
        blocks = details(issue, ARCHIVE, _only(entity, field))
        for source in shown(blocks):
            for value in found:
                assert all(folded(word) in source for word in words(value)), (field, value)
        assert "12345" not in shown(blocks)[0] or field in ("extra.size", "size")


def _only(entity: str, field: str) -> Callable[[str, str], str]:
    return lambda of, name: "text" if (of, name) == (entity, field) else "native"


def test_what_is_native_or_lost_is_not_written() -> None:
    assert details(full_issue(), ARCHIVE, lambda entity, field: "native") == ()
    only = details(
        full_issue(), ARCHIVE, lambda entity, field: "text" if field == "extra.heat" else "lost"
    )
    assert only == (
        Heading("Launchpad details"),
        Paragraph(((Strong("Heat"), ": ", Passing(text="42")),)),
    )


def test_what_changes_with_every_event_is_marked_as_passing() -> None:
    blocks = details(full_issue(), ARCHIVE, lambda entity, field: "text")
    for write in (commonmark.write, remarkup.write):
        passing = [part.text for part in write(blocks).parts if isinstance(part, Passing)]
        assert passing == ["2014-05-05 07:08:09 UTC", "42"]


def test_empty_fields_do_not_appear() -> None:
    bare = Issue(key=Key("launchpad:bug:7"), kind="bug", name="7", title="t", home="https://x.org/")
    source = shown(details(bare, ARCHIVE, lambda entity, field: "text"))[0]
    assert "description" not in source.lower()
    assert "updated" not in source.lower()


def test_tasks_stand_in_one_table_with_the_source_s_own_words() -> None:
    def outcome(entity: str, field: str) -> str:
        return "text" if entity == "task" and "." not in field else "native"

    [table] = [
        block for block in details(full_issue(), ARCHIVE, outcome) if isinstance(block, Table)
    ]
    assert table.header == ("Affects", "Status", "Importance", "Assignee", "Milestone", "Series")
    assert [row[1] for row in table.rows] == [("Fix Committed",), ("New",)]
    assert table.rows[1][4] == ()


def test_work_items_stand_in_one_table_each_by_its_title() -> None:
    def outcome(entity: str, field: str) -> str:
        return "text" if (entity, field) == ("work_item", "status") else "native"

    [table] = details(full_issue(), ARCHIVE, outcome)[1:]
    assert isinstance(table, Table)
    assert table.header == ("Work item", "Status")
    assert table.rows[0] == (("write @alice a letter",), ("DONE",))
    assert table.rows[1][1] == ("BLOCKED",)


def test_dates_are_in_utc_and_whole_seconds() -> None:
    source = shown(details(full_issue(), ARCHIVE, lambda entity, field: "text"))[0]
    assert folded("2014-05-04 07:08:09 UTC") in source
    assert "123456" not in source


def test_addresses_are_hidden_where_the_texts_have_them_hidden() -> None:
    issue = Issue(
        **{
            **_fields(full_issue()),
            "title": "ask joe@example.org",
            "extra": {"x": ["ann@example.org"]},
        }
    )
    archive = Archive()
    for archive.hides in (True, False):
        source = shown(details(issue, cast(Decisions, archive), lambda entity, field: "text"))[1]
        assert ("joe@example.org" in source) is not archive.hides
        assert ("ann@example.org" in source) is not archive.hides


json_values: st.SearchStrategy[Any] = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.text("ab@T1|*_[]`\n ", max_size=12)),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(st.text("ab_", min_size=1), inner, max_size=3)
    ),
    max_leaves=5,
)


@settings(deadline=None)
@given(st.dictionaries(st.sampled_from(["heat", "odd_link", "x"]), json_values))
def test_whatever_a_source_exports_can_be_written(extra: dict[str, Any]) -> None:
    issue = Issue(**{**_fields(full_issue()), "extra": extra})
    for source in shown(details(issue, ARCHIVE, lambda entity, field: "text")):
        for value in extra.values():
            assert all(folded(word) in source for word in words(value))
