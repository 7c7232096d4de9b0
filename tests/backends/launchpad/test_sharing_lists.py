"""Teams in teams, long lists, lists that shift: who may read, where no recording tells it."""

from __future__ import annotations

from msgspec.structs import replace

from tests.backends.launchpad.closed import (
    access,
    bug,
    issue,
    requests_of,
    source,
    team,
    who,
)
from tracker_migrate.backends.launchpad.sharing import TYPES, pillar_of
from tracker_migrate.backends.launchpad.standin import LaunchpadStandIn
from tracker_migrate.backends.launchpad.standin.privacy import ENUM_NAMES, grant, revoke, share
from tracker_migrate.model import Access, Key


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


def gone(standin: LaunchpadStandIn, name: str) -> str:
    """Somebody whose account is suspended."""
    values = {"name": name, "display_name": name, "date_created": "2026-11-22T15:00:00"}
    standin.store.put_item("person", f"~{name}", {**values, "is_valid": False})
    return f"~{name}"


def test_who_can_not_log_in_reads_nothing(closed: LaunchpadStandIn) -> None:
    """As seen on a running server: a team names its suspended members, and a project whom it shares
    with, by the picture `sprite person-inactive`."""
    grant(closed.store, 721, team(closed, "outer", "~lab-unrelated", gone(closed, "sleeper")))
    grant(closed.store, 721, gone(closed, "dozer"))
    share(closed.store, "lab-private", gone(closed, "dreamer"), ["Private"])
    found = access(source(closed), 721)
    assert who("lab-unrelated") in found.people
    assert not {who(one) for one in ("sleeper", "dozer", "dreamer")} & set(found.people)


def test_who_can_not_log_in_is_left_out_without_a_picture(closed: LaunchpadStandIn) -> None:
    grant(closed.store, 721, gone(closed, "dozer"))
    made = source(closed)
    client = made._sharing._client  # type: ignore[attr-defined]
    told = client.value
    client.value = lambda path: [{**row, "sprite_css": None} for row in told(path)]
    assert who("dozer") not in access(made, 721).people


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
