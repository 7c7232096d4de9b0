"""A person is a name with its date: a row about somebody who had the name before is not used."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from tests.engine.world import World
from tracker_migrate.engine.checking import check
from tracker_migrate.engine.target import Target
from tracker_migrate.errors import UsageError
from tracker_migrate.interfaces import Entity, Reply
from tracker_migrate.mappings import people
from tracker_migrate.mappings.table import Mistakes
from tracker_migrate.model import Person, key
from tracker_migrate.testing.memory import bug

HEAD = "person,target,account,name,state,created,note\n"


def told(world: World, *rows: str) -> None:
    path = world.workspace.mappings / "people.csv"
    path.write_text(HEAD + "".join(f"{row}\n" for row in rows), "utf-8")


def known(world: World, name: str, created: datetime | None, *, team: bool = False) -> None:
    one = Person(
        key=key("memory", "person", name),
        name=name,
        display_name=name.title(),
        home="https://x",
        is_team=team,
        created=created,
    )
    reply = Reply(url="https://x", status=200, body=b"{}")
    world.workspace.archive.put_entity(Entity(value=one, reply=reply)).result()


LATE = datetime(2009, 3, 2, 23, 59, tzinfo=UTC)


def test_a_row_of_another_date_is_not_used_and_is_told(world: World) -> None:
    jdoe = key("memory", "person", "jdoe")
    world.keep(bug(1, "a", author=jdoe))
    known(world, "jdoe", LATE)
    told(world, "jdoe,there,7,,verified,2009-03-02,")
    assert Target(world.workspace, "there").decisions.account(jdoe) is not None
    before = Target(world.workspace, "there").decisions.source_writer
    told(world, "jdoe,there,7,,verified,2007-01-01,")
    target = Target(world.workspace, "there")
    assert target.decisions.account(jdoe) is None
    assert target.decisions.source_writer != before, "its issues are planned anew"
    (one,) = check(target).suspended
    assert (one.person, one.row, one.known) == ("jdoe", "2007-01-01", "2009-03-02")
    assert check(target).mapped == 0
    assert check(target).wrong


def test_the_row_of_somebody_who_is_called_otherwise_by_now_counts(world: World) -> None:
    old, new = (key("memory", "person", name) for name in ("jdoe", "jane"))
    world.keep(bug(1, "a", author=old))
    known(world, "jdoe", LATE)
    known(world, "jane", LATE)
    told(world, "jdoe,there,7,,verified,2009-03-02,")
    assert Target(world.workspace, "there").decisions.account(new) is None
    world.workspace.archive.names().put(new, old)
    account = Target(world.workspace, "there").decisions.account(new)
    assert account is not None
    assert account.id == "7"
    told(world, "jdoe,there,7,,verified,2009-03-02,", "jane,there,8,,verified,,")
    account = Target(world.workspace, "there").decisions.account(new)
    assert account is not None
    assert account.id == "8", "a row of its own counts first"
    told(world, "jdoe,there,7,,verified,2007-01-01,")
    assert Target(world.workspace, "there").decisions.account(new) is None, "it was another's"


def test_bots_and_groups_are_people_of_a_date_too(world: World) -> None:
    for name in ("hudson", "crew"):
        world.keep(bug(len(name), "a", author=key("memory", "person", name)))
        known(world, name, LATE, team=name == "crew")
    told(world, "hudson,,,,bot,2007-01-01,", "crew,there,4,,group,2007-01-01,")
    target = Target(world.workspace, "there")
    assert not target.decisions.is_bot(key("memory", "person", "hudson"))
    assert target.decisions.tables.people.groups == {}
    assert [one.person for one in check(target).suspended] == ["crew", "hudson"]


@pytest.mark.parametrize("created", ["", "2009-03-02", "2009-03-03T01:00:00+02:00"])
def test_a_row_without_a_date_or_of_the_same_is_used(world: World, created: str) -> None:
    jdoe = key("memory", "person", "jdoe")
    world.keep(bug(1, "a", author=jdoe))
    known(world, "jdoe", LATE)
    told(world, f"jdoe,there,7,,verified,{created},")
    target = Target(world.workspace, "there")
    assert target.decisions.account(jdoe) is not None
    assert check(target).undated == (not created)


def test_of_whom_no_date_is_known_nothing_is_suspended(world: World) -> None:
    """Somebody who is suspended or gone at the source says nothing but the name."""
    jdoe, gone = key("memory", "person", "jdoe"), key("memory", "person", "gone")
    world.keep(bug(1, "a", author=jdoe), bug(2, "b", author=gone))
    known(world, "gone", None)
    told(world, "jdoe,there,7,,verified,2007-01-01,", "gone,there,8,,verified,2007-01-01,")
    decisions = Target(world.workspace, "there").decisions
    assert decisions.account(jdoe) is not None
    assert decisions.account(gone) is not None


def test_what_is_no_date_is_a_mistake(world: World) -> None:
    told(world, "jdoe,there,7,,verified,last spring,")
    with pytest.raises(UsageError, match="2009-03-02"):
        Target(world.workspace, "there")
    mistakes = Mistakes()
    people.load(world.workspace.mappings / "people.csv", "there", mistakes)
    assert "people.csv:2" in mistakes.found[0]
