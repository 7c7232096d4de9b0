"""Another login: what only the one before it knew is closed all the same."""

from __future__ import annotations

from typing import Any

import pytest

from tests.engine.world import World, bug_key
from tracker_migrate.engine.apply import Apply
from tracker_migrate.engine.intake import Pulled
from tracker_migrate.engine.pull import Pull
from tracker_migrate.errors import Brake, Refused, Unreachable
from tracker_migrate.model import Access
from tracker_migrate.testing.memory import MemoryServer, MemorySource, blueprint, bug
from tracker_migrate.testing.memory_source import PERSON
from tracker_migrate.workspace import Workspace

SHUT: dict[str, Any] = {
    "private": True,
    "information_type": "Private",
    "access": Access(people=(PERSON,)),
}
POLICY = """
[information_type]
"Private" = "few"
[policies.few.there]
users = "readers"
without = "all"
"""


@pytest.fixture
def world(workspace: Workspace) -> World:
    return World(workspace, MemoryServer(), "ours")


def audiences(world: World, *numbers: int) -> list[Any]:
    return [world.card(number).fields["audience"] for number in numbers]


def test_what_became_private_before_the_new_login_read_is_closed(world: World) -> None:
    world.pull(MemorySource(bug(1), bug(2)))
    world.apply()
    assert world.pull(MemorySource(bug(1), viewer="owner")).gone == 1
    world.apply()
    assert audiences(world, 1, 2) == ["public", "importer"]


def test_it_is_opened_again_when_the_new_login_may_read_it(world: World) -> None:
    world.pull(MemorySource(bug(1), bug(2)))
    world.apply()
    source = MemorySource(bug(1), bug(2), viewer="owner")
    source.remove(bug_key(2))
    source.advance(hours=1)
    world.pull(source)
    world.apply()
    assert audiences(world, 1, 2) == ["public", "importer"]
    source.put(bug(2), silently=True)
    source.advance(hours=1)
    world.pull(source, sweep=list(world.workspace.archive.known_keys()))
    world.apply()
    assert audiences(world, 1, 2) == ["public", "public"]


def test_what_is_listed_to_the_new_login_takes_no_request_more(world: World) -> None:
    world.pull(MemorySource(bug(1), bug(2), bug(3)))
    world.apply()
    source = MemorySource(bug(1), bug(3), viewer="owner")
    world.pull(source)
    assert sorted(source.reads) == [bug_key(1), bug_key(2), bug_key(3)]
    source.advance(hours=1)
    source.reads.clear()
    world.pull(source)
    assert source.reads == []


def test_what_never_was_written_is_not_looked_for(world: World) -> None:
    world.pull(MemorySource(bug(1), bug(2)))
    source = MemorySource(bug(1), viewer="owner")
    assert world.pull(source).gone == 0
    assert source.reads == [bug_key(1)]


def test_a_closing_that_was_not_carried_out_is_not_lost(world: World) -> None:
    before = MemorySource(bug(1), bug(2))
    world.pull(before)
    world.apply()
    before.remove(bug_key(2))
    assert world.pull(before, full=True).gone == 1
    source = MemorySource(bug(1), viewer="owner")
    assert world.pull(source).gone == 0
    assert source.reads == [bug_key(1)], "that it is gone was known"
    world.apply()
    assert audiences(world, 1, 2) == ["public", "importer"]


def test_nor_is_it_while_the_new_login_has_not_come_round(world: World) -> None:
    before = MemorySource(bug(1), bug(2), bug(3))
    world.pull(before)
    world.apply()
    before.remove(bug_key(2))
    before.put(bug(3, **SHUT))
    world.pull(before, full=True)
    source = MemorySource(bug(1), viewer="owner")
    source.break_after = 0
    with pytest.raises(Unreachable):
        world.pull(source)
    Apply(world.target()).close()
    assert audiences(world, 1, 2, 3) == ["public", "importer", "importer"]


def test_a_login_that_comes_back_looks_at_what_the_other_one_has_read(world: World) -> None:
    first = MemorySource(bug(1), blueprint("engine"))
    world.pull(first)
    second = MemorySource(bug(1), bug(2), bug(3), blueprint("engine"), viewer="owner")
    world.pull(second)
    world.apply()
    first.advance(hours=1)
    first.put(bug(3))
    pulled = world.pull(first, brief=True, blueprints=False)
    assert (pulled.full, pulled.gone) == (False, 1)
    world.apply()
    assert audiences(world, 1, 2, 3) == ["public", "importer", "public"]
    assert world.workspace.archive.issue(blueprint("engine").key) is not None


def test_what_the_other_one_knew_to_be_gone_is_read_again(world: World) -> None:
    first = MemorySource(bug(1), bug(2), bug(3))
    first.advance(hours=1)
    world.pull(first)
    world.apply()
    world.pull(MemorySource(bug(1), bug(2), bug(3), viewer="owner"))
    world.pull(MemorySource(bug(1), viewer="owner"), full=True)
    first.advance(hours=1)
    first.remove(bug_key(2))
    first.reads.clear()
    assert world.pull(first).gone == 1
    assert sorted(first.reads) == [bug_key(2), bug_key(3)]
    world.apply()
    assert audiences(world, 1, 2, 3) == ["public", "importer", "public"]


def test_readers_of_private_issues_are_not_shut_out_by_a_login_unless_that_is_meant(
    world: World,
) -> None:
    (world.workspace.mappings / "privacy.toml").write_text(POLICY)
    source = MemorySource(bug(1), bug(2), bug(3, **SHUT), bug(4, **SHUT), viewer="owner")
    world.pull(source)
    world.apply()
    assert audiences(world, 1, 2, 3, 4) == ["public", "public", "few", "few"]
    source.put(bug(2, **SHUT))
    world.pull(source)
    source = MemorySource(bug(1))
    for _ in range(2):
        with pytest.raises(Brake, match="2 issues that are not public are not to be seen as anony"):
            world.pull(source)
        Apply(world.target()).close()
        assert audiences(world, 1, 2, 3, 4) == ["public", "importer", "few", "few"]
    assert len(source.since) == 2
    assert source.since[1] is not None, "what was read is not read again"
    world.pull(source, accept=True)
    world.apply()
    assert audiences(world, 1, 2, 3, 4) == ["public", "importer", "importer", "importer"]


def test_nor_by_a_setting(world: World) -> None:
    """Only what is public is read from now on: nobody has said that it shall be closed."""
    (world.workspace.mappings / "privacy.toml").write_text(POLICY)
    plan = blueprint("engine", **SHUT)
    source = MemorySource(bug(1), bug(2), bug(3, **SHUT), plan, viewer="owner")
    world.pull(source)
    world.apply()
    archive = world.workspace.archive
    for of in (bug_key(2), bug_key(3), plan.key):
        source.remove(of)

    def pull(*, accept: bool = False, **how: Any) -> Pulled:
        job = Pull(source, archive, "rocket", connections=2, private=False, accept=accept)
        return job.run(**how)

    for how in ({"full": True}, {"brief": True, "sweep": list(archive.known_keys())}):
        with pytest.raises(Brake, match="2 issues that are not public are not read any more"):
            pull(**how)
        Apply(world.target()).close()
        assert audiences(world, 1, 2, 3) == ["public", "importer", "few"]
    assert archive.private_keys() == [bug_key(3), plan.key]
    assert pull(full=True, accept=True).gone == 2
    world.apply()
    assert audiences(world, 1, 2, 3) == ["public", "importer", "importer"]
    assert pull().gone == 0


def test_what_was_never_written_is_no_reason_to_ask(world: World) -> None:
    source = MemorySource(bug(1), bug(2, **SHUT), viewer="owner")
    world.pull(source)
    assert world.apply().refused == 1
    source.remove(bug_key(2))
    job = Pull(source, world.workspace.archive, "rocket", private=False)
    assert job.run(full=True).gone == 1


def test_much_that_a_new_login_can_not_see_is_a_brake(world: World) -> None:
    many = range(1, 31)
    world.pull(MemorySource(*map(bug, many)))
    world.apply()
    source = MemorySource(bug(1), viewer="owner")
    for _ in range(2):
        with pytest.raises(Brake, match="29 of 29 issues are not to be seen"):
            world.pull(source)
    world.pull(source, accept=True)
    world.apply()
    assert audiences(world, 1, 2, 30) == ["public", "importer", "importer"]


def test_what_is_listed_as_private_and_can_not_be_read_is_closed_too(world: World) -> None:
    world.pull(MemorySource(bug(1), bug(2)))
    world.apply()
    source = MemorySource(bug(1), bug(2, **SHUT), viewer="owner")
    source.failing[bug_key(2)] = Refused("a field is missing")
    assert world.pull(source).unread == 1
    world.apply()
    assert audiences(world, 1, 2) == ["public", "importer"]
