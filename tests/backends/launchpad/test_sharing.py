"""Who may read a private bug, by the sharing service: as the real server let eight people read."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.backends.launchpad.closed import (
    ACCOUNTS,
    access,
    bug,
    issue,
    login,
    requests_of,
    source,
    summary,
    who,
)
from tracker_migrate.backends.launchpad.standin import LaunchpadStandIn
from tracker_migrate.backends.launchpad.standin.privacy import grant, revoke
from tracker_migrate.model import Access, Key, present_fields

TEAM = Key("launchpad:person:lab-secret-team")


def lets_in(standin: LaunchpadStandIn, found: Access, account: str) -> bool:
    """Whether somebody may read; whoever is in a team knows it, though we may not ask."""
    teams = {who(one[1:]) for one in standin.store.sources("members", f"~{account}")}
    return who(account) in found.people or bool(teams & set(found.opaque))


# -- as recorded ----------------------------------------------------------------------------------


@pytest.mark.parametrize("reader", ["lab-owner", "name16"])
def test_each_viewer_may_read_what_the_real_server_let_them_read(
    closed: LaunchpadStandIn, reader: str
) -> None:
    made = source(closed, viewer=reader)
    numbers = summary()["bugs"]
    issues = {role: issue(made, bug(number)) for role, number in numbers.items()}
    assert len(issues) == 21
    for viewer, account in ACCOUNTS.items():
        if viewer == "admin":  # may read everything, and is named nowhere
            continue
        may = {
            role
            for role, one in issues.items()
            if one.access is None or lets_in(closed, one.access, account)
        }
        assert may == set(summary()["viewers"][viewer]["readable"]), viewer
    public = {role for role, one in issues.items() if one.access is None}
    assert public == set(summary()["viewers"]["anonymous"]["readable"])


def test_every_private_bug_says_all_and_nobody_else_is_named(closed: LaunchpadStandIn) -> None:
    made = source(closed)
    for number in summary()["bugs"].values():
        found = issue(made, bug(number))
        assert (found.access is not None) == found.private
        if found.access is not None:
            assert found.access.unreadable == ""
            assert ("bug", "access") in set(present_fields(found))
            assert set(found.access.people) <= {who(one) for one in [*ACCOUNTS.values(), WRITER]}


WRITER = "lab-writer"


def test_members_of_a_private_team_are_for_an_admin_to_know(closed: LaunchpadStandIn) -> None:
    assert access(source(closed), 723) == Access(people=(who("lab-owner"),), opaque=(TEAM,))
    people = (who("lab-member"), who("lab-owner"))
    assert access(source(closed, viewer="name16"), 723) == Access(people=people, teams=(TEAM,))


def test_what_only_the_owner_may_ask_is_said_to_be_unreadable(closed: LaunchpadStandIn) -> None:
    made = source(closed, viewer="lab-subscriber")
    for number, pillars in ((721, ["lab-private"]), (729, ["lab-private", "lab-private2"])):
        found = access(made, number)
        assert found.people == found.teams == found.opaque == ()
        assert found.unreadable == (
            f"the sharing of {pillars[0]} can't be read: only its owner, its driver, and "
            "administrators of Launchpad may, with a login that may also write"
        )
    said = {access(made, n).unreadable for n in (721, 724, 725, 728, 729, 739)}
    words = [account for account in ACCOUNTS.values() if account != "lab-private"]
    assert not [word for word in words for text in said if word in text]


def test_one_pillar_that_is_not_told_makes_the_bug_unreadable(closed: LaunchpadStandIn) -> None:
    store = closed.store
    found = store.item("lab-private2")
    assert found is not None
    other = {**found.data, "owner_link": "~name16", "driver_link": None}
    store.put_item("project", "lab-private2", other)
    made = source(closed)
    assert access(made, 729).unreadable.startswith("the sharing of lab-private2 can't be read")
    assert access(made, 721).unreadable == ""


def test_a_login_that_may_only_read_is_not_told(closed: LaunchpadStandIn) -> None:
    sql = "UPDATE token SET permission='READ_PRIVATE' WHERE key=?"
    closed.store.db.execute(sql, (login("lab-owner")["token"],))
    assert "a login that may also write" in access(source(closed), 721).unreadable


def test_who_may_read_is_asked_again_without_reading_again(closed: LaunchpadStandIn) -> None:
    made = source(closed)
    found = {number: issue(made, bug(number)) for number in summary()["bugs"].values()}
    requests_of(closed)
    assert {n: made.access(one) for n, one in found.items()} == {
        n: one.access for n, one in found.items()
    }
    assert requests_of(closed) == {}
    made.check()
    grant(closed.store, 722, "~lab-some")
    changed = made.access(found["722"])
    assert changed is not None
    assert who("lab-some") in changed.people
    assert not [name for name in requests_of(closed) if "bugs/" in name]


def test_private_bugs_are_listed_apart(closed: LaunchpadStandIn) -> None:
    readable = {
        viewer: {summary()["bugs"][role] for role in summary()["viewers"][viewer]["readable"]}
        for viewer in ("owner", "subscriber", "anonymous")
    }
    for viewer in ("owner", "subscriber"):
        made = source(closed, viewer=ACCOUNTS[viewer])
        private = readable[viewer] - readable["anonymous"]
        assert [*made.closed()] == [bug(number) for number in sorted(private)]
    assert [*source(closed, private=False).closed()] == []


# -- what it costs --------------------------------------------------------------------------------


def test_requests_do_not_grow_with_the_bugs(closed: LaunchpadStandIn) -> None:
    made = source(closed)
    private = [n for n in summary()["bugs"].values() if issue(made, bug(n)).private]
    counted = requests_of(closed)
    asked = {name.partition("?")[2]: n for name, n in counted.items() if "sharing" in name}
    # three projects; on lab-private three people with SOME, on the other two one each
    assert asked == {"getPillarGranteeData": 3, "getSharedBugs": 5}
    assert sum(n for name, n in counted.items() if "participants" in name) == 1
    for number in private:
        issue(made, bug(number))
    assert not [name for name in requests_of(closed) if "sharing" in name or "~" in name]


def test_public_bugs_cost_nothing(closed: LaunchpadStandIn) -> None:
    made = source(closed)
    for role in summary()["viewers"]["anonymous"]["readable"]:
        issue(made, bug(summary()["bugs"][role]))
    assert not [name for name in requests_of(closed) if "sharing" in name]


def test_shares_are_asked_for_only_of_those_whom_the_type_concerns(
    closed: LaunchpadStandIn,
) -> None:
    made = source(closed)
    access(made, 725)  # Proprietary: of those with SOME only the subscriber has that
    assert requests_of(closed)["read:GET +services/sharing?getSharedBugs"] == 1


def test_who_may_read_all_of_one_project_is_not_asked_about_in_another(
    closed: LaunchpadStandIn,
) -> None:
    grant(closed.store, 729, "~lab-grantee")  # who has ALL on lab-private: SOME on lab-private2
    made = source(closed)
    assert who("lab-grantee") in access(made, 729).people
    # lab-private: the subscriber, lab-some and lab-writer; lab-private2: the subscriber
    assert requests_of(closed)["read:GET +services/sharing?getSharedBugs"] == 4


def test_eight_threads_ask_each_thing_once(closed: LaunchpadStandIn) -> None:
    made = source(closed)
    numbers = [*summary()["bugs"].values()] * 4
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda number: issue(made, bug(number)).access, numbers))
    asked = [n for name, n in requests_of(closed).items() if "sharing" in name]
    assert sum(asked) == 3 + 5
    assert found[:21] == found[21:42]


def test_a_pull_asks_anew(closed: LaunchpadStandIn) -> None:
    made = source(closed, "lab-private")
    assert who("lab-some") not in access(made, 721).people
    grant(closed.store, 721, "~lab-some")
    revoke(closed.store, 721, "~lab-subscriber")
    assert who("lab-some") not in access(made, 721).people
    made.check()
    assert who("lab-some") in access(made, 721).people
    assert who("lab-subscriber") not in access(made, 721).people
