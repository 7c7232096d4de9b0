"""What is not public is told by its number, or by a mark: never by a name that people gave it."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest

from tests.engine.world import World
from tracker_migrate.engine import jobs
from tracker_migrate.engine.apply import Apply
from tracker_migrate.engine.naming import Naming
from tracker_migrate.engine.plan import Plan
from tracker_migrate.model import Access, Key, key
from tracker_migrate.testing.memory import MemoryServer, blueprint, bug
from tracker_migrate.workspace import Workspace

SECRET = key("memory", "blueprint", "rocket/+spec/zebra")
OPEN = key("memory", "blueprint", "rocket/+spec/antelope")


@pytest.fixture
def world(workspace: Workspace) -> World:
    made = World(workspace, MemoryServer(), "ours")
    shut: dict[str, Any] = {"private": True, "information_type": "Embargoed", "access": Access()}
    made.keep(bug(1), blueprint("antelope"), blueprint("zebra", **shut))
    return made


def test_a_private_name_becomes_a_mark_and_a_public_one_stays(world: World) -> None:
    names = jobs.naming(world.workspace)
    told = names.key(SECRET)
    assert "zebra" not in told
    assert told.startswith("memory:blueprint:(private ")
    assert names.key(Key(f"maniphest:relations:{SECRET}")).startswith("maniphest:relations:memory")
    assert names.key(OPEN) == OPEN
    assert names.key(Key("memory:bug:1")) == "memory:bug:1"
    assert names.text(f"hangs on {SECRET}, which is not there") == (
        f"hangs on {told}, which is not there"
    )
    assert jobs.naming(world.workspace).key(SECRET) == told, "the same in every run"


def test_two_workspaces_do_not_give_the_same_mark(world: World) -> None:
    other = Naming(world.workspace.archive, b"another salt")
    assert other.key(SECRET) != jobs.naming(world.workspace).key(SECRET)


def test_an_event_holds_the_mark(world: World) -> None:
    heard: list[str] = []
    names = jobs.naming(world.workspace)
    listen = names.heard_by(lambda e: heard.append(msgspec.json.encode(e).decode()))
    Apply(world.target(), listen).run()
    Plan(world.target(), listen).run()
    assert any("antelope" in one for one in heard)
    assert any("(private " in one for one in heard)
    assert not any("zebra" in one for one in heard)


def test_the_name_is_kept_back_when_the_archive_has_forgotten_it(world: World) -> None:
    world.apply()
    world.workspace.archive.set_gone(SECRET)
    world.workspace.archive.set_gone(OPEN)
    names = jobs.naming(world.workspace)
    assert "zebra" not in names.key(SECRET)
    assert "antelope" not in names.key(OPEN)
    assert json.dumps(names.text("nothing/else")) == '"nothing/else"'
