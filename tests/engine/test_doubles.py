"""A request that something between delivered twice: found at the next run, settled, told."""

from __future__ import annotations

from collections.abc import Callable

import msgspec
import pytest

from tests.engine.test_privacy import hidden, shut, tables
from tests.engine.world import World, action, bug_key, step
from tracker_migrate.engine.applied import Applied
from tracker_migrate.engine.doubles import waiting
from tracker_migrate.errors import Refused
from tracker_migrate.testing.memory import Fault, MemoryServer, Record, bug
from tracker_migrate.testing.memory_server import Write
from tracker_migrate.workspace import Workspace

Make = Callable[..., World]


@pytest.fixture
def theirs(workspace: Workspace) -> World:
    """A target that chooses its own numbers."""
    return World(workspace, MemoryServer(), "theirs")


@pytest.fixture
def ours(workspace: Workspace) -> World:
    """A target that takes our numbers."""
    return World(workspace, MemoryServer(), "ours")


def doubled(world: World, request: str = "card.create", **how: int) -> Applied:
    """A run in which such a request is delivered twice, to its very end."""
    world.server.faults.append(Fault(do="double", request=request, **how))
    applied = world.apply()
    world.server.let_go()
    return applied


def settled_card(world: World) -> Record:
    """The one card that says that it is a double."""
    (card,) = (one for one in world.server.all("card") if one.marker.startswith("doubled:"))
    return card


def writes_nothing_more(world: World) -> None:
    """Another run writes nothing, and all agrees."""
    before = world.server.writes.total()
    world.apply()
    assert world.server.writes.total() == before
    assert world.verify().agrees


def test_a_double_is_closed_restricted_and_told(theirs: World) -> None:
    theirs.keep(bug(1, "one"), bug(2))
    doubled(theirs, after=2)
    assert len(theirs.cards(1)) == 2
    assert not theirs.verify().agrees
    (double,) = theirs.apply().doubles
    assert (double.key, double.state) == (bug_key(1), "settled")
    assert theirs.card(1).number == 1
    fields = settled_card(theirs).fields
    assert (fields["audience"], fields["readers"]) == ("importer", [])
    assert (fields["title"], fields["state"]) == ("Doubled: see 1", "closed")
    assert "It fails" not in fields["text"]
    verified = theirs.verify()
    assert verified.agrees
    assert verified.settled == 1
    writes_nothing_more(theirs)


def test_what_the_ledger_names_stays_though_it_is_the_younger(theirs: World) -> None:
    theirs.keep(bug(1, "one"))
    doubled(theirs)
    ledgers = theirs.ledger.held([bug_key(1)])[bug_key(1)].at.number
    assert ledgers == "2"
    (double,) = theirs.apply().doubles
    assert double.at.number == "1"
    assert theirs.card(1).number == 2
    writes_nothing_more(theirs)


def test_it_is_told_until_somebody_removes_it(theirs: World) -> None:
    theirs.keep(bug(1))
    doubled(theirs, after=1)
    for _ in range(3):
        assert len(theirs.apply().doubles) == 1
    theirs.server.remove("card", settled_card(theirs).number)
    assert theirs.apply().doubles == []
    assert theirs.workspace.doubled("there").standing() == []
    writes_nothing_more(theirs)


def test_notes_that_stand_twice_are_told_and_can_not_be_taken_back(theirs: World) -> None:
    theirs.keep(bug(1, "one", "two"))
    doubled(theirs, "fill", after=1)
    assert theirs.notes(1) == ["one", "two", "one", "two"]
    found = theirs.apply().doubles
    assert [one.state for one in found] == ["told", "told"]
    assert waiting(found) == found
    assert theirs.verify().agrees
    assert theirs.verify().settled == 2
    writes_nothing_more(theirs)
    for one in found:
        theirs.server.remove("note", int(one.at.id))
    assert theirs.apply().doubles == []


def test_people_worked_on_it_and_it_is_left_to_them(theirs: World) -> None:
    theirs.keep(bug(1))
    doubled(theirs, after=1)
    theirs.server.edit("card", 2, title="Better words")
    before = theirs.server.writes.total()
    found = theirs.apply().doubles
    assert [one.state for one in found] == ["left"]
    assert waiting(found) == found
    assert theirs.server.writes.total() == before
    assert theirs.cards(1)[1].fields["audience"] == "public"
    assert not theirs.verify().agrees


def test_what_people_worked_on_is_closed_with_its_issue(theirs: World) -> None:
    theirs.keep(bug(1))
    doubled(theirs, after=1)
    theirs.server.edit("card", 2, title="Better words")
    theirs.apply()
    theirs.workspace.hidden("there").add([bug_key(1)])
    assert [one.state for one in theirs.apply().doubles] == ["left"]
    card = theirs.cards(1)[1]
    assert (card.fields["audience"], card.fields["title"]) == ("importer", "Better words")
    before = theirs.server.writes.total()
    theirs.apply()
    assert theirs.server.writes.total() == before


def test_a_double_of_what_is_gone_at_the_source_is_found_and_closed(theirs: World) -> None:
    theirs.keep(bug(1))
    doubled(theirs, after=1)
    theirs.workspace.archive.set_gone(bug_key(1))
    assert [one.state for one in theirs.apply().doubles] == ["settled"]
    assert [one.fields["audience"] for one in theirs.server.all("card")] == ["importer"] * 2


def test_a_private_double_is_closed_and_never_open(theirs: World) -> None:
    tables(theirs)
    theirs.keep(shut(1, "one"))
    doubled(theirs, after=1)
    audiences = {one.fields["audience"] for one in theirs.server.all("card")}
    assert "public" not in audiences
    theirs.apply()
    assert settled_card(theirs).fields["audience"] == "importer"
    assert theirs.card(1).fields["audience"] != "public"


@pytest.mark.parametrize("do", ["lose", "drop", "late"])
@pytest.mark.parametrize("skip", [0, 1])
def test_lost_replies_while_it_is_settled(theirs: World, do: str, skip: int) -> None:
    theirs.keep(bug(1))
    doubled(theirs, after=1)
    fault = Fault(do="lose", request="card.update", skip=skip)
    theirs.server.faults.append(msgspec.structs.replace(fault, do=do))
    assert [one.state for one in theirs.apply().doubles] == ["settled"]
    assert settled_card(theirs).fields["state"] == "closed"
    writes_nothing_more(theirs)


class Killed(BaseException):
    """The process ends here."""


@pytest.mark.parametrize("moment", ["before", "after"])
@pytest.mark.parametrize("nth", [1, 2])
def test_killed_while_it_is_settled(theirs: World, moment: str, nth: int) -> None:
    theirs.keep(bug(1))
    doubled(theirs, after=1)
    seen = 0

    def kill(name: str, when: str) -> None:
        nonlocal seen
        seen += (name, when) == ("card.update", moment)
        if seen == nth and (name, when) == ("card.update", moment):
            raise Killed

    theirs.server.on_request = kill
    with pytest.raises(Killed):
        theirs.apply()
    theirs.server.on_request = lambda _name, _when: None
    assert [one.state for one in theirs.apply().doubles] == ["settled"]
    assert settled_card(theirs).fields["title"] == "Doubled: see 1"
    writes_nothing_more(theirs)


def test_one_that_can_not_be_closed_is_told_and_tried_again(theirs: World) -> None:
    theirs.keep(bug(1))
    doubled(theirs, after=1)
    theirs.server.faults.append(Fault(do="refuse", request="card.update"))
    (double,) = theirs.apply().doubles
    assert double.state == "failed"
    assert waiting([double])
    assert [one.state for one in theirs.apply().doubles] == ["settled"]


def test_a_change_that_came_late_does_not_stay(theirs: World) -> None:
    theirs.keep(bug(1, title="First"))
    theirs.apply()
    theirs.keep(bug(1, title="Second"))
    theirs.server.faults.append(Fault(do="double", request="card.update", after=1))
    theirs.apply()
    theirs.keep(bug(1, title="Third"))
    theirs.apply()
    assert theirs.card(1).fields["title"] == "Second"
    assert not theirs.verify().agrees
    assert theirs.apply().turned_back == 1
    assert theirs.card(1).fields["title"] == "Third"
    assert theirs.apply().turned_back == 0
    writes_nothing_more(theirs)


def test_an_opening_that_came_late_is_closed_again(theirs: World) -> None:
    tables(theirs)
    theirs.keep(bug(1))
    theirs.apply()
    theirs.keep(shut(1))
    theirs.apply()
    assert theirs.card(1).fields["audience"] != "public"
    late = Write(op="update", kind="card", fields={"audience": "public", "readers": []}, number=1)
    theirs.server.request("importer", "card.update", [late])
    theirs.apply()
    assert theirs.card(1).fields["audience"] != "public"


def test_a_persons_edit_after_it_is_a_persons_edit(theirs: World) -> None:
    theirs.keep(bug(1, title="First"))
    theirs.apply()
    theirs.server.edit("card", 1, title="Mine")
    assert theirs.apply().turned_back == 0
    assert theirs.card(1).fields["title"] == "Mine"


def test_what_a_person_set_after_a_late_change_stays(theirs: World) -> None:
    theirs.keep(bug(1, title="First"))
    theirs.apply()
    theirs.keep(bug(1, title="Second"))
    theirs.apply()
    late = Write(op="update", kind="card", fields={"title": "First"}, number=1)
    theirs.server.request("importer", "card.update", [late])
    theirs.server.edit("card", 1, title="Mine")
    assert theirs.apply().turned_back == 0
    assert theirs.card(1).fields["title"] == "Mine"


def test_older_values_of_ours_cost_no_look(theirs: World, monkeypatch: pytest.MonkeyPatch) -> None:
    for title in ("First", "Second", "Third"):
        theirs.keep(bug(1, title=title))
        theirs.apply()
    theirs.workspace.doubled("there").keep([], {"history": 0})
    monkeypatch.setattr(theirs.sink, "read", None)
    assert theirs.apply().turned_back == 0


def test_what_was_joined_is_no_double_and_not_turned_back(
    theirs: World, make: Callable[..., Workspace], database: str | None
) -> None:
    if database is not None:
        pytest.skip("two workspaces would share this one database")
    theirs.keep(bug(1, title="First"))
    theirs.apply()
    theirs.keep(bug(1, title="Second"))
    theirs.apply()
    other = World(make("other"), theirs.server, "theirs")
    other.keep(bug(1, title="Second"))
    assert other.apply().joined == 1
    other.workspace.doubled("there").keep([], {"history": 0})
    again = other.apply()
    assert (again.doubles, again.turned_back) == ([], 0)


@pytest.mark.parametrize("op", ["create", "update"])
def test_while_a_step_is_in_doubt_its_object_is_no_double(
    theirs: World, monkeypatch: pytest.MonkeyPatch, op: str
) -> None:
    """Nobody knows yet what stands there; the look begins at the same place the next time."""
    theirs.keep(bug(1), bug(2))
    theirs.apply()
    theirs.apply()
    mark = theirs.workspace.doubled("there").mark()
    marker = theirs.card(1).marker
    theirs.server.request("importer", "card.create", [_copy_of(theirs.card(1))])
    doubtful = msgspec.structs.replace(action(1 if op == "update" else 3, op), marker=marker)
    theirs.ledger.intend([step(doubtful)], [{}], 0)
    with monkeypatch.context() as patch:
        patch.setattr(theirs.sink, "find", _fails)
        found = theirs.apply().doubles
    assert [one.key for one in found] == ([] if op == "update" else [bug_key(1)])
    assert theirs.workspace.doubled("there").mark() == mark
    theirs.ledger.void([one.id for one in theirs.ledger.open_intents()])
    assert [one.state for one in theirs.apply().doubles] == ["settled"]
    assert theirs.workspace.doubled("there").mark() != mark


def _copy_of(record: Record) -> Write:
    return Write(op="create", kind="card", fields=dict(record.fields), marker=record.marker)


def _fails(*_: object) -> None:
    raise Refused("it does not say")


def test_a_strangers_look_alike_is_no_double(theirs: World) -> None:
    theirs.keep(bug(1))
    theirs.apply()
    theirs.server.add("card", "somebody", theirs.card(1).marker, title="Bug 1")
    assert theirs.apply().doubles == []


def test_where_numbers_are_ours_nothing_is_doubled(ours: World) -> None:
    ours.keep(bug(1, "one", "two"), bug(2))
    for request in ours.sink.planner.steps:
        ours.server.faults.append(Fault(do="double", request=request, times=9))
    ours.apply()
    assert ours.apply().doubles == []
    writes_nothing_more(ours)


def test_looking_costs_one_request_where_nothing_is_new(theirs: World) -> None:
    theirs.keep(*(bug(number) for number in range(1, 251)))
    theirs.apply()
    theirs.apply()
    assert theirs.server.requests["since"] == 1 + 3  # 250 cards and a project, a hundred a page
    before = theirs.server.requests["since"]
    theirs.apply()
    assert theirs.server.requests["since"] == before + 1
    assert theirs.server.requests["look"] == 0


def test_a_text_of_a_hidden_comment_is_not_looked_for(theirs: World) -> None:
    tables(theirs)
    theirs.keep(shut(1, "a", "b"))
    doubled(theirs, "fill", after=1)
    theirs.keep(hidden(shut(1, "a", "b"), 1))
    assert {one.state for one in theirs.apply().doubles} == {"told"}
