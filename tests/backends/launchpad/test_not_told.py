"""What Launchpad keeps to itself of something that it shows: 401 is not always about the login."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.backends.launchpad.closed import (
    add_blueprints,
    bug,
    issue,
    lab_private,
    read,
    source,
    spec,
    team,
)
from tests.backends.launchpad.recorded import reply
from tracker_migrate.backends.launchpad import open_source
from tracker_migrate.backends.launchpad.answers import Denied, decoded
from tracker_migrate.backends.launchpad.standin import LaunchpadStandIn
from tracker_migrate.backends.launchpad.standin.oauth import seed_token
from tracker_migrate.errors import Gone, LoginNeeded, Refused
from tracker_migrate.interfaces import Source
from tracker_migrate.model import name_of
from tracker_migrate.testing.loopback import Fault

OPEN = 719
TEXT = "(<Person t-hush (T hush)>, 'name', 'launchpad.LimitedView')"


@pytest.fixture
def closed() -> Iterator[LaunchpadStandIn]:
    with lab_private() as made:
        hush = team(made, "t-hush", "~lab-some", private=True)
        path = f"bugs/{OPEN}/+subscription/{hush[1:]}"
        values = {"bug_notification_level": "Discussion", "date_created": "2026-11-22T15:00:00"}
        made.store.put_item("bug_subscription", path, values, OPEN, f"bugs/{OPEN}")
        seed_token(made.store, "~lab-owner", "lab-client", "public", "secret", "READ_PUBLIC")
        yield made


def public_login(standin: LaunchpadStandIn) -> Source:
    given = {"address": standin.url, "per_second": 0}
    login = {"consumer": "lab-client", "token": "public", "secret": "secret"}
    return open_source(["lab-private"], given, login)


@pytest.mark.parametrize("somebody", [False, True])
def test_a_private_team_among_the_subscribers_costs_no_more_than_the_subscribers(
    closed: LaunchpadStandIn, somebody: bool
) -> None:
    made = public_login(closed) if somebody else source(closed, viewer=None, private=False)
    got = read(made, bug(OPEN))
    assert got.issue.extra["subscriptions_not_told"] is True
    assert got.issue.subscriptions == ()
    assert got.issue.comments
    assert got.issue.tasks
    assert not [one for one in got.replies if b"t-hush" in one.body]


def test_the_rest_of_the_project_is_read(closed: LaunchpadStandIn) -> None:
    made = source(closed, "lab-private", viewer=None, private=False)
    found = {name_of(one.key): issue(made, one.key).extra for one in made.listing(None)}
    assert len(found) > 2
    assert [name for name, extra in found.items() if "subscriptions_not_told" in extra] == [
        str(OPEN)
    ]


@pytest.mark.parametrize("viewer", ["lab-owner", "lab-unrelated"])
def test_who_is_told_the_subscribers_reads_them(closed: LaunchpadStandIn, viewer: str) -> None:
    found = issue(source(closed, viewer=viewer), bug(OPEN))
    assert "launchpad:person:t-hush" in {one.person for one in found.subscriptions}
    assert "subscriptions_not_told" not in found.extra


@pytest.mark.parametrize(
    ("viewer", "seen"),
    [("lab-unrelated", True), ("name16", True), ("public", False), (None, False)],
)
def test_the_team_is_shown_to_whom_the_subscription_tells(
    closed: LaunchpadStandIn, viewer: str | None, seen: bool
) -> None:
    """As a running server showed it; a login for public things is nobody in particular."""
    made = public_login(closed) if viewer == "public" else source(closed, viewer=viewer)
    asked = made._client  # type: ignore[attr-defined]
    if seen:
        assert asked.entry("~t-hush").value["name"] == "t-hush"
    else:
        with pytest.raises(Gone):
            asked.entry("~t-hush")


@pytest.mark.parametrize("names", [["attachments"], ["activity"], ["activity", "bug_watches"]])
def test_any_other_part_that_is_not_told_is_named(
    closed: LaunchpadStandIn, names: list[str]
) -> None:
    for name in names:
        closed.faults.append(Fault("status", path=f"{OPEN}/{name}", times=9, status=401, text=TEXT))
    found = issue(source(closed), bug(OPEN))
    assert [one for one in found.extra if one.endswith("_not_told")] == [
        f"{name}_not_told" for name in names
    ]
    assert "t-hush" not in repr(found.extra)


@pytest.mark.parametrize("name", ["bug_tasks", "messages"])
def test_a_bug_without_tasks_or_comments_is_refused_and_the_next_one_read(
    closed: LaunchpadStandIn, name: str
) -> None:
    closed.faults.append(Fault("status", path=f"{OPEN}/{name}", times=9, status=401, text=TEXT))
    made = source(closed, viewer=None, private=False)
    with pytest.raises(Refused, match="this reader may not read it") as caught:
        made.read(bug(OPEN))
    assert "t-hush" not in str(caught.value)
    assert issue(made, bug(720)).tasks


def test_a_blueprint_says_what_is_not_told_of_it(closed: LaunchpadStandIn) -> None:
    add_blueprints(closed)
    closed.faults.append(Fault("status", path="open-plan/bugs", times=9, status=401, text=TEXT))
    found = issue(source(closed, viewer=None, private=False), spec("open-plan"))
    assert found.extra["bugs_not_told"] is True
    assert {one.kind for one in found.relations} == {"depends_on"}


@pytest.mark.parametrize(
    "said",
    [
        "Unknown access token (x).",
        "Unknown consumer (x).",
        "Invalid signature.",
        "Expired token (x).",
        "Expired access token.",
        "Unauthorized token (x).",
        "Inactive account.",
        "You need to be logged in to view this URL.",
    ],
)
def test_a_refused_login_ends_the_run(said: str) -> None:
    with pytest.raises(LoginNeeded):
        decoded(reply(401, said))


@pytest.mark.parametrize("said", [TEXT, "Permission launchpad.Driver required on <x>.", ""])
def test_a_refused_object_does_not(said: str) -> None:
    with pytest.raises(Denied) as caught:
        decoded(reply(401, said))
    assert said not in str(caught.value) or not said
