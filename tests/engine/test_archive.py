"""The archive: what the source said, whole, as each viewer was told it."""

from __future__ import annotations

import msgspec
import pytest

from tracker_migrate.interfaces import Entity, Reading, Reply
from tracker_migrate.model import Comment, Issue, Person, WorkItem, key
from tracker_migrate.testing.memory import blueprint, bug, home
from tracker_migrate.testing.memory_source import PERSON
from tracker_migrate.workspace import Archive, Workspace


@pytest.fixture
def archive(workspace: Workspace) -> Archive:
    return workspace.archive


def put(archive: Archive, issue: Issue, stamp: str = "s1", body: bytes = b"{}") -> str:
    """Put a reading into the archive; what came of it."""
    reply = Reply(url=issue.home, status=200, body=body, withheld=1)
    return archive.put(Reading(issue=issue, replies=(reply,), stamp=stamp)).result()


def person(name: str, display: str = "") -> Entity:
    of = key("memory", "person", name)
    value = Person(key=of, name=name, display_name=display or name, home=home(of))
    return Entity(value=value, reply=Reply(url=value.home, status=200, body=b"{}"))


def test_a_reading_is_new_then_the_same_then_changed(archive: Archive) -> None:
    assert put(archive, bug(1)) == "new"
    assert put(archive, bug(1), stamp="s2") == "same"
    assert put(archive, bug(1, title="Worse")) == "changed"
    held = archive.issue(bug(1).key)
    assert held is not None
    assert held.title == "Worse"


def test_an_issue_comes_back_whole(archive: Archive) -> None:
    hidden = Comment(key=key("memory", "comment", "1/2"), index=2, home="h", withheld="hidden")
    issue = bug(1, "first", blocked_by=(2,), extra={"heat": 6, "unicode": "\u2603 \U0001f600"})
    issue = Issue(
        **{f: getattr(issue, f) for f in issue.__struct_fields__}
        | {"comments": (*issue.comments, hidden)}
    )
    put(archive, issue)
    assert archive.issue(issue.key) == issue
    assert list(archive.issues()) == [issue]


def test_raw_replies_are_kept_byte_for_byte_and_replaced_by_newer_ones(archive: Archive) -> None:
    put(archive, bug(1), body=b"\x00\xff old")
    put(archive, bug(1), body=b"\x00\xff new")
    (reply,) = archive.replies(bug(1).key)
    assert (reply.body, reply.status, reply.withheld) == (b"\x00\xff new", 200, 1)


def test_another_viewers_reading_is_one_of_its_own(archive: Archive) -> None:
    archive.set_viewer("jdoe")
    put(archive, bug(1, title="All of it"), stamp="mine")
    archive.set_viewer("anonymous")
    assert archive.count() == 0
    assert archive.issue(bug(1).key) is None
    assert archive.stamp(bug(1).key) == ""
    assert put(archive, bug(1, title="Part of it")) == "new"
    archive.set_viewer("jdoe")
    held = archive.issue(bug(1).key)
    assert held is not None
    assert held.title == "All of it"
    assert archive.stamp(bug(1).key) == "mine"


def test_what_one_viewer_can_not_see_is_still_there_for_another(archive: Archive) -> None:
    archive.set_viewer("jdoe")
    put(archive, bug(1))
    archive.set_viewer("anonymous")
    put(archive, bug(1))
    archive.set_gone(bug(1).key)
    assert archive.count() == 0
    archive.set_viewer("jdoe")
    assert archive.count() == 1


def test_the_viewer_is_remembered(workspace: Workspace) -> None:
    workspace.archive.set_viewer("jdoe")
    assert Archive(workspace.engine, workspace.writer).viewer == "jdoe"


def test_bugs_come_by_number_then_blueprints_by_name(archive: Archive) -> None:
    for issue in (blueprint("b"), bug(10), bug(9), blueprint("a"), bug(123456)):
        put(archive, issue)
    names = [issue.name for issue in archive.issues()]
    assert names == ["9", "10", "123456", "rocket/+spec/a", "rocket/+spec/b"]
    assert [k.split(":", 2)[2] for k in archive.issue_keys()] == names
    assert [k for k, _ in archive.digests()] == list(archive.issue_keys())


def test_all_pages_are_seen_while_others_write(archive: Archive) -> None:
    readings = [Reading(issue=bug(number), replies=(), stamp="s") for number in range(1, 251)]
    assert [future.result() for future in map(archive.put, readings)] == ["new"] * 250
    assert archive.count() == 250
    seen: list[int] = []
    for issue in archive.issues():
        if len(seen) == 10:
            put(archive, bug(50, title="changed meanwhile"))
        seen.append(int(issue.name))
    assert seen == list(range(1, 251))


def test_everybody_whom_an_issue_names_has_to_be_read_until_they_were(archive: Archive) -> None:
    other = key("memory", "person", "amelie")
    put(archive, bug(1, "hello", extra={"owner": other, "color": "red"}))
    assert archive.people_to_read() == [other, PERSON]
    archive.put_entity(person("amelie")).result()
    assert archive.people_to_read() == [PERSON]
    known = archive.person(other)
    assert known is not None
    assert known.name == "amelie"


def test_who_has_a_work_item_is_read(archive: Archive) -> None:
    who = key("memory", "person", "worker")
    item = WorkItem(key=key("memory", "workitem", "1@a"), title="t", home="h", status="TODO",
                    assignee=who)  # fmt: skip
    put(archive, msgspec.structs.replace(bug(1), work_items=(item,)))
    assert who in archive.people_to_read()


def test_a_renaming_changes_what_texts_depend_on(archive: Archive) -> None:
    assert archive.put_entity(person("jdoe", "Jane")).result()
    before = archive.entities_version()
    assert not archive.put_entity(person("jdoe", "Jane")).result()
    assert archive.entities_version() == before
    assert archive.put_entity(person("jdoe", "Jane Roe")).result()
    assert archive.entities_version() != before
    assert [one.display_name for one in archive.entities("person")] == ["Jane Roe"]


def test_a_private_issues_tag_does_not_become_public(archive: Archive) -> None:
    put(archive, bug(1, tags=("ui", "ui")))
    put(archive, bug(2, tags=("ui", "customer-x"), private=True))
    assert archive.public_tags() == {"ui": 1}
    put(archive, bug(2, tags=("ui", "customer-x"), private=False))
    assert archive.public_tags() == {"ui": 2, "customer-x": 1}
    put(archive, bug(2, tags=("ui",), private=True))
    archive.set_gone(bug(1).key)
    assert archive.public_tags() == {}


def test_the_stamp_is_that_of_the_last_reading(archive: Archive) -> None:
    assert archive.stamp(bug(1).key) == ""
    put(archive, bug(1), stamp="s1")
    put(archive, bug(1), stamp="s2")
    assert archive.stamp(bug(1).key) == "s2"
    archive.set_gone(bug(1).key)
    assert archive.stamp(bug(1).key) == ""


def test_what_could_not_be_read_is_kept_until_it_is(archive: Archive) -> None:
    archive.set_unread(bug(2).key, "a field is missing")
    archive.set_unread(bug(1).key, "no answer")
    archive.set_unread(bug(2).key, "a field is missing still")
    first, second = archive.unread()
    assert (first.key, first.reason, first.attempts) == (
        bug(2).key,
        "a field is missing still",
        2,
    )
    assert second.key == bug(1).key
    put(archive, bug(2))
    assert [one.key for one in archive.unread()] == [bug(1).key]
    archive.set_gone(bug(1).key)
    assert archive.unread() == []


def test_what_is_gone_is_not_shown_and_may_come_back(archive: Archive) -> None:
    put(archive, bug(1))
    archive.set_gone(bug(1).key)
    assert archive.count() == 0
    assert archive.issue(bug(1).key) is None
    assert list(archive.issues()) == []
    assert put(archive, bug(1)) == "new"
    assert archive.count() == 1
