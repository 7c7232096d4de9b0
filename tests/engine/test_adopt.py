"""A ledger that is lost, or an old copy, is rebuilt from what stands at the target. In memory, in
both modes."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest

from tests.engine.test_privacy import shut, tables
from tests.engine.world import World, action, bug_key, step
from tracker_migrate.abilities import Notice
from tracker_migrate.engine.adopt import Adopt, Adopted
from tracker_migrate.engine.closing import hide_one
from tracker_migrate.interfaces import ClosedStep, Receipt
from tracker_migrate.model import Issue, Key
from tracker_migrate.testing.memory import Fault, MemoryServer, Numbers, bug
from tracker_migrate.workspace import Workspace
from tracker_migrate.workspace.packing import now
from tracker_migrate.workspace.told import Saying

Renew = Callable[[World], World]
BUGS = (bug(1, "one", "see #2", blocked_by=(2,)), bug(2, "a", "b", description="see #3"), bug(3))


def adopt(world: World, **how: Any) -> Adopted:
    """Rebuild the ledger; not one request writes."""
    before, dry = world.server.writes.total(), {"dry_run": how.pop("dry_run", False)}
    found = Adopt(world.target(), world.heard.append, **how).run(**dry)
    assert world.server.writes.total() == before
    return found


def writes_nothing(world: World) -> None:
    """Two more runs write nothing, and all is as it should be."""
    before = world.server.writes.total()
    for _ in range(2):
        world.apply()
    assert world.server.writes.total() == before
    assert world.verify().agrees


@pytest.fixture
def renewed(make: Callable[..., Workspace], database: str | None) -> Renew:
    """The workspace of a world is lost, and a new one is made."""
    if database is not None:
        pytest.skip("two workspaces would share this one database")
    return lambda world: another(world, make("new"))


def another(world: World, workspace: Workspace) -> World:
    """The same target, with another workspace."""
    made = World(workspace, world.server, world.numbers)
    made.sink = world.sink
    return made


@pytest.fixture
def copied(make: Callable[..., Workspace], database: str | None, tmp_path: Path) -> Renew:
    """The state of a world as it is now, to come back later."""
    if database is not None:
        pytest.skip("a copy of a file is what is tested")

    def copy(world: World) -> World:
        world.ledger.flush()
        fresh = make("old")
        fresh.close()
        place = fresh.folder / "state" / "workspace.db"
        for path in place.parent.glob("workspace.db*"):
            path.unlink()
        with sqlite3.connect(world.workspace.state / "workspace.db") as held:
            held.execute("VACUUM INTO ?", (str(place),))
        place.chmod(0o600)
        return another(world, make("old"))

    return copy


def written(world: World, *issues: Issue) -> None:
    """These issues are at the target."""
    world.keep(*issues)
    world.apply()


def test_a_lost_ledger_is_rebuilt(world: World, renewed: Renew) -> None:
    written(world, *BUGS)
    new = renewed(world)
    new.keep(*BUGS)
    found = adopt(new)
    assert (found.issues, found.objects, found.added, found.shared) == (3, 7, 7, 1)
    assert [*found.differs, *found.doubled, *found.unknown] == []
    assert (found.absent, found.left) == (0, 0)
    writes_nothing(new)
    assert rows(new) == rows(world)


def rows(world: World) -> dict[Any, Any]:
    """All that the ledger knows of the bugs, but for when it came to know it."""
    held: dict[Any, Any] = {}
    for issue in BUGS:
        held |= world.ledger.of_issue(issue.key)
    return {key: msgspec.structs.replace(one, sent_at="") for key, one in held.items()}


def test_a_change_of_the_source_arrives_afterwards(world: World, renewed: Renew) -> None:
    written(world, *BUGS)
    new = renewed(world)
    new.keep(*BUGS)
    adopt(new)
    new.keep(bug(1, "one", "see #2", "three", blocked_by=(2,), title="Better"))
    applied = new.apply()
    assert (applied.created, applied.updated, applied.kept) == (1, 1, 0)
    assert new.card(1).fields["title"] == "Better"
    assert new.notes(1)[-1] == "three"
    writes_nothing(new)


def test_a_persons_edit_survives_and_is_told(world: World, renewed: Renew) -> None:
    written(world, *BUGS)
    world.server.edit("card", world.card(1).number, title="Mine")
    new = renewed(world)
    new.keep(*BUGS)
    found = adopt(new)
    assert [(one.key, one.field) for one in found.differs] == [(bug_key(1), "title")]
    new.apply()
    new.keep(bug(1, "one", "see #2", blocked_by=(2,), title="Theirs", description="New"))
    assert new.apply().kept == 1
    assert new.card(1).fields["title"] == "Mine"
    assert "New" in str(new.card(1).fields["text"]), "what nobody edited is carried on"
    assert [one.field for one in new.verify().differs] == ["title"]


def test_the_source_may_win(world: World, renewed: Renew) -> None:
    written(world, *BUGS)
    world.server.edit("card", world.card(1).number, title="Old")
    new = renewed(world)
    new.keep(*BUGS)
    found = adopt(new, source_wins=True)
    assert (found.differs, found.left) == ([], 1)
    applied = new.apply()
    assert (applied.updated, applied.created, applied.kept) == (1, 0, 0)
    assert new.card(1).fields["title"] == "Bug 1"
    writes_nothing(new)


def test_what_strangers_made_is_not_taken_in(world: World, renewed: Renew) -> None:
    marker = "https://source.example/bug/4"
    written(world, *BUGS)
    world.server.add("card", marker=marker, title="forged", audience="public")
    card = world.card(1).number
    world.server.add("note", marker="https://source.example/comment/1/2", card=str(card), text="x")
    new = renewed(world)
    new.keep(*BUGS, bug(4, "four"))
    found = adopt(new)
    assert (found.issues, found.absent, found.foreign) == (3, 1, 1)
    assert new.apply().created == 2
    assert sorted(one.author for one in new.cards(4)) == ["importer", "somebody"]


def test_of_two_the_older_is_taken_and_the_younger_told(world: World, renewed: Renew) -> None:
    written(world, *BUGS)
    (note, *_) = world.server.all("note")
    world.server.add("note", "importer", note.marker, **note.fields)
    new = renewed(world)
    new.keep(*BUGS)
    found = adopt(new)
    assert len(found.doubled) == 1
    assert new.ledger.held(found.doubled)[found.doubled[0]].at.id == str(note.number)
    before = new.server.writes.total()
    new.apply()
    assert new.server.writes.total() == before


def test_an_old_copy_learns_what_was_written_since(world: World, copied: Renew) -> None:
    written(world, *BUGS)
    old = copied(world)
    later = (bug(1, "one", "see #2", "three", blocked_by=(2,), title="Better"), bug(4, "four"))
    written(world, *later)
    world.server.remove("note", world.server.all("note")[0].number)
    old.keep(*later)
    found = adopt(old)
    assert (found.issues, found.added, len(found.gone), found.differs) == (4, 3, 1, [])
    before = old.server.writes.total()
    assert old.apply().gone == 1
    assert old.server.writes.total() == before


def test_what_the_copy_knows_as_ours_follows_the_source(world: World, copied: Renew) -> None:
    """A field that stands just as the copy says that we left it was changed at the source."""
    written(world, *BUGS)
    old = copied(world)
    old.keep(bug(2, "a", "b", title="Changed since", description="see #3"))
    assert adopt(old).differs == []
    assert old.apply().updated == 1
    assert old.card(2).fields["title"] == "Changed since"


def test_no_number_that_is_in_use_is_given_again(
    make: Callable[..., Workspace], copied: Renew
) -> None:
    world = World(make(), MemoryServer(), "ours")
    written(world, *BUGS)
    old = copied(world)
    later = [bug(number, "said") for number in range(4, 14)]
    written(world, *later)
    old.keep(*later)
    adopt(old)
    used = {one.number for one in world.server.all("card")}
    written(old, bug(14))  # one that tried the used numbers one by one would give up
    assert old.card(14).number not in used
    assert old.ledger.number(bug_key(4)) == old.card(4).number


def test_what_differs_from_the_copy_is_written_where_the_source_wins(
    world: World, copied: Renew
) -> None:
    """Though the copy calls the issue done, and the source has not changed since."""
    written(world, *BUGS)
    old = copied(world)
    world.server.edit("card", world.card(1).number, title="Mine")
    assert adopt(old, source_wins=True).left == 1
    assert old.apply().updated == 1
    assert old.card(1).fields["title"] == "Bug 1"


def test_an_open_intent_of_the_copy_is_settled(world: World, copied: Renew) -> None:
    written(world, *BUGS)
    number = world.card(1).number
    change = msgspec.structs.replace(
        action(1, "update", title="Better"), at=world.ledger.where(bug_key(1))
    )
    world.ledger.intend([step(change)], [{}], 0)
    old = copied(world)
    world.server.edit("card", number, title="Better")
    old.keep(bug(1, "one", "see #2", blocked_by=(2,), title="Better"))
    assert adopt(old).differs == []
    assert old.ledger.open_intents() == []
    writes_nothing(old)


def test_half_a_migration_is_finished(
    world: World, renewed: Renew, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The workspace is lost while comments are missing, and texts name the source's addresses."""
    world.server.faults.append(Fault(do="down", request=last_step(world.numbers), times=1000))
    world.keep(*BUGS)
    send = world.sink.send

    def after_all_cards(step: ClosedStep) -> Receipt:
        """A number that was chosen for a card that is not there yet would be lost, too."""
        until = time.monotonic() + 20
        while step.kind == last_step(world.numbers) and time.monotonic() < until:
            if len(world.server.all("card")) == len(BUGS):
                break
            time.sleep(0.01)
        return send(step)

    monkeypatch.setattr(world.sink, "send", after_all_cards)
    with pytest.raises(Exception, match="does not answer"):
        world.apply()
    monkeypatch.undo()
    world.server.faults.clear()
    new = renewed(world)
    new.keep(*BUGS)
    assert adopt(new).differs == []
    new.apply()
    assert new.verify().agrees
    assert new.notes(2) == ["a", "b"]
    assert f"memory://target/card/{new.card(3).number}>" in str(new.card(2).fields["text"])


def last_step(numbers: Numbers) -> str:
    """The request that brings comments."""
    return "note.create" if numbers == "ours" else "fill"


def test_what_is_private_keeps_its_readers(world: World, renewed: Renew) -> None:
    tables(world)
    written(world, shut(1, "a"), bug(2))
    new = renewed(world)
    tables(new)
    new.keep(shut(1, "a"), bug(2))
    assert adopt(new).left == 0
    assert new.ledger.held([bug_key(1)])[bug_key(1)].audience == "few"
    writes_nothing(new)


def test_what_became_private_meanwhile_is_closed_first(world: World, renewed: Renew) -> None:
    tables(world)
    written(world, bug(1, "a"), bug(2))
    new = renewed(world)
    tables(new)
    new.keep(shut(1, "a"), bug(2))
    assert adopt(new).left == 2
    assert new.apply().closed == 1
    assert new.card(1).fields["audience"] == "few"
    writes_nothing(new)


def test_what_became_private_for_nobody_is_closed(world: World, renewed: Renew) -> None:
    written(world, bug(1, "a"), bug(2))
    new = renewed(world)
    new.keep(shut(1, "a"), bug(2))
    adopt(new)
    assert new.apply().closed == 1
    assert new.card(1).fields["audience"] == "importer"
    before = new.server.writes.total()
    assert new.apply().closed == 0
    adopt(new)
    new.apply()
    assert new.server.writes.total() == before


def test_what_became_public_meanwhile_is_opened_after_a_look(world: World, renewed: Renew) -> None:
    tables(world)
    written(world, shut(1, "a"))
    new = renewed(world)
    tables(new)
    new.keep(bug(1, "a"))
    adopt(new)
    new.is_public = lambda _key: False
    new.apply()
    assert new.card(1).fields["audience"] == "few"
    new.is_public = lambda _key: True
    new.apply()
    assert new.card(1).fields["audience"] == "public"


def test_what_was_hidden_by_hand_stays_hidden(world: World, renewed: Renew) -> None:
    written(world, bug(1, "a"), bug(2))
    world.workspace.hidden("there").add([bug_key(1)])
    assert hide_one(world.target(), bug_key(1))
    new = renewed(world)
    new.keep(bug(1, "a"), bug(2))
    assert adopt(new).hidden == [bug_key(1)]
    new.apply()
    assert new.card(1).fields["audience"] == "importer"
    assert adopt(new).hidden == []


def test_a_dry_run_notes_nothing(world: World, renewed: Renew) -> None:
    written(world, *BUGS)
    new = renewed(world)
    new.keep(*BUGS)
    found = adopt(new, dry_run=True)
    assert (found.issues, found.added) == (3, 7)
    assert rows(new) == {}


def test_what_was_joined_is_adopted(world: World, renewed: Renew) -> None:
    """An apply that came before adopt has joined everything: it becomes ours again."""
    written(world, *BUGS)
    new = renewed(world)
    new.keep(*BUGS)
    new.apply()
    found = adopt(new)
    # a server in memory looks for no project by its name: that apply made a second one
    assert {one.field for one in found.differs} == {"projects"}
    assert {one.state for one in rows(new).values()} == {"there"}
    before = new.server.writes.total()
    new.apply()
    assert new.server.writes.total() == before


def test_what_stands_twice_under_numbers_of_its_own_is_named(world: World, renewed: Renew) -> None:
    """As after a second migration that knew nothing of the first."""
    written(world, *BUGS)
    card = world.card(1)
    double = world.server.add("card", "importer", card.marker, **card.fields)
    new = renewed(world)
    new.keep(*BUGS)
    found = adopt(new)
    assert [(one.key, one.where) for one in found.twins] == [
        (bug_key(1), f"memory://target/card/{double}")
    ]
    assert new.ledger.held([bug_key(1)])[bug_key(1)].at.number == str(card.number)


def test_what_vanished_from_the_source_is_named(world: World, renewed: Renew) -> None:
    written(world, *BUGS)
    number = world.card(3).number
    new = renewed(world)
    new.keep(*BUGS[:2])
    assert adopt(new).vanished == [f"memory://target/card/{number}"]


def test_a_dry_run_says_all_that_it_would_do(world: World, renewed: Renew) -> None:
    written(world, *BUGS)
    world.server.edit("card", world.card(2).number, title="Mine")
    new = renewed(world)
    new.keep(*BUGS)
    said = adopt(new, dry_run=True)
    assert {one.key for one in said.adds} == set(world.ledger.held(known(world)))
    assert new.ledger.held(known(world)) == {}
    done = adopt(new)
    assert said.differs == done.differs != []
    assert (said.objects, said.added, said.left) == (done.objects, done.added, done.left)
    assert done.adds == []


def test_a_dry_run_after_a_handover_leaves_alone_what_was_said(world: World) -> None:
    """That belongs to the source, and only names the target."""
    written(world, *BUGS)
    notice = Notice(what="tag", of=bug_key(1), value="moved")
    said = Saying(issue=bug_key(1), notice=notice, state="said", target="there", at=now())
    world.workspace.told.keep(said)
    assert adopt(world, dry_run=True).issues == 3
    assert world.workspace.told.of(bug_key(1)) == [said]


def known(world: World) -> list[Key]:
    """All that the ledger of a world knows."""
    found = [key for issue in world.ledger.issues() for key in world.ledger.of_issue(issue)]
    return sorted(found)


def test_a_rehearsal_that_was_cut_off_leaves_nothing_to_trip_over(
    world: World, renewed: Renew
) -> None:
    written(world, *BUGS)
    new = renewed(world)
    new.keep(*BUGS)
    rehearsing = new.target().rehearsing()
    Adopt(rehearsing.__enter__(), rehearsal=True).run()  # and nothing comes after it
    said = adopt(new, dry_run=True)
    assert said.added == said.objects > 0
