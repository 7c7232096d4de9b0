"""Strangers who hold what looks like ours, and people who take a word away: nothing private goes
to the first, and the second is seen."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from tests.backends.maniphest.closed import closed_project, edited, order, phid, rows
from tests.backends.maniphest.helpers import Mover, bug, by_kind, comment, task
from tracker_migrate.backends.maniphest.client import Conduit
from tracker_migrate.backends.maniphest.standin import ManiphestStandIn
from tracker_migrate.errors import Doubtful
from tracker_migrate.interfaces import Audience, ClosedStep
from tracker_migrate.testing.loopback import Fault

AsUser = Callable[[str], Conduit]
WORD = "embargoed"
FULL = bug(
    7,
    private=True,
    title=f"an {WORD} thing",
    description=f"the {WORD} text",
    tasks=(task(7, "nova"), task(7, "glance")),
    comments=(comment(7, 1, f"{WORD} one"), comment(7, 2, f"{WORD} two")),
)


@pytest.fixture
def bot(as_user: AsUser) -> Conduit:
    return as_user("importbot")


@pytest.fixture
def private(mover: Mover, bot: Conduit) -> Mover:
    """Closed for all but alice and the importer."""
    members = [phid(bot, "importbot"), phid(bot, "alice")]
    group = closed_project(bot, "sec", members)
    mover.decisions.shown_to = Audience(name="security", groups=(group,))
    return mover


def forged(client: Conduit, mover: Mover) -> list[str]:
    """A copy of our markers and of the first lines of our texts, in tasks of somebody else's."""
    made = []
    for one in mover.sink.planner.wanted(FULL, mover.decisions):
        if one.kind in ("task", "subtask"):
            first = str(one.fields["description"].parts[0]).split("\n")[0]
            said = {"title": "mine", "description": first, "custom.migrate.url": one.marker}
            made.append(edited(client, None, **said)["object"]["phid"])
    return made


def everything_bob_reads(as_user: AsUser) -> str:
    bob = as_user("bob")
    found = [str(rows(bob))]
    found.append(str(bob.read("transaction.search", objectType="TASK", limit=1000)))
    return "".join(found)


def until(mover: Mover, kind: str) -> ClosedStep:
    """The first step of a kind, after those before it were sent."""
    for step in mover.steps(FULL):
        ready = mover.close(step, FULL)
        if step.kind == kind:
            return ready
        mover.note(ready, mover.sink.send(ready))
    raise AssertionError(kind)


def test_nothing_is_written_into_a_strangers_look_alike(private: Mover, as_user: AsUser) -> None:
    theirs = forged(as_user("bob"), private)
    wanted = by_kind(private.sink.planner.wanted(FULL, private.decisions), "task")
    assert private.sink.lookup(wanted) == {}
    private.move(FULL)
    assert not {at.id for _, at in private.own(FULL).values()} & set(theirs)
    assert WORD not in everything_bob_reads(as_user)


@pytest.mark.parametrize("do", ["lose", "reset", "crash_after_commit"])
@pytest.mark.parametrize("kind", ["task.create", "subtask.create", "fill"])
def test_after_a_lost_reply_a_look_alike_is_not_taken_for_ours(
    private: Mover, server: ManiphestStandIn, as_user: AsUser, do: str, kind: str
) -> None:
    step = until(private, kind)
    mark = private.sink.mark(step)
    server.faults.append(Fault(do, path="maniphest.edit"))
    with pytest.raises(Doubtful):
        private.sink.send(step)
    theirs = forged(as_user("bob"), private)
    receipt = private.sink.find(step, mark)
    assert (receipt is None) == (do == "reset")
    receipt = receipt or private.sink.send(step)
    assert not {at.id for at in receipt.refs.values()} & set(theirs)
    private.note(step, receipt)
    private.move(FULL)
    assert WORD not in everything_bob_reads(as_user)


def test_our_marker_in_an_open_task_of_ours_by_a_strangers_hand_is_not_ours(
    private: Mover, as_user: AsUser
) -> None:
    """Everybody may edit what is public: also its marker, to the number of a coming bug."""
    secret = private.decisions.shown_to
    private.decisions.shown_to = Audience(name="public")
    private.move(bug(3))
    private.decisions.shown_to = secret
    (one,) = by_kind(private.sink.planner.wanted(FULL, private.decisions), "task")
    first = str(one.fields["description"].parts[0]).split("\n")[0]
    edited(as_user("bob"), 1, **{"custom.migrate.url": one.marker, "description": first})
    assert private.sink.lookup([one]) == {}
    assert private.sink.find(until(private, "task.create"), {"task": 0}) is None
    private.move(FULL)
    assert WORD not in everything_bob_reads(as_user)


def test_a_stranger_who_is_faster_gets_nothing(
    private: Mover, server: ManiphestStandIn, as_user: AsUser, bot: Conduit
) -> None:
    """Somebody makes a task with our marker between the intent and the request."""
    step = until(private, "task.create")
    server.faults += [Fault("stranger", path="maniphest.edit")]
    private.note(step, private.sink.send(step))
    private.move(FULL)
    assert len(rows(bot)) == len(rows(as_user("bob"))) + 3
    assert WORD not in everything_bob_reads(as_user)


def test_a_comment_that_somebody_removed_is_not_read_any_more(
    private: Mover, server: ManiphestStandIn
) -> None:
    """So that it can be told that what was exposed is settled. One that was edited still stands."""
    private.move(FULL)
    own = private.own(FULL)
    first, second = (one.key for one in FULL.comments)
    order(server, "comment", phid=own[first][1].id, by="alice", text="other words")
    order(server, "comment", phid=own[second][1].id, by="admin")
    seen = private.sink.read(own)
    assert set(own) - set(seen.objects) == {second}
    assert seen.objects[first].fields["text"] == "other words"
    assert (seen.doubled, seen.foreign, seen.ours) == ((), 0, {})


def test_a_lost_fill_is_found_though_a_comment_was_removed_since(
    private: Mover, server: ManiphestStandIn, bot: Conduit
) -> None:
    step = until(private, "fill")
    server.faults.append(Fault("lose", path="maniphest.edit"))
    with pytest.raises(Doubtful):
        private.sink.send(step)
    found = bot.read("transaction.search", objectIdentifier="T1")["data"]
    said = [one["phid"] for one in found if one["type"] == "comment"]
    order(server, "comment", phid=said[0], by="admin")
    receipt = private.sink.find(step, {})
    assert receipt is not None
    assert [receipt.refs[one.key].id for one in FULL.comments] == said[::-1]


@pytest.fixture(autouse=True)
def _no_leftover_faults(server: ManiphestStandIn) -> Iterator[None]:
    """A fault that struck nobody would make a test pass that proves nothing."""
    yield
    assert [fault for fault in server.faults if 0 < fault.times < 50] == []
