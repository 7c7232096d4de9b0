"""Who may read, when Launchpad refuses to say it, fails, or says something else."""

from __future__ import annotations

import pytest
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
from tracker_migrate.backends.launchpad.standin import LaunchpadStandIn
from tracker_migrate.backends.launchpad.standin.privacy import grant
from tracker_migrate.errors import Refused, Retriable
from tracker_migrate.model import Access
from tracker_migrate.testing.loopback import Fault

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
    found = issue(made, bug(721))
    ask.value = lambda path: grantees
    made.check()
    with pytest.raises(Refused, match="launchpad:bug:721: who may read it"):
        made.read(bug(721))
    with pytest.raises(Refused):
        made.access(found)


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
