"""What was written is taken back, and no more than that; a run afterwards makes it anew."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.engine.test_privacy import shut, tables
from tests.engine.world import World, bug_key
from tracker_migrate.engine.adopt import Adopt
from tracker_migrate.engine.filters import Only
from tracker_migrate.engine.left import Undone
from tracker_migrate.engine.undo import JOINED, UNSEEN, Undo
from tracker_migrate.errors import LoginNeeded, UsageError
from tracker_migrate.testing.memory import Fault, MemoryServer, Numbers, Record, bug
from tracker_migrate.workspace import Workspace

ISSUES = (bug(1, "one", "see #2"), bug(2, "two", description="after #1"), bug(3))


def undo(world: World, only: str | None = None, **how: Any) -> Undone:
    """A run that takes back."""
    return Undo(world.target(), world.heard.append, **how).run(Only(only) if only else None)


def written(world: World, *issues: Any) -> World:
    """The same, with these issues at the target."""
    world.keep(*(issues or ISSUES))
    world.apply()
    return world


def open_cards(world: World) -> list[Record]:
    """The cards that are not closed for all but the importer."""
    return [one for one in world.server.all("card") if one.fields["audience"] != "importer"]


def test_all_that_was_written_goes_and_comes_again(world: World) -> None:
    written(world)
    before = [(one.marker, one.fields["title"]) for one in open_cards(world)]
    undone = undo(world)
    assert (undone.issues, undone.spared, undone.failed) == (3, {}, {})
    assert open_cards(world) == []
    assert world.ledger.of_issue(bug_key(1)) == {}
    assert [world.state(number) for number in (1, 2, 3)] == ["planned"] * 3
    world.apply()
    assert [(one.marker, one.fields["title"]) for one in open_cards(world)] == before
    assert world.notes(1).count("one") == (1 if world.numbers == "ours" else 2)
    assert world.verify().agrees


def test_where_numbers_are_ours_nothing_is_left_and_elsewhere_it_is_told(world: World) -> None:
    undone = undo(written(world))
    cards = world.server.all("card")
    if world.numbers == "ours":
        assert (cards, world.server.all("note")) == ([], [])
        assert (undone.deleted, undone.closed) == ({"card": 3, "note": 3}, {})
        assert (undone.left, undone.advice) == ([], [])
    else:
        assert [one.fields["title"] for one in cards] == ["Taken back"] * 3
        assert [one.marker for one in cards] == ["undone:1", "undone:2", "undone:3"]
        assert (undone.deleted, undone.closed) == ({}, {"card": 3})
        assert [one.where for one in undone.left] == [
            f"memory://target/card/{n}" for n in (1, 2, 3)
        ]
        assert undone.advice == ["remove 1, 2, 3"]
    assert undone.shared == {"project": ["memory://target/project/1"]}


def test_numbers_are_never_given_a_second_time(workspace: Workspace) -> None:
    world = written(World(workspace, MemoryServer(), "ours"))
    before = {(one.kind, one.number) for kind in ("card", "note") for one in world.server.all(kind)}
    undo(world)
    world.apply()
    after = {(one.kind, one.number) for kind in ("card", "note") for one in world.server.all(kind)}
    assert len(after) == len(before)
    assert not before & after


def test_a_number_that_is_kept_is_given_again(workspace: Workspace) -> None:
    world = written(World(workspace, MemoryServer(), "ours", keep=True))
    undo(world)
    world.apply()
    assert sorted(one.number for one in world.server.all("card")) == [1, 2, 3]
    assert world.verify().agrees


def test_a_second_undo_has_nothing_to_do(world: World) -> None:
    undo(written(world))
    before = world.server.writes.total()
    again = undo(world)
    assert (again.issues, world.server.writes.total()) == (0, before)
    assert len(again.left) == (0 if world.numbers == "ours" else 3)


def test_what_an_administrator_has_removed_is_told_no_more(workspace: Workspace) -> None:
    world = written(World(workspace, MemoryServer(), "theirs"))
    undo(world)
    world.server.remove("card", 2)
    assert [one.where for one in undo(world).left] == [f"memory://target/card/{n}" for n in (1, 3)]


def test_a_dry_run_says_the_same_and_writes_nothing(world: World) -> None:
    written(world)
    world.server.add("note", card="2", text="Mine")
    before = world.server.writes.total()
    would = undo(world, dry_run=True)
    assert world.server.writes.total() == before
    assert len(world.ledger.of_issue(bug_key(1))) == 3
    did = undo(world)
    assert (would.issues, would.deleted, would.closed) == (did.issues, did.deleted, did.closed)
    assert would.spared == did.spared != {}


def test_the_outlook_asks_no_server(world: World) -> None:
    written(world)
    world.server.requests.clear()
    world.server.barred.add("importer")
    outlook = Undo(world.target()).outlook(Only("bug:1,2"))
    assert (outlook.issues, world.server.requests.total()) == (2, 0)
    assert sum(outlook.deleted.values()) + sum(outlook.closed.values()) >= 2
    with pytest.raises(LoginNeeded):
        undo(world)


# -- people's work --------------------------------------------------------------------------------


def comments(world: World) -> None:
    """Somebody comments."""
    world.server.add("note", card=str(world.card(1).number), text="Me, too")


def edits(world: World) -> None:
    """Somebody edits a card."""
    world.server.edit("card", world.card(1).number, title="Better words")


def edits_a_note(world: World) -> None:
    """Somebody edits a comment."""
    (note,) = (one for one in world.server.all("note") if one.marker.endswith("/1/1"))
    world.server.edit("note", note.number, text="Better words")


def edits_and_sets_back(world: World) -> None:
    """Somebody edits a card, and sets it back: the history alone tells."""
    card = world.card(1)
    title = card.fields["title"]
    world.server.edit("card", card.number, title="Better words")
    world.server.edit("card", card.number, title=title)


def edits_as_us(world: World) -> None:
    """Somebody edits a card with our login: the values alone tell."""
    world.card(1).fields["state"] = "closed"


@pytest.mark.parametrize(
    "act",
    [comments, edits, edits_a_note, edits_and_sets_back, edits_as_us],
    ids=lambda f: f.__name__,
)
def test_what_people_have_worked_on_is_left_as_it_is(
    world: World, act: Callable[[World], None]
) -> None:
    written(world)
    act(world)
    before = [(one.number, dict(one.fields)) for one in world.server.all("card")][:1]
    notes = [dict(one.fields) for one in world.server.all("note") if one.fields["card"] == "1"]
    undone = undo(world)
    assert list(undone.spared) == [bug_key(1)]
    assert undone.issues == 2
    assert [(one.number, dict(one.fields)) for one in world.server.all("card")][:1] == before
    assert [dict(n.fields) for n in world.server.all("note") if n.fields["card"] == "1"] == notes
    assert len(world.ledger.of_issue(bug_key(1))) == 3
    assert "Better words" not in str(undone.spared)


@pytest.mark.parametrize("database", [None])  # one each
def test_what_another_migration_wrote_is_left_as_it_is(make: Callable[..., Workspace]) -> None:
    server = MemoryServer()
    written(World(make("first"), server, "theirs"), bug(1, "one"))
    second = written(World(make("second"), server, "theirs"), bug(1, "one"), bug(2))
    assert undo(second).spared == {bug_key(1): JOINED}
    assert len(second.cards(1)) == 1


def test_what_is_not_to_be_seen_is_told_and_not_taken_for_done(world: World) -> None:
    written(world)
    world.server.remove("card", world.card(2).number)
    undone = undo(world)
    assert undone.spared == {bug_key(2): UNSEEN}
    assert undone.issues == 2


def test_what_somebody_removed_stays_removed(world: World) -> None:
    written(world, bug(1), bug(2))
    world.server.remove("card", world.card(1).number)
    world.keep(bug(1, title="Worse"))
    world.apply()
    undone = undo(world)
    assert (undone.issues, undone.spared) == (1, {})
    world.apply()
    assert (world.cards(1), len(world.cards(2))) == ([], 1)


def test_another_hand_under_our_number_is_not_ours(workspace: Workspace) -> None:
    world = written(World(workspace, MemoryServer(), "ours"), bug(1))
    card = world.card(1)
    fields = dict(card.fields)
    world.server.remove("card", card.number)
    world.server.add("card", "stranger", card.marker, **fields)
    theirs = world.server.all("card")[0]
    theirs.number = card.number
    world.server._records = {("card", card.number): theirs}
    assert list(undo(world).spared) == [bug_key(1)]
    assert len(world.server.all("card")) == 1


# -- a part of it ---------------------------------------------------------------------------------


def test_only_what_is_asked_for_is_taken_back(world: World) -> None:
    written(world)
    assert undo(world, "bug:2").issues == 1
    assert [one.marker.rpartition("/")[2] for one in open_cards(world)] == ["1", "3"]
    assert world.state(1) == world.state(3) == "done"


def test_what_stays_refers_to_the_new_place_afterwards(workspace: Workspace) -> None:
    world = World(workspace, MemoryServer(), "theirs")
    written(world, bug(1, description="after #2", blocked_by=(2,)), bug(2))
    undo(world, "bug:2")
    assert world.verify().differs == []
    world.apply()
    new = world.card(2).number
    card = world.card(1)
    assert f"memory://target/card/{new}>" in card.fields["text"]
    assert card.fields["blockers"] == [str(new)]
    assert world.verify().agrees


def test_what_is_spared_refers_to_the_new_place_afterwards(workspace: Workspace) -> None:
    world = World(workspace, MemoryServer(), "theirs")
    written(world, bug(1, description="after #2"), bug(2))
    world.server.add("note", card="1", text="Me, too")
    undo(world)
    world.apply()
    assert f"card/{world.card(2).number}>" in world.card(1).fields["text"]


# -- once, whatever breaks ------------------------------------------------------------------------


@pytest.mark.parametrize("do", ["lose", "drop", "late", "double", "retry"])
def test_a_lost_reply_is_settled_by_looking(world: World, do: Any) -> None:
    written(world)
    world.sink.settle_seconds = 0.05
    request = world.sink.undo_steps[0]
    world.server.faults.append(Fault(do=do, request=request, seconds=0.02))
    undone = undo(world)
    assert (undone.issues, undone.failed) == (3, {})
    assert open_cards(world) == []
    world.apply()
    assert world.verify().agrees


def test_what_is_refused_is_told_and_tried_again(world: World) -> None:
    written(world)
    world.server.faults.append(Fault(do="refuse", request=world.sink.undo_steps[0]))
    undone = undo(world)
    assert (undone.issues, len(undone.failed)) == (2, 1)
    again = undo(world)
    assert (again.issues, again.failed) == (1, {})
    assert open_cards(world) == []


class Crash(BaseException):
    """The process ends here: nobody catches this."""


@pytest.mark.parametrize("moment", ["before", "after"])
@pytest.mark.parametrize("nth", range(1, 5))
def test_an_undo_that_is_killed_comes_to_the_same_end(
    make: Callable[..., Workspace], numbers: Numbers, moment: str, nth: int
) -> None:
    world = written(World(make(), MemoryServer(), numbers, connections=1))
    left = [nth]

    def die(_name: str, when: str) -> None:
        left[0] -= when == moment
        if left[0] == 0:
            raise Crash

    world.server.on_request = die
    met = False
    try:
        undo(world)
    except Crash:
        met = True
    assert met or nth > 3
    world.server.on_request = lambda _name, _when: None
    undone = undo(world)
    assert (undone.spared, undone.failed) == ({}, {})
    assert open_cards(world) == []
    world.apply()
    assert len(open_cards(world)) == 3
    assert world.verify().agrees


@pytest.mark.parametrize("moment", ["before", "after"])
def test_a_run_after_a_killed_undo_makes_whole_again(world: World, moment: str) -> None:
    written(world)

    def die(name: str, when: str) -> None:
        if (name, when) == (world.sink.undo_steps[0], moment):
            raise Crash

    world.server.on_request = die
    with pytest.raises(Crash):
        undo(world)
    world.server.on_request = lambda _name, _when: None
    world.apply()
    assert len(open_cards(world)) == 3
    assert {one.fields["title"] for one in open_cards(world)} == {"Bug 1", "Bug 2", "Bug 3"}
    assert world.verify().agrees


# -- afterwards -----------------------------------------------------------------------------------


def test_what_is_private_goes_and_comes_as_private(workspace: Workspace) -> None:
    world = World(workspace, MemoryServer(), "ours")
    tables(world)
    written(world, shut(1, "one"))
    undo(world)
    assert world.server.all("card") == []
    world.apply()
    assert world.card(1).fields["audience"] != "public"
    assert world.verify().agrees


def test_an_adoption_afterwards_finds_no_ghosts(world: World) -> None:
    undo(written(world))
    adopted = Adopt(world.target()).run()
    assert (adopted.issues, adopted.twins, adopted.vanished, adopted.doubled) == (0, [], [], [])
    world.apply()
    adopted = Adopt(world.target()).run()
    assert (adopted.issues, adopted.twins, adopted.vanished, adopted.doubled) == (3, [], [], [])
    applied = world.apply()
    assert (applied.created, applied.joined, applied.doubles) == (0, 0, [])


@pytest.mark.parametrize("database", [None])  # one each
def test_another_workspace_does_not_join_what_was_taken_back(
    make: Callable[..., Workspace],
) -> None:
    server = MemoryServer()
    undo(written(World(make("first"), server, "theirs"), bug(1, "one")))
    second = World(make("second"), server, "theirs")
    second.keep(bug(1, "one"))
    applied = second.apply()
    assert (applied.joined, applied.created) == (0, 3)


def test_a_sink_that_can_take_nothing_back_is_named(workspace: Workspace) -> None:
    world = World(workspace, MemoryServer(), "ours")

    class Less:
        def __getattr__(self, name: str) -> Any:
            if name in ("worked_on", "backs", "advice", "undo_steps", "unminded"):
                raise AttributeError(name)
            return getattr(world_sink, name)

    world_sink = world.sink
    world.sink = Less()  # type: ignore[assignment]
    with pytest.raises(UsageError, match="can take back nothing"):
        undo(world)


def test_only_of_a_card_that_is_taken_back_it_is_known_no_more_that_it_was_closed(
    world: World,
) -> None:
    """Who opens a card again has decided, whatever goes that hangs on it."""
    written(world)
    fed = world.workspace.fed("there")
    fed.add([bug_key(1), bug_key(2)], "closed")
    note = next(of for of in world.ledger.of_issue(bug_key(1)) if of != bug_key(1))
    world.workspace.undone("there").finish(bug_key(1), [note])
    assert fed.issues("closed") == [bug_key(1), bug_key(2)]
    undo(world, "bug:1")
    assert fed.issues("closed") == [bug_key(2)]
