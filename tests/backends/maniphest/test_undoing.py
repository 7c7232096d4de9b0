"""Taking back at Maniphest: what is closed, what stays, and whose work is seen."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.backends.maniphest.closed import edited, phid, project, rows
from tests.backends.maniphest.helpers import Mover, bug, comment, task
from tracker_migrate.abilities import Part
from tracker_migrate.backends.maniphest.client import Conduit
from tracker_migrate.backends.maniphest.sink import ManiphestSink
from tracker_migrate.backends.maniphest.undoing import ANOTHERS, LINKED
from tracker_migrate.errors import Gone
from tracker_migrate.interfaces import IMPORTER, UNDONE, Action, Mine, RemoteRef, Wanted
from tracker_migrate.model import Key

AsUser = Callable[[str], Conduit]
ISSUE = bug(
    7,
    tasks=(task(7, "nova"), task(7, "glance")),
    comments=(comment(7, 1, "one"), comment(7, 2, "two")),
)


@pytest.fixture
def moved(mover: Mover) -> Mover:
    """An issue with two subtasks and two comments, at the target."""
    mover.move(ISSUE)
    return mover


def sink(mover: Mover) -> ManiphestSink:
    assert isinstance(mover.sink, ManiphestSink)
    return mover.sink


def parts(mover: Mover) -> dict[Key, Part]:
    """What a ledger would name."""
    return {of: Part(kind=kind, at=at) for of, (kind, at) in mover.own(ISSUE).items()}


def at(mover: Mover) -> RemoteRef:
    """The issue's own task."""
    return mover.places.refs[ISSUE.key][1]


def worked(mover: Mover) -> str:
    return sink(mover).worked_on(ISSUE.key, parts(mover))


def take_back(mover: Mover) -> None:
    """As the engine does it."""
    for back in sink(mover).backs(parts(mover), mover.decisions):
        kind, place = mover.own(ISSUE)[back.key]
        wanted = Wanted(
            key=back.key,
            kind=kind,
            issue=ISSUE.key,
            fields=back.fields,
            audience=IMPORTER,
            marker=back.marker,
        )
        action = Action(op="update", wanted=wanted, fields=tuple(back.fields), at=place)
        for step in mover.sink.planner.compose([action]):
            mover.sink.send(mover.close(step, ISSUE))


def test_a_task_is_closed_hangs_on_nothing_and_says_what_it_is(
    moved: Mover, as_user: AsUser
) -> None:
    before = {row["phid"] for row in rows(as_user("importbot"))}
    take_back(moved)
    tasks = rows(as_user("importbot"))
    me = phid(as_user("importbot"), "importbot")
    assert {row["phid"] for row in tasks} == before
    for row in tasks:
        fields = row["fields"]
        assert (fields["name"], fields["status"]["value"]) == ("Taken back", "invalid")
        assert (fields["policy"]["view"], fields["policy"]["edit"]) == (me, me)
        assert (fields["ownerPHID"], row["attachments"]["projects"]["projectPHIDs"]) == (None, [])
        assert fields["custom.migrate.url"] == f"{UNDONE}T{row['id']}"
        assert f"bin/remove destroy T{row['id']}" in fields["description"]["raw"]
    types = ["task.subtask", "task.parent"]
    edges = {"sourcePHIDs": sorted(before), "types": types}
    assert as_user("importbot").read("edge.search", **edges)["data"] == []
    assert rows(as_user("alice")) == []


def test_what_was_taken_back_is_looked_up_and_named_no_more(moved: Mover) -> None:
    take_back(moved)
    wanted = list(moved.sink.planner.wanted(ISSUE, moved.decisions))
    assert moved.sink.lookup([one for one in wanted if one.kind == "task"]) == {}
    assert list(moved.sink.made()) == []
    assert moved.sink.watch is not None
    said = [one for one in parts(moved).values() if one.kind == "comment"]
    asked = [Mine(kinds=("comment",), at=one.at, within=at(moved).id) for one in said]
    assert moved.sink.watch.look(asked) == [], "what stands on it is no double of anything"


def test_comments_and_files_stay_and_the_commands_are_told(moved: Mover) -> None:
    backs = sink(moved).backs(parts(moved), moved.decisions)
    assert [back.key for back in backs][-1] == ISSUE.key, "the issue's own task comes last"
    assert {kind for back in backs for kind in (parts(moved)[k].kind for k in back.takes)} >= {
        "comment"
    }
    left = [Part(kind="file", at=RemoteRef(id="PHID-FILE-1", number="F12"))]
    left += [Part(kind="task", at=RemoteRef(id=f"PHID-TASK-{n}", number=f"T{n}")) for n in (10, 9)]
    assert sink(moved).advice(left)[1:] == ["./bin/remove destroy T9 T10 F12"]
    assert sink(moved).advice(()) == []


# -- whose work it is -----------------------------------------------------------------------------


def comments(alice: Conduit, own: str) -> None:
    edited(alice, own, comment="Me, too")


def raises_it(alice: Conduit, own: str) -> None:
    edited(alice, own, priority="high")


def puts_it_into_a_project(alice: Conduit, own: str) -> None:
    edited(alice, own, **{"projects.add": [project(alice, "mine")]})


def hangs_a_task_of_hers_under_it(alice: Conduit, own: str) -> None:
    theirs = edited(alice, None, title="My own part")["object"]["phid"]
    edited(alice, theirs, **{"parents.add": [own]})


@pytest.mark.parametrize(
    "act", [comments, raises_it, puts_it_into_a_project, hangs_a_task_of_hers_under_it]
)
def test_what_others_did_is_in_its_history(
    moved: Mover, as_user: AsUser, act: Callable[[Conduit, str], None]
) -> None:
    assert worked(moved) == ""
    act(as_user("alice"), at(moved).id)
    assert "its history names other people" in worked(moved) or worked(moved) == LINKED


def test_who_follows_it_has_not_worked_on_it(moved: Mover, as_user: AsUser) -> None:
    edited(as_user("alice"), at(moved).id, **{"subscribers.add": ["alice"]})
    assert worked(moved) == ""


def test_a_subtask_that_somebody_has_worked_on_counts_as_well(
    moved: Mover, as_user: AsUser
) -> None:
    below = next(where for kind, where in moved.own(ISSUE).values() if kind == "subtask")
    edited(as_user("alice"), below.id, title="Better words")
    said = worked(moved)
    assert "its history names other people" in said
    assert "Better" not in said


def test_a_strangers_task_is_not_ours(moved: Mover, as_user: AsUser) -> None:
    theirs = edited(as_user("alice"), None, title="mine")["object"]
    known = parts(moved)
    known[ISSUE.key] = Part(kind="task", at=RemoteRef(id=theirs["phid"], number=f"T{theirs['id']}"))
    assert sink(moved).worked_on(ISSUE.key, known) == ANOTHERS


def test_what_is_not_to_be_seen_is_told(moved: Mover, as_user: AsUser) -> None:
    alice = phid(as_user("alice"), "alice")
    edited(as_user("alice"), at(moved).id, view=alice, edit=alice)
    with pytest.raises(Gone):
        worked(moved)
