"""Accounts are made for authors whom everybody can see, each once, and people.csv knows of them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from tests.engine.test_changed_hands import HEAD, told
from tests.engine.test_privacy import shut
from tests.engine.world import World
from tracker_migrate.engine import accounts
from tracker_migrate.engine.accounts import Made
from tracker_migrate.engine.target import Target
from tracker_migrate.errors import Refused, Unreachable, UsageError
from tracker_migrate.interfaces import Account, Entity, Reply
from tracker_migrate.model import Person, key
from tracker_migrate.testing.memory import MemorySink, bug

BORN = datetime(2009, 3, 2, tzinfo=UTC)


class Making(MemorySink):
    """Makes accounts; refuses one name, and breaks at another."""

    asked: tuple[str, ...] = ()

    def make_account(self, person: Person) -> Account:
        self.asked = (*self.asked, person.name)
        if person.name == "odd":
            raise Refused("is taken")
        if person.name == "zoe":
            raise Unreachable("gone away")
        return Account(id=f"id-{person.name}", name=person.display_name)


@pytest.fixture
def at(world: World) -> Target:
    world.sink = Making(world.server, world.numbers)
    return world.target()


def known(world: World, name: str, **changes: Any) -> Person:
    held = {"key": key("memory", "person", name), "name": name, "display_name": name.title()}
    one = Person(**{**held, "home": "https://x", "created": BORN, **changes})
    reply = Reply(url="https://x", status=200, body=b"{}")
    world.workspace.archive.put_entity(Entity(value=one, reply=reply)).result()
    return one


def says(world: World, *names: str, number: int = 1, **changes: Any) -> None:
    """A public bug for each of these."""
    issues = [
        bug(number + n, name, author=known(world, name, **changes).key)
        for n, name in enumerate(names)
    ]
    world.keep(*issues)


def wanting(at: Target) -> list[str]:
    return [one.name for one in accounts.wanting(at)]


def table(world: World) -> list[str]:
    path = world.workspace.mappings / "people.csv"
    return path.read_text("utf-8").splitlines() if path.exists() else []


def test_who_has_to_do_with_private_issues_alone_gets_none(world: World, at: Target) -> None:
    secret = known(world, "secret").key
    world.keep(shut(9, "a", author=secret))
    says(world, "seen")
    assert wanting(at) == ["seen"]


@pytest.mark.parametrize(
    "changes",
    [{"is_team": True}, {"private": True}, {"state": "suspended"}, {"state": "missing"}],
    ids=str,
)
def test_teams_and_closed_accounts_get_none(
    world: World, at: Target, changes: dict[str, Any]
) -> None:
    says(world, "one", **changes)
    assert wanting(at) == []


@pytest.mark.parametrize("state", ["suggested", "placeholder", "bot"])
def test_who_was_decided_about_gets_none(world: World, at: Target, state: str) -> None:
    says(world, "ann", "ben")
    told(world, f"ann,there,,,{state},,")
    assert wanting(at) == ["ben"]


def test_each_gets_one_and_a_row(world: World, at: Target) -> None:
    says(world, "ann", "ben")
    made = accounts.make(at, accounts.wanting(at))
    assert made == [
        Made(person="ann", name="Ann", account="id-ann"),
        Made(person="ben", name="Ben", account="id-ben"),
    ]
    assert f"ann,there,id-ann,Ann,verified,2009-03-02,{accounts.NOTE}" in table(world)
    again = world.target()
    assert wanting(again) == []
    account = again.decisions.account(key("memory", "person", "ann"))
    assert account is not None
    assert account.id == "id-ann"


def test_what_stood_in_the_table_stays(world: World, at: Target) -> None:
    says(world, "ann")
    told(world, "# mine", "old,there,7,Old,verified,,kept")
    before = table(world)
    accounts.make(at, accounts.wanting(at))
    assert table(world)[: len(before)] == before
    assert table(world)[0] == HEAD.strip()


def test_one_that_is_refused_stops_no_other(world: World, at: Target) -> None:
    says(world, "ann", "odd", "pat")
    made = {one.person: one for one in accounts.make(at, accounts.wanting(at))}
    assert made["odd"].refused == "is taken"
    assert wanting(world.target()) == ["odd"]


def test_what_was_made_before_the_end_has_its_row(world: World, at: Target) -> None:
    says(world, "ann", "zoe")
    with pytest.raises(Unreachable):
        accounts.make(at, accounts.wanting(at))
    assert wanting(world.target()) == ["zoe"]


def test_where_no_accounts_can_be_made_it_is_said(world: World) -> None:
    says(world, "ann")
    at = world.target()
    with pytest.raises(UsageError, match="no accounts can be made"):
        accounts.make(at, accounts.wanting(at))
    assert table(world) == []
