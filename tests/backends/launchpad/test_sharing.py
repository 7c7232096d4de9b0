"""Who may read a private bug, by the sharing service: as the real server let eight people read."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from msgspec.structs import replace

from tests.backends.launchpad.closed import (
    ACCOUNTS,
    bug,
    issue,
    lab_private,
    login,
    requests_of,
    source,
    summary,
)
from tracker_migrate.backends.launchpad.once import NotTold, Once
from tracker_migrate.backends.launchpad.sharing import TYPES, pillar_of
from tracker_migrate.backends.launchpad.standin import LaunchpadStandIn
from tracker_migrate.backends.launchpad.standin.privacy import ENUM_NAMES, grant, revoke
from tracker_migrate.errors import Refused, Retriable
from tracker_migrate.interfaces import Source
from tracker_migrate.model import Access, Key, present_fields
from tracker_migrate.testing.loopback import Fault

TEAM = Key("launchpad:person:lab-secret-team")


@pytest.fixture
def closed() -> Iterator[LaunchpadStandIn]:
    with lab_private() as made:
        yield made


def who(account: str) -> Key:
    return Key(f"launchpad:person:{account}")


def access(made: Source, number: int | str) -> Access:
    found = issue(made, bug(number)).access
    assert found is not None
    return found


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


# -- what the recordings have not ------------------------------------------------------------------


def team(standin: LaunchpadStandIn, name: str, *members: str, private: bool = False) -> str:
    values = {"name": name, "display_name": name, "private": private}
    standin.store.put_item("team", f"~{name}", {**values, "date_created": "2026-11-22T15:00:00"})
    for member in members:
        standin.store.relate("members", f"~{name}", member)
    return f"~{name}"


def test_a_team_is_all_who_are_in_it_through_other_teams_too(closed: LaunchpadStandIn) -> None:
    inner = team(closed, "inner", "~lab-some", "~lab-writer")
    grant(closed.store, 721, team(closed, "outer", "~lab-unrelated", inner))
    found = access(source(closed), 721)
    assert set(found.people) >= {who(one) for one in ("lab-some", "lab-writer", "lab-unrelated")}
    assert found.teams == (who("outer"),)
    assert found.opaque == ()
    assert who("inner") not in found.people


def test_a_public_team_names_who_is_in_it_through_a_private_one(closed: LaunchpadStandIn) -> None:
    inner = team(closed, "inner", "~lab-some", private=True)
    grant(closed.store, 721, team(closed, "outer", inner))
    found = access(source(closed), 721)
    assert who("lab-some") in found.people
    assert who("inner") not in {*found.people, *found.teams, *found.opaque}


def test_long_lists_are_read_whole(closed: LaunchpadStandIn) -> None:
    store = closed.store
    crowd = [f"~crowd{number}" for number in range(310)]
    for path in crowd:
        values = {"name": path[1:], "display_name": path, "date_created": "2026-11-22T15:00:00"}
        store.put_item("person", path, values)
    grant(store, 721, team(closed, "crowd", *crowd))
    assert {who(path[1:]) for path in crowd} <= set(access(source(closed), 721).people)


def many_shares(standin: LaunchpadStandIn, person: str, count: int) -> list[int]:
    store = standin.store
    (first,) = store.bugs("id=721")
    task = store.tasks(721)[0]
    numbers = list(range(2000, 2000 + count))
    for number in numbers:
        store.put_bug(number, first.data)
        store.put_task(number, "lab-private", task.data, "a")
        grant(store, number, person)
    return numbers


def test_many_shares_are_read_whole(closed: LaunchpadStandIn) -> None:
    numbers = many_shares(closed, "~lab-some", 700)
    made = source(closed)
    for number in (numbers[0], numbers[299], numbers[300], numbers[-1]):
        assert who("lab-some") in access(made, number).people
    assert requests_of(closed)["read:GET +services/sharing?getSharedBugs"] == 3 + 2


def test_shares_that_shift_between_two_pages_are_not_lost(closed: LaunchpadStandIn) -> None:
    """Some bugs of the first page become public while the second one is asked for."""
    numbers = many_shares(closed, "~lab-some", 700)
    made = source(closed)
    pages: list[str] = []

    def publish(request: object) -> None:
        target = str(getattr(request, "target", ""))
        if "getSharedBugs" in target and "lab-some" in target:
            pages.append(target)
            if len(pages) == 2:
                for number in numbers[:40]:
                    revoke(closed.store, number, "~lab-some")

    closed.on_request = publish
    found = issue(made, bug(721))
    sharing = made._sharing  # type: ignore[attr-defined]
    lost = [
        number
        for number in numbers[40:]
        if who("lab-some") not in sharing.access(replace(found, name=str(number))).people
    ]
    assert lost == []
    assert len(pages) > 3


def test_nobody_at_all_is_no_mistake(closed: LaunchpadStandIn) -> None:
    closed.store.db.execute("DELETE FROM policy")
    closed.store.db.execute("DELETE FROM access")
    assert access(source(closed, viewer="name16"), 721) == Access()


def test_a_package_is_its_distributions() -> None:
    for path, pillar in (
        ("project:nova", "nova"),
        ("series:nova/kilo", "nova"),
        ("project:ubuntu/+source/firefox", "ubuntu"),
        ("project:ubuntu/hoary/+source/firefox", "ubuntu"),
    ):
        assert pillar_of(Key(f"launchpad:{path}")) == pillar


def test_the_types_have_the_services_names() -> None:
    assert TYPES == ENUM_NAMES


# -- when it misbehaves ----------------------------------------------------------------------------


GRANTEES, SHARED, MEMBERS = "getPillarGranteeData", "getSharedBugs", "/participants"
OOPS = {"X-Lazr-OopsId": "OOPS-1", "Retry-After": "900"}


@pytest.mark.parametrize("word", [GRANTEES, SHARED])
@pytest.mark.parametrize("status", [400, 401, 404])
def test_a_refusal_makes_the_bug_unreadable_and_is_not_asked_for_again(
    closed: LaunchpadStandIn, word: str, status: int
) -> None:
    text = "Permission launchpad.Driver required on <a private title>"
    closed.faults.append(Fault("status", path=word, times=1, status=status, text=text))
    made = source(closed)
    first, second = access(made, 721), access(made, 722)
    assert first == second
    assert first.unreadable.startswith("the sharing of lab-private can't be read: ")
    assert "private title" not in first.unreadable
    assert first.people == ()


@pytest.mark.parametrize("word", [GRANTEES, SHARED, MEMBERS])
def test_what_passes_is_for_a_later_try(closed: LaunchpadStandIn, word: str) -> None:
    fault = Fault("status", path=word, times=30, status=503, headers=OOPS)
    closed.faults.append(fault)
    made = source(closed)
    with pytest.raises(Retriable):
        made.read(bug(724))
    fault.times = 0
    assert access(made, 724).unreadable == ""


@pytest.mark.parametrize("word", [GRANTEES, SHARED, MEMBERS])
@pytest.mark.parametrize("kind", ["html", "mangle"])
def test_what_is_no_answer_refuses_the_bug(closed: LaunchpadStandIn, word: str, kind: str) -> None:
    closed.faults.append(Fault(kind, path=word, times=3))
    made = source(closed, viewer="name16")  # who is told the members, too
    with pytest.raises(Refused, match="launchpad:bug:724"):
        made.read(bug(724))
    assert access(made, 724).unreadable == ""


@pytest.mark.parametrize("status", [401, 404, 410])
def test_a_team_whose_members_are_not_told_is_opaque(closed: LaunchpadStandIn, status: int) -> None:
    grant(closed.store, 721, team(closed, "outer", "~lab-unrelated"))
    closed.faults.append(Fault("status", path=MEMBERS, times=99, status=status))
    found = access(source(closed), 721)
    assert (found.teams, found.opaque) == ((), (who("outer"),))
    assert who("lab-unrelated") not in found.people


@pytest.mark.parametrize(
    "grantees",
    [
        {"entries": []},
        ["lab-owner"],
        [{"name": "lab-owner"}],
        [{"self_link": "http://elsewhere/x", "permissions": {}, "sprite_css": "sprite person"}],
        [{"self_link": "/devel/~x", "permissions": {"USERDATA": "MOST"}, "sprite_css": "x person"}],
    ],
)
def test_grantees_of_another_form_are_not_guessed_at(
    closed: LaunchpadStandIn, grantees: object
) -> None:
    made = source(closed)
    ask = made._sharing._client  # type: ignore[attr-defined]
    ask.value = lambda path: grantees
    with pytest.raises(Refused, match="launchpad:bug:721"):
        made.read(bug(721))


def test_an_unknown_picture_costs_a_request(closed: LaunchpadStandIn) -> None:
    grant(closed.store, 721, team(closed, "outer", "~lab-unrelated"))
    made = source(closed)
    client = made._sharing._client  # type: ignore[attr-defined]
    told = client.value

    def plain(path: str) -> object:
        return [{**row, "sprite_css": None} for row in told(path)]

    client.value = plain
    found = access(made, 721)
    assert found.teams == (who("outer"),)
    assert who("lab-unrelated") in found.people
    assert requests_of(closed)["read:GET ~NAME"] == 7


def test_an_information_type_that_nobody_has_heard_of_is_unreadable(
    closed: LaunchpadStandIn,
) -> None:
    made = source(closed)
    found = replace(issue(made, bug(721)), information_type="Secret")
    said = made._sharing.access(found)  # type: ignore[attr-defined]
    assert said == Access(unreadable="its information type is none that Launchpad shares")


# -- asking once ----------------------------------------------------------------------------------


def test_threads_with_the_same_questions_share_the_work() -> None:
    asked: list[tuple[int, int]] = []
    both = threading.Barrier(2, timeout=5)

    def ask(question: int) -> int:
        asked.append((question, threading.get_ident()))
        if question < 2:
            both.wait()  # only if two threads are here with different questions
        return question * 2

    once = Once(ask)
    with ThreadPoolExecutor(2) as pool:
        futures = [pool.submit(once.answers, range(5)) for _ in range(2)]
        assert [one.result() for one in futures] == [{n: n * 2 for n in range(5)}] * 2
    assert sorted(question for question, _ in asked) == [0, 1, 2, 3, 4]


def test_a_failure_is_forgotten_and_a_no_remembered() -> None:
    said: list[Exception | int] = [Retriable("later"), NotTold("why"), 7]

    def ask(question: str) -> int:
        answer = said.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    once = Once(ask)
    with pytest.raises(Retriable):
        once("x")
    for _ in range(2):
        with pytest.raises(NotTold, match="why"):
            once("x")
    assert once("y") == 7
