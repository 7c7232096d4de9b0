"""What a create has made that was given up is ours: what is old in it is written again, and what a
person has edited is not."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from tests.engine.world import World, bug_key
from tracker_migrate import waiting
from tracker_migrate.errors import Retriable
from tracker_migrate.model import Access, Issue
from tracker_migrate.testing.memory import Clock, Fault, MemoryServer, bug
from tracker_migrate.testing.memory_source import PERSON
from tracker_migrate.workspace import Workspace

LATE = 20.0
_POLICY = '[information_type]\n"Private" = "few"\n[policies.few.there]\nusers = "readers"\n'


class Crash(BaseException):
    """The process ends here: nobody catches this."""


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(waiting, "sleep", clock.sleep)
    return clock


@pytest.fixture
def ours(workspace: Workspace, clock: Clock) -> World:
    """We choose the numbers."""
    return World(workspace, MemoryServer(clock=clock.monotonic), "ours")


def given_up(world: World, request: str, *faults: Fault) -> None:
    """A run whose request is lost, comes late, and whose resend is refused."""
    late = Fault(do="late", request=request, seconds=LATE)
    world.server.faults += [late, *faults, Fault(do="refuse", request=request)]
    assert world.apply().aside == 1


def arrives(world: World, request: str, clock: Clock) -> None:
    """What is late comes right before the next request of that name."""

    def hear(name: str, moment: str) -> None:
        if (name, moment) == (request, "before"):
            clock.sleep(LATE)

    world.server.on_request = hear


def private(number: int, *comments: str) -> Issue:
    return bug(
        number,
        *comments,
        private=True,
        information_type="Private",
        access=Access(people=(PERSON,)),
    )


def quiet(world: World) -> bool:
    """Whether source and target agree, and one more run sends nothing."""
    return world.verify().agrees and not world.apply().steps


@pytest.fixture(params=["before the run", "within the run"])
def changed(request: pytest.FixtureRequest, ours: World, clock: Clock) -> World:
    """A bug whose create was given up, and that is called otherwise by now. The create comes before
    the next run, which looks the bug up, or within it, where the number is taken."""
    ours.keep(bug(1))
    given_up(ours, "card.create")
    ours.keep(bug(1, title="Worse"))
    if request.param == "before the run":
        clock.sleep(LATE)
    else:
        arrives(ours, "card.create", clock)
    return ours


def test_what_changed_since_is_written(changed: World) -> None:
    assert changed.apply(retry=True).joined == 0
    assert changed.card(1).fields["title"] == "Worse"
    assert quiet(changed)


def test_what_was_sent_once_more_than_once_is_told_from_what_is_wanted(
    ours: World, clock: Clock
) -> None:
    """Two creates with different titles were given up; the second comes first."""
    ours.keep(bug(1))
    given_up(ours, "card.create", Fault(do="drop", request="card.create"))
    ours.server._late.clear()
    ours.keep(bug(1, title="Worse"))
    given_up(ours, "card.create")
    ours.keep(bug(1, title="Better"))
    clock.sleep(LATE)
    assert ours.card(1).fields["title"] == "Worse"
    ours.apply(retry=True)
    assert ours.card(1).fields["title"] == "Better"
    assert quiet(ours)


def test_a_persons_edit_of_it_is_kept(ours: World, clock: Clock) -> None:
    ours.keep(bug(1))
    given_up(ours, "card.create")
    clock.sleep(LATE)
    ours.server.edit("card", ours.card(1).number, title="Mine")
    ours.keep(bug(1, title="Worse", description="It fails badly."))
    applied = ours.apply(retry=True)
    assert (applied.joined, applied.kept) == (0, 1)
    assert ours.card(1).fields["title"] == "Mine"
    assert ours.card(1).fields["text"].endswith("It fails badly.")


def test_a_person_may_be_quicker_than_the_resend(ours: World, clock: Clock) -> None:
    ours.keep(bug(1))
    given_up(ours, "card.create")
    ours.keep(bug(1, title="Worse", description="It fails badly."))

    def hear(name: str, moment: str) -> None:
        if (name, moment) == ("card.create", "before"):
            clock.sleep(LATE)
            ours.server.edit("card", ours.card(1).number, title="Mine")

    ours.server.on_request = hear
    assert ours.apply(retry=True).kept == 1
    assert ours.card(1).fields["title"] == "Mine"
    assert ours.card(1).fields["text"].endswith("It fails badly.")


def test_a_note_that_comes_late_gets_its_new_words(ours: World, clock: Clock) -> None:
    ours.keep(bug(1, "one", "two", "three", "four", "five"))
    given_up(ours, "note.create")
    ours.keep(bug(1, "1", "2", "3", "4", "5"))
    arrives(ours, "note.create", clock)
    ours.apply(retry=True)
    assert ours.notes(1) == ["1", "2", "3", "4", "5"]
    assert quiet(ours)


@pytest.mark.parametrize("when", ["before", "within"])
def test_what_was_public_then_is_closed_before_a_word_is_added(
    ours: World, clock: Clock, when: str
) -> None:
    mappings = Path(ours.workspace.folder) / "mappings"
    (mappings / "privacy.toml").write_text(_POLICY)
    (mappings / "people.csv").write_text("person,target,account,state\njdoe,there,7,verified\n")
    ours.keep(bug(1, "one"))
    given_up(ours, "card.create")
    ours.keep(private(1, "secret"))
    if when == "before":
        clock.sleep(LATE)
    else:
        arrives(ours, "card.create", clock)
    ours.apply(retry=True)
    told = [(write.op, write.kind) for _, write in ours.server.history if write.kind != "project"]
    assert told == [("create", "card"), ("update", "card"), ("create", "note")]
    assert ours.card(1).fields["audience"] != "public"
    assert quiet(ours)


def test_a_create_that_a_person_edits_before_its_reply_is_settled_is_ours(
    workspace: Workspace, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The process ends after the server has made the card, and before its result is on disk."""
    theirs = World(workspace, MemoryServer(clock=clock.monotonic), "theirs")
    theirs.keep(bug(1, "one"))

    def die(name: str, moment: str) -> None:
        if (name, moment) == ("card.create", "after"):
            raise Crash

    theirs.server.on_request = die
    with pytest.raises(Crash):
        theirs.apply()
    theirs.server.on_request = lambda _name, _moment: None
    theirs.server.edit("card", theirs.card(1).number, text="Mine")
    theirs.keep(bug(1, "one", title="Worse", tags=("api",)))
    assert theirs.apply().joined == 0
    card = theirs.card(1).fields
    assert (card["title"], card["text"], card["tags"]) == ("Worse", "Mine", ["api"])
    assert theirs.notes(1) == ["one"]


def test_what_another_migration_has_made_is_joined_as_before(ours: World) -> None:
    ours.keep(bug(1))
    marker = bug(1).home
    at = ours.server.add("card", author="importer", marker=marker, title="x", text="x", tags=[])
    assert ours.apply().joined == 1
    assert ours.ledger.held([bug_key(1)])[bug_key(1)].at.id == str(at)


def test_what_stands_there_and_can_t_be_read_is_not_made_again(
    ours: World, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    ours.keep(bug(1))
    given_up(ours, "card.create")
    clock.sleep(LATE)
    before = ours.server.requests["card.create"]

    def blind(*_: object) -> None:
        raise Retriable("no answer")

    with monkeypatch.context() as patch:
        patch.setattr(ours.sink, "read", blind)
        assert ours.apply(retry=True).aside == 1
    assert ours.server.requests["card.create"] == before
    ours.apply(retry=True)
    assert quiet(ours)


def test_what_is_given_up_leaves_digests_and_no_text(ours: World) -> None:
    ours.keep(bug(1, title="a word that nobody else says"))
    given_up(ours, "card.create")
    (sent,) = ours.ledger.given_up.all()
    assert sent.key == bug_key(1)
    assert "nobody" not in msgspec.json.encode(sent).decode()
    with ours.workspace.engine.connect() as connection:
        rows = connection.exec_driver_sql("SELECT step, mark FROM intent").all()
    assert all(not bytes(row.step) and "nobody" not in row.mark for row in rows)
