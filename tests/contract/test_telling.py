"""What can be told at a source: the same of the memory source and of Launchpad."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from typing import Any

import pytest

from tests.end_to_end.marked_bugs import OWNER, PROJECT, MarkedBugs
from tracker_migrate.abilities import Announcer, Notice, TellsPeople, stage
from tracker_migrate.backends.launchpad import open_source
from tracker_migrate.backends.launchpad.standin.server import LaunchpadStandIn
from tracker_migrate.errors import Gone, Retriable
from tracker_migrate.interfaces import Source
from tracker_migrate.model import Issue, Key, key
from tracker_migrate.testing.loopback import serving
from tracker_migrate.testing.memory_source import MemorySource, bug

#: by source, a status that closes
CLOSED = {"memory": "Done", "launchpad": "Won't Fix"}


@pytest.fixture(params=sorted(CLOSED))
def source(request: pytest.FixtureRequest) -> Iterator[Any]:
    """A source with an open bug 502 that has a comment."""
    if request.param == "memory":
        yield MemorySource(bug(502, "it fails", tags=("ui",)))
        return
    standin = LaunchpadStandIn()
    made = MarkedBugs(standin)
    made.bug()
    made.bug(tags=["ui"])
    words = dict(zip(("consumer", "token", "secret"), OWNER.split(), strict=True))
    with serving(standin):
        opened = open_source([PROJECT], {"address": standin.url, "per_second": 0}, words)
        with closing(opened):
            yield opened


def at(source: Source) -> Key:
    """The bug."""
    return key(source.tracker, "bug", 502)


def read(source: Source) -> Issue:
    """The bug as it is now."""
    reading = source.read(at(source))
    assert reading is not None
    return reading.issue


def announcer(source: Any) -> Announcer:
    """Who says it."""
    assert isinstance(source, TellsPeople)
    return source.announcer()


def test_a_comment_is_added_and_its_author_is_who_is_logged_in(source: Any) -> None:
    who, text = announcer(source), "it is at https://there.example/1\n\n(signed)"
    of = who.comment(at(source), text, mail=True)
    (said,) = [one for one in read(source).comments if one.key == of]
    assert (said.text, said.author) == (text, who.who())
    (same,) = [one for one in who.board(at(source)).comments if one.key == of]
    assert same.text == text


def test_a_hidden_comment_has_no_text_for_anybody(source: Any) -> None:
    who = announcer(source)
    of = who.comment(at(source), "it has moved", mail=False)
    assert of is not None
    who.hide(of)
    (said,) = [one for one in read(source).comments if one.key == of]
    assert (said.text, said.withheld) == ("", "hidden")


def test_a_tag_comes_and_goes_and_the_others_stay(source: Any) -> None:
    who = announcer(source)
    who.tag(at(source), "moved", who.board(at(source)))
    assert read(source).tags == ("moved", "ui")
    who.tag(at(source), "moved", who.board(at(source)), there=False)
    assert read(source).tags == ("ui",)


def test_what_was_not_seen_is_not_changed(source: Any) -> None:
    who = announcer(source)
    old = who.board(at(source))
    task = old.tasks[0].key
    who.tag(at(source), "theirs", old)
    who.status(task, CLOSED[source.tracker], who.board(at(source)))
    with pytest.raises(Retriable):
        who.tag(at(source), "ours", old)
    with pytest.raises(Retriable):
        who.status(task, "New", old)
    now = read(source)
    assert now.tags == ("theirs", "ui")
    assert now.tasks[0].status == CLOSED[source.tracker]


def test_an_issue_that_is_not_there_can_not_be_told(source: Any) -> None:
    with pytest.raises(Gone):
        announcer(source).board(key(source.tracker, "bug", 4_000_000))


def test_without_what_was_said_it_is_as_it_was(source: Any) -> None:
    """But for its date, and what the source counts."""
    who, before = announcer(source), read(source)
    of, task, closed = at(source), before.tasks[0], CLOSED[source.tracker]
    comment = who.comment(of, "it has moved", mail=True)
    who.tag(of, "moved", who.board(of))
    who.status(task.key, closed, who.board(of))
    me, after = who.who(), read(source)
    assert after.tasks[0].complete
    notices = [
        Notice(what="comment", of=of, value="it has moved", at=comment, by=me),
        Notice(what="tag", of=of, value="moved", by=me),
        Notice(
            what="status", of=task.key, value=closed, by=me,
            was=stage(task), now=stage(after.tasks[0]),
        ),
    ]  # fmt: skip
    bare = who.without(after, notices)
    for name in ("tags", "tasks", "comments", "history", "title", "description"):
        assert getattr(bare, name) == getattr(before, name), name


def test_what_a_person_did_afterwards_stays(source: Any) -> None:
    who, before = announcer(source), read(source)
    of, task = at(source), before.tasks[0]
    who.status(task.key, CLOSED[source.tracker], who.board(of))
    closed = stage(read(source).tasks[0])
    who.status(task.key, "In Progress", who.board(of))
    notice = Notice(
        what="status", of=task.key, value=CLOSED[source.tracker], by=who.who(),
        was=stage(task), now=closed,
    )  # fmt: skip
    assert who.without(read(source), [notice]).tasks[0].status == "In Progress"
