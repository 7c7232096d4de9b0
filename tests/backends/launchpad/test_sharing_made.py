"""Who may read a made-up project's private bugs and blueprints: as the stand-in lets them read."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.backends.launchpad.closed import issue, requests_of, source
from tracker_migrate.backends.launchpad.standin import LaunchpadStandIn, generate
from tracker_migrate.backends.launchpad.standin.oauth import Login
from tracker_migrate.backends.launchpad.standin.privacy import may_read
from tracker_migrate.errors import Gone
from tracker_migrate.interfaces import Source
from tracker_migrate.model import Access, Issue, Key, kind_of, name_of
from tracker_migrate.testing.loopback import serving

VAULT = Key("launchpad:person:gadget-vault")


@pytest.fixture(scope="module")
def made() -> Iterator[LaunchpadStandIn]:
    standin = LaunchpadStandIn()
    generate(standin, bugs=150, blueprints=24, seed=2, private=0.35, distribution="distry")
    with serving(standin):
        yield standin


def everything(reader: Source) -> dict[Key, Issue]:
    """All that a source lists, read."""
    return {one.key: issue(reader, one.key) for one in reader.listing(None)}


def allowed(standin: LaunchpadStandIn, key: Key, person: str) -> bool:
    """Whether the stand-in lets somebody read."""
    bug = kind_of(key) == "bug"
    entry = standin.store.bug(int(name_of(key))) if bug else standin.store.item(name_of(key))
    assert entry is not None
    return may_read(standin.store, standin.view(Login(person, "WRITE_PRIVATE")), entry)


def people(standin: LaunchpadStandIn) -> list[str]:
    """Who can log in, but for the administrator."""
    everybody = standin.store.items("kind='person'")
    return [
        one.path for one in everybody if one.path != "~gadget-admin" and one.get("is_valid", True)
    ]


def private(found: dict[Key, Issue]) -> dict[Key, Access]:
    return {key: one.access for key, one in found.items() if one.access is not None}


def test_every_person_may_read_what_the_access_says(made: LaunchpadStandIn) -> None:
    found = private(everything(source(made, "gadget", viewer="gadget-owner")))
    inside = {
        Key(f"launchpad:person:{one[1:]}") for one in made.store.related("members", "~gadget-vault")
    }
    assert len(found) > 40
    for key, access in found.items():
        assert access.unreadable == ""
        assert set(access.opaque) <= {VAULT}
        said = set(access.people) | (inside if access.opaque else set())
        may = {path for path in people(made) if allowed(made, key, path)}
        assert said == {Key(f"launchpad:person:{path[1:]}") for path in may}, key


def test_who_can_not_log_in_was_let_in_too(made: LaunchpadStandIn) -> None:
    gone = {one.path for one in made.store.items("kind='person'")} - set(people(made))
    shares = made.store.rows("SELECT DISTINCT person FROM access")
    assert gone & {person for (person,) in shares}


def test_all_kinds_of_sharing_are_met(made: LaunchpadStandIn) -> None:
    found = everything(source(made, "gadget", viewer="gadget-owner"))
    kinds = {(kind_of(key), one.information_type) for key, one in found.items()}
    for info in ("Private", "Private Security", "Proprietary", "Embargoed"):
        assert ("bug", info) in kinds
    assert {("blueprint", "Proprietary"), ("blueprint", "Embargoed")} <= kinds
    embargoed = [one.access for one in found.values() if one.information_type == "Embargoed"]
    assert all(one is not None and one.opaque == (VAULT,) for one in embargoed)
    access = private(found).values()
    assert any(one.opaque for one in access)
    assert any(not one.opaque for one in access)
    teams = {name_of(team) for one in access for team in one.teams}
    assert teams >= {"gadget-drivers", "gadget-security", "gadget-triage"}
    pillars = {len({task.target.partition("/")[0] for task in one.tasks}) for one in found.values()}
    assert {1, 2} <= pillars


@pytest.mark.parametrize("name", ["guest", "insider", "reader"])
def test_an_account_lists_what_it_is_let_in_to(made: LaunchpadStandIn, name: str) -> None:
    whole = source(made, "gadget", viewer="gadget-owner")
    mine = {one.key for one in source(made, "gadget", viewer=f"gadget-{name}").listing(None)}
    public = {one.key for one in source(made, "gadget", viewer=None).listing(None)}
    who = Key(f"launchpad:person:gadget-{name}")
    told = {
        key
        for key, access in private(everything(whole)).items()
        if who in access.people or (name == "insider" and access.opaque)
    }
    assert mine - public == told
    assert bool(told) == (name != "reader")


def test_a_private_blueprint_is_not_there_for_others(made: LaunchpadStandIn) -> None:
    found = private(everything(source(made, "gadget", viewer="gadget-owner")))
    hidden = [key for key in found if kind_of(key) == "blueprint"]
    for reader in (source(made, viewer=None), source(made, viewer="gadget-reader")):
        for key in hidden:
            with pytest.raises(Gone):
                reader.read(key)
            assert not reader.is_public(key)


def test_the_cost_is_per_grantee_not_per_issue(made: LaunchpadStandIn) -> None:
    reader = source(made, "gadget", viewer="gadget-owner")
    listed = [one.key for one in reader.listing(None)]
    requests_of(made)
    found = [issue(reader, key) for key in listed]
    counted = requests_of(made)
    asked = {name.partition("?")[2]: n for name, n in counted.items() if "sharing" in name}
    some = set(made.store.rows("SELECT DISTINCT person FROM access"))
    assert asked["getPillarGranteeData"] <= 5
    assert asked["getSharedBugs"] < len(some) * 1.5
    assert sum(n for name, n in counted.items() if "participants" in name) == 4
    again = [issue(reader, one.key) for one in found if one.private]
    assert len(again) > 40
    assert not [name for name in requests_of(made) if "sharing" in name or "participants" in name]


def test_who_is_let_in_is_not_told_who_else_is(made: LaunchpadStandIn) -> None:
    reader = source(made, "gadget", viewer="gadget-guest")
    access = private(everything(reader)).values()
    assert access
    for one in access:
        assert "can't be read" in one.unreadable
        assert one == Access(unreadable=one.unreadable)
