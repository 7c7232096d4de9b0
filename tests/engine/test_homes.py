"""Of which server a ledger is: kept on each database, and known in each spelling of an address."""

from __future__ import annotations

import pytest

from tests.engine.world import World, bug_key
from tracker_migrate.checked import plain
from tracker_migrate.engine.handover import Handover
from tracker_migrate.engine.whereabouts import _roots
from tracker_migrate.errors import UsageError
from tracker_migrate.interfaces import Block, RemoteRef
from tracker_migrate.registry import plain_address
from tracker_migrate.testing.memory import MemorySource, bug
from tracker_migrate.testing.memory_source import PERSON
from tracker_migrate.testing.memory_telling import MemoryAnnouncer
from tracker_migrate.workspace import Ledger, Workspace
from tracker_migrate.workspace.handing import HandoverSettings
from tracker_migrate.workspace.homes import Home

HOME = Home(tracker="memory", address="http://a.example", sealed="http://a.example")


@pytest.mark.parametrize(
    ("given", "same"),
    [
        ("https://H.example/api/", "https://h.example/api"),
        ("HTTPS://h.example:443/Api", "https://h.example/Api"),
        ("http://h.example:80", "http://h.example"),
        ("http://h.example:443/", "http://h.example:443"),
        ("http://[::1]:8080/x", "http://[::1]:8080/x"),
        ("/srv/old-bugs/", "/srv/old-bugs/"),
        ("there", "there"),
    ],
)
def test_an_address_has_one_plain_form(given: str, same: str) -> None:
    assert plain(given) == same
    assert plain(same) == same


def test_a_sink_knows_more_of_its_addresses() -> None:
    board = {plain_address("storyboard", f"https://h/api{end}") for end in ("", "/", "/v1", "/v1/")}
    assert board == {"https://h/api"}
    assert {plain_address("maniphest", f"https://h{end}") for end in ("/", "/api/")} == {
        "https://h"
    }
    assert plain_address("unheard-of", "https://h/api/v1/") == "https://h/api/v1"


def test_a_home_is_kept(workspace: Workspace) -> None:
    homes = workspace.homes
    assert homes.all() == {}
    homes.keep("there", HOME)
    homes.keep("elsewhere", HOME)
    moved = Home(tracker="memory", address="http://b.example", sealed=HOME.sealed)
    homes.keep("there", moved)
    assert homes.all() == {"there": moved, "elsewhere": HOME}


def test_a_ledger_is_bound_by_whatever_is_of_one_server(workspace: Workspace) -> None:
    homes, ledger = workspace.homes, workspace.ledger("there")
    workspace.ledger("elsewhere").add_block("card", Block(first=1, last=9))
    assert not homes.is_bound("there")
    ledger.add_block("card", Block(first=1, last=9))
    assert homes.is_bound("there")
    assert not homes.stands("there")


def places(ledger: Ledger, *numbers: int) -> list[str]:
    """The addresses of bugs' cards."""
    return [at.url for one in numbers if (at := ledger.where(bug_key(one))) is not None]


@pytest.mark.parametrize(
    ("before", "after", "roots"),
    [
        ("http://a/api", "https://b/api", ("http://a/", "https://b/")),
        ("http://a/board/api", "https://b/api", ("http://a/board/", "https://b/")),
        ("http://a/phab", "https://b", ("http://a/phab/", "https://b/")),
        ("http://a", "http://a:8", ("http://a/", "http://a:8/")),
    ],
)
def test_what_addresses_begin_with(before: str, after: str, roots: tuple[str, str]) -> None:
    assert _roots(before, after) == roots


def test_what_stood_at_the_old_address_stands_at_the_new_one(workspace: Workspace) -> None:
    ledger, other = workspace.ledger("there"), workspace.ledger("elsewhere")
    urls = {
        1: "http://a.example/T1",
        2: "http://a.example.org/T2",
        3: "",
        4: "https://web.example/a%_4",
    }
    for number, url in urls.items():
        at = RemoteRef(id=str(number), number=f"T{number}", url=url)
        for one in (ledger, other):
            one.join(bug_key(number), {bug_key(number): ("card", at)}, {})
    moved = Home(tracker="memory", address="https://b.example", sealed=HOME.sealed)
    workspace.homes.move("there", moved, "http://a.example/", "https://b.example:8/")
    assert workspace.homes.all() == {"there": moved}

    before = list(urls.values())
    assert places(ledger, *urls) == ["https://b.example:8/T1", *before[1:]]
    assert places(other, *urls) == before


def test_a_rehearsal_of_an_adoption_has_no_home(workspace: Workspace) -> None:
    """One that was killed would be another target's name for the same server."""
    workspace.homes.keep("there", HOME)
    with workspace.adoption("there").rehearsal():
        assert workspace.homes.all() == {"there": HOME}


def test_nobody_is_told_of_a_place_that_was_not_looked_at(world: World) -> None:
    source = MemorySource(bug(1))
    world.pull(source)
    world.apply()
    handover = Handover(world.target(), MemoryAnnouncer(source, PERSON), HandoverSettings())
    assert len(list(handover.due())) == 1
    world.workspace.homes.keep("there", HOME)
    world.workspace.settings.targets["there"]["moved_from"] = HOME.address
    handover = Handover(world.target(), MemoryAnnouncer(source, PERSON), HandoverSettings())
    with pytest.raises(UsageError, match="nobody has looked yet"):
        list(handover.due())
