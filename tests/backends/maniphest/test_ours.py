"""What is ours at Maniphest though others are its authors, and what is not though it looks so."""

from __future__ import annotations

from collections.abc import Callable

import msgspec
import pytest

from tests.backends.maniphest.closed import edited, phid
from tests.backends.maniphest.helpers import Mover, bug, by_kind, comment, task
from tracker_migrate.backends.maniphest.client import Conduit
from tracker_migrate.backends.maniphest.sink import ManiphestSink
from tracker_migrate.backends.maniphest.standin import ManiphestStandIn
from tracker_migrate.interfaces import RemoteRef
from tracker_migrate.model import Key
from tracker_migrate.text import origin

AsUser = Callable[[str], Conduit]
FULL = bug(
    7,
    tasks=(task(7, "nova"), task(7, "glance")),
    comments=(comment(7, 1, "the first"), comment(7, 2, "the second")),
)


def seal(permalink: str) -> str:
    """As a key would sign it."""
    return f"{sum(permalink.encode()):012x}"


def sealed(text: str) -> str:
    """A text whose line of origin was shortened."""
    told = origin.parse(text)
    assert told is not None
    line = origin.Origin(label=told.label, permalink=told.permalink, signature=seal(told.permalink))
    return f"{origin.remarkup_line(line)}\n{text.split(chr(10), 1)[1]}"


@pytest.fixture
def alice(as_user: AsUser) -> str:
    return phid(as_user("importbot"), "alice")


@pytest.fixture
def moved(mover: Mover, server: ManiphestStandIn, alice: str) -> Mover:
    """An issue that is alice's by now, as `backdate` makes it hers."""
    mover.move(FULL)
    assert isinstance(mover.sink, ManiphestSink)
    mover.sink.trust(seal)
    store = server.store
    for row in store.rows("SELECT phid, description FROM task"):
        text = sealed(row["description"])
        store.run(
            "UPDATE task SET author = ?, description = ? WHERE phid = ?", [alice, text, row["phid"]]
        )
    for row in store.rows("SELECT phid, comment FROM xaction_task WHERE comment IS NOT NULL"):
        text = sealed(row["comment"])
        store.run("UPDATE xaction_task SET comment = ? WHERE phid = ?", [text, row["phid"]])
    kept = "type NOT IN ('title', 'core:customfield')"
    store.run(f"UPDATE xaction_task SET author = ? WHERE type IS NULL OR {kept}", [alice])
    return mover


def issue_alone(mover: Mover) -> dict[Key, tuple[str, RemoteRef]]:
    """What a ledger knows that has lost all but the issue's task."""
    return {of: one for of, one in mover.own(FULL).items() if one[0] == "task"}


def test_who_is_shown_as_the_author_is_read_back(moved: Mover, alice: str) -> None:
    seen = moved.sink.read(moved.own(FULL))
    told = {one.by for of, one in seen.objects.items() if "relations" not in of}
    assert told == {alice}
    assert not seen.doubled
    assert seen.foreign == 0


def test_the_importers_own_has_no_author_named(mover: Mover) -> None:
    mover.move(FULL)
    assert {one.by for one in mover.sink.read(mover.own(FULL)).objects.values()} == {""}


@pytest.mark.parametrize("field", [True, False])
def test_our_tasks_are_found_whoever_is_their_author(
    moved: Mover, server: ManiphestStandIn, field: bool
) -> None:
    assert isinstance(moved.sink, ManiphestSink)
    if not field:
        facts = moved.sink._server.facts
        moved.sink._server._facts = msgspec.structs.replace(facts, marker=None)
    wanted = [
        one
        for one in moved.sink.planner.wanted(FULL, moved.decisions)
        if one.kind in ("task", "subtask")
    ]
    found = moved.sink.lookup(wanted)
    assert found.keys() == {one.key for one in wanted}
    assert {one.marker for one in moved.sink.made()} == {one.marker for one in wanted}


def test_our_comments_and_subtasks_are_found_by_a_ledger_that_lost_them(moved: Mover) -> None:
    seen = moved.sink.read(issue_alone(moved))
    own = moved.own(FULL)
    lost = {of for of, (kind, _) in own.items() if kind in ("comment", "subtask")}
    assert seen.ours.keys() == lost
    assert {seen.ours[of].id for of in lost} == {own[of][1].id for of in lost}
    assert (seen.foreign, seen.doubled) == (0, ())


def texts_of(server: ManiphestStandIn) -> list[str]:
    sql = "SELECT comment FROM xaction_task WHERE comment IS NOT NULL ORDER BY id"
    return list(server.store.column(sql))


def test_whoever_copies_a_sealed_comment_has_written_a_comment_of_their_own(
    moved: Mover, server: ManiphestStandIn, as_user: AsUser
) -> None:
    (task_,) = [at.id for kind, at in moved.own(FULL).values() if kind == "task"]
    edited(as_user("bob"), task_, comment=texts_of(server)[0])
    for known in (moved.own(FULL), issue_alone(moved)):
        seen = moved.sink.read(known)
        assert (seen.foreign, seen.doubled) == (1, ())
        for of, at in seen.ours.items():
            assert at.id == moved.own(FULL)[of][1].id


@pytest.mark.parametrize("how", ["another seal", "no seal", "nobody knows the key"])
def test_a_comment_without_our_seal_is_not_ours(
    moved: Mover, server: ManiphestStandIn, how: str
) -> None:
    assert isinstance(moved.sink, ManiphestSink)
    first = texts_of(server)[0]
    told = origin.parse(first)
    assert told is not None
    if how == "nobody knows the key":
        moved.sink._finder.ours.seal = None
    else:
        other = "0" * 12 if how == "another seal" else ""
        line = origin.Origin(label=told.label, permalink=told.permalink, signature=other)
        text = f"{origin.remarkup_line(line)}\n\nsomething else"
        sql = "UPDATE xaction_task SET comment = ? WHERE comment = ?"
        server.store.run(sql, [text, first])
    seen = moved.sink.read(issue_alone(moved))
    assert Key("launchpad:comment:7/1") not in seen.ours
    assert seen.foreign >= 1


def test_a_task_with_our_marker_and_our_sealed_line_is_not_ours(
    moved: Mover, server: ManiphestStandIn, as_user: AsUser
) -> None:
    (one,) = by_kind(moved.sink.planner.wanted(FULL, moved.decisions), "task")
    (text,) = server.store.column(
        "SELECT description FROM task WHERE phid = ?", [moved.own(FULL)[one.key][1].id]
    )
    said = {"title": "mine", "description": text, "custom.migrate.url": one.marker}
    edited(as_user("bob"), None, **said)
    assert moved.sink.lookup([one]) == {one.key: moved.own(FULL)[one.key][1]}
    assert len(list(moved.sink.made())) == 3
    assert moved.sink.read(moved.own(FULL)).doubled == ()
