"""What a login may do is found out before anything is read."""

from __future__ import annotations

from urllib.parse import parse_qs

import pytest

from tests.backends.launchpad.closed import (
    PROJECTS,
    add_blueprints,
    login,
    requests_of,
    source,
    team,
)
from tracker_migrate.backends.launchpad import open_source
from tracker_migrate.backends.launchpad.standin import LaunchpadStandIn
from tracker_migrate.backends.launchpad.standin.privacy import share
from tracker_migrate.errors import LoginNeeded
from tracker_migrate.interfaces import Source
from tracker_migrate.model import Key, kind_of
from tracker_migrate.testing.loopback import Fault


def permit(standin: LaunchpadStandIn, permission: str, account: str = "lab-owner") -> None:
    """The account's login may do this and no more from now on."""
    sql = "UPDATE token SET permission=? WHERE key=?"
    standin.store.db.execute(sql, (permission, login(account)["token"]))


def many(standin: LaunchpadStandIn, private: int) -> list[Key]:
    """A project with so many private bugs and three public ones that come last."""
    store = standin.store
    hidden, shown = store.bug(721), store.bug(719)
    assert hidden is not None
    assert shown is not None
    numbers = range(3000, 3000 + private + 3)
    for number in numbers:
        kept = shown if number >= 3000 + private else hidden
        task = store.tasks(kept.bug or 0)[0]
        store.put_bug(number, kept.data)
        store.put_task(number, "lab-private2", task.data, "a")
    return [Key(f"launchpad:bug:{number}") for number in numbers[private:]]


def bugs(source: Source) -> list[Key]:
    return [one.key for one in source.listing(None) if kind_of(one.key) == "bug"]


# -- what is private -------------------------------------------------------------------------------


@pytest.mark.parametrize("permission", ["READ_PUBLIC", "WRITE_PUBLIC"])
def test_a_login_for_public_things_is_not_enough_for_private_ones(
    closed: LaunchpadStandIn, permission: str
) -> None:
    permit(closed, permission)
    with pytest.raises(LoginNeeded, match="Read Anything"):
        source(closed).check()


def test_it_is_enough_where_nothing_private_is_asked_for(closed: LaunchpadStandIn) -> None:
    permit(closed, "READ_PUBLIC")
    facts = source(closed, private=False).check()
    assert facts["viewer"] == "lab-owner"
    assert "readers" not in facts


@pytest.mark.parametrize("viewer", ["lab-owner", "lab-subscriber", "lab-unrelated", "name16"])
def test_other_logins_pass(closed: LaunchpadStandIn, viewer: str) -> None:
    permit(closed, "READ_PRIVATE", viewer)
    assert source(closed, viewer=viewer).check()["viewer"] == viewer


def test_finding_out_costs_two_requests_a_project(closed: LaunchpadStandIn) -> None:
    made = source(closed)
    made.check()
    counted = requests_of(closed)
    assert sum(n for name, n in counted.items() if name.endswith("?searchTasks")) == 3
    assert counted["read:GET +services/sharing?getPillarGranteeData"] == 3
    assert sum(counted.values()) == 6 + 1 + 1 + 3, "the root, who we are, each project"


@pytest.mark.parametrize("page", [2, 3, 7, 75])
@pytest.mark.parametrize("private", [0, 5, 150])
def test_rows_that_are_counted_and_not_shown_do_not_stop_the_listing(
    closed: LaunchpadStandIn, page: int, private: int
) -> None:
    """A login for public things, of somebody who may read more, that nobody has checked."""
    last = many(closed, private)
    permit(closed, "READ_PUBLIC")
    found = bugs(source(closed, page=page))
    assert found == bugs(source(closed, viewer=None, private=False))
    assert found[-3:] == last


def test_rows_that_shift_between_rows_not_shown_are_not_lost(closed: LaunchpadStandIn) -> None:
    """Two bugs of the first page go away while the second one is asked for."""
    closed.store.db.execute("DELETE FROM task WHERE bug < 3000")
    for number in range(3000, 3060):
        kept = closed.store.bug(719 if number % 3 == 1 else 721)
        assert kept is not None
        closed.store.put_bug(number, kept.data)
        closed.store.put_task(number, "lab-private2", {"status": "New"}, "a")
    permit(closed, "READ_PUBLIC")
    whole = set(bugs(source(closed, "lab-private2", viewer=None, private=False)))
    pages: list[str] = []

    def remove(request: object) -> None:
        target = str(getattr(request, "target", ""))
        if "searchTasks" in target and "linked" not in target and "has_cve" not in target:
            pages.append(target)
            if len(pages) == 2:
                closed.store.db.execute("DELETE FROM task WHERE bug IN (3001, 3004, 3007, 3010)")

    closed.on_request = remove
    found = set(bugs(source(closed, "lab-private2", page=20)))
    assert len(pages) > 3
    assert whole - found == set()


def test_blueprints_that_are_not_shown_do_not_stop_the_listing(closed: LaunchpadStandIn) -> None:
    add_blueprints(closed)
    permit(closed, "READ_PUBLIC")
    for page in (2, 3, 75):
        found = [one.key for one in source(closed, page=page).listing(None)]
        names = [key.rpartition("/")[2] for key in found if kind_of(key) == "blueprint"]
        assert sorted(names) == ["open-base", "open-plan"]


# -- who may read it -------------------------------------------------------------------------------


@pytest.mark.parametrize("viewer", ["lab-owner", "name16"])
def test_who_may_ask_is_told_who_may_read(closed: LaunchpadStandIn, viewer: str) -> None:
    assert source(closed, viewer=viewer).check()["readers"] == "told"


@pytest.mark.parametrize(
    ("viewer", "permission"),
    [("lab-owner", "READ_PRIVATE"), ("lab-subscriber", "WRITE_PRIVATE")],
)
def test_who_may_not_ask_learns_so_at_once_and_what_to_do(
    closed: LaunchpadStandIn, viewer: str, permission: str
) -> None:
    permit(closed, permission, viewer)
    said = source(closed, viewer=viewer).check()["readers"]
    assert said.startswith("not told: the sharing of lab-embargo can't be read: only its owner")
    for name in PROJECTS:
        assert f"the sharing of {name} " in said
    assert said.endswith("as its owner or driver, with a login that may `Change Anything`")


def test_one_project_that_is_not_told_is_named(closed: LaunchpadStandIn) -> None:
    found = closed.store.item("lab-private2")
    assert found is not None
    other = {**found.data, "owner_link": "~name16", "driver_link": None}
    closed.store.put_item("project", "lab-private2", other)
    said = source(closed).check()["readers"]
    assert "lab-private2" in said
    assert "lab-embargo" not in said


def test_a_service_in_trouble_does_not_stop_the_check(closed: LaunchpadStandIn) -> None:
    headers = {"X-Lazr-OopsId": "OOPS-1"}
    fault = Fault("status", path="getPillarGranteeData", times=9, status=503, headers=headers)
    closed.faults.append(fault)
    assert source(closed).check()["readers"].startswith("not told: ")


def test_a_group_is_never_asked_about(closed: LaunchpadStandIn) -> None:
    values = {"name": "lab-group", "display_name": "Lab", "title": "Lab", "owner_link": "~name16"}
    values["date_created"] = "2026-11-22T15:00:00"
    closed.store.put_item("project_group", "lab-group", values)
    closed.store.relate("projects", "lab-group", "lab-private")
    made = source(closed, "lab-group")
    said = made.check()["readers"]
    assert said == "the projects of a group are asked about when their issues are read"
    assert source(closed, "lab-group", "lab-private").check()["readers"] == f"told; {said}"
    asked: list[str] = []

    def note(request: object) -> None:
        asked.append(str(getattr(request, "target", "")))

    closed.on_request = note
    for key in bugs(made):
        made.read(key)
    pillars = {parse_qs(one.partition("?")[2])["pillar"][0] for one in asked if "Grantee" in one}
    names = {one.rpartition("/")[2] for one in pillars}
    assert "lab-private" in names
    assert "lab-group" not in names


def test_a_private_team_is_not_named_to_a_login_for_public_things(
    closed: LaunchpadStandIn,
) -> None:
    """As seen on a running server: 401, though it is the owner who asks."""
    share(closed.store, "lab-private2", team(closed, "hush", private=True), ["Private"])
    permit(closed, "WRITE_PUBLIC")
    given = {"address": closed.url, "per_second": 0, "private": True}
    made = open_source(["lab-private2"], given, login("lab-owner"))
    said = made._sharing.silent("lab-private2")  # type: ignore[attr-defined]
    assert said.startswith("the sharing of lab-private2 can't be read")
    assert "hush" not in said
