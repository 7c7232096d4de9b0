"""The look at the source before something is opened: whether everybody may read it now."""

from __future__ import annotations

import json

import pytest

from tests.backends.launchpad.closed import (
    ACCOUNTS,
    bug,
    read,
    requests_of,
    source,
    spec,
    summary,
)
from tests.backends.launchpad.recorded import ADDRESS, Replies
from tracker_migrate.backends.launchpad.client import Client
from tracker_migrate.backends.launchpad.source import LaunchpadSource
from tracker_migrate.backends.launchpad.standin import LaunchpadStandIn
from tracker_migrate.errors import Retriable
from tracker_migrate.model import Key
from tracker_migrate.testing.loopback import Fault


@pytest.mark.parametrize("viewer", [None, "lab-owner", "lab-unrelated", "name16"])
def test_whether_it_is_public_is_the_same_for_every_reader(
    closed: LaunchpadStandIn, viewer: str | None
) -> None:
    made = source(closed, viewer=viewer)
    said = {role: made.is_public(bug(n)) for role, n in summary()["bugs"].items()}
    public = summary()["viewers"]["anonymous"]["readable"]
    assert {role for role, answer in said.items() if answer} == set(public)


def test_the_look_takes_one_request_and_remembers_nothing(closed: LaunchpadStandIn) -> None:
    made = source(closed)
    read(made, bug(719))
    requests_of(closed)
    assert made.is_public(bug(719))
    assert requests_of(closed) == {"read:GET bugs/N": 1}
    closed.store.put_bug(
        719, {**closed.store.bugs("id=719")[0].data, "information_type": "Private"}
    )
    assert not made.is_public(bug(719))


def test_a_listed_blueprint_is_looked_at_again(planned: LaunchpadStandIn) -> None:
    made = source(planned, "lab-private")
    assert spec("open-plan") in [one.key for one in made.listing(None)]
    store = planned.store
    found = store.item("lab-private/+spec/open-plan")
    assert found is not None
    assert made.is_public(spec("open-plan"))
    hidden = {**found.data, "information_type": "Embargoed"}
    store.put_item("specification", "lab-private/+spec/open-plan", hidden)
    assert not made.is_public(spec("open-plan"))


@pytest.mark.parametrize("key", ["launchpad:bug:99999", "launchpad:bug:x", "launchpad:person:jdoe"])
def test_what_is_not_there_is_not_public(closed: LaunchpadStandIn, key: str) -> None:
    assert not source(closed).is_public(Key(key))


@pytest.mark.parametrize(
    "said",
    [
        {},
        {"private": False},
        {"information_type": "tag:launchpad.net:2008:redacted"},
        {"information_type": "Secret"},
        {"information_type": "Public", "private": True},
    ],
)
def test_what_does_not_say_that_it_is_public_is_not(said: dict[str, object]) -> None:
    client = Client(ADDRESS, reader=Replies({"/devel/bugs/16": json.dumps(said)}))
    assert not LaunchpadSource(client, ["lab-alpha"]).is_public(bug(16))


def test_a_page_instead_of_an_answer_is_not_public(closed: LaunchpadStandIn) -> None:
    closed.faults.append(Fault("html", times=9))
    assert not source(closed).is_public(bug(719))


def test_a_busy_server_does_not_say_that_it_is_private(closed: LaunchpadStandIn) -> None:
    oops = {"X-Lazr-OopsId": "OOPS-1", "Retry-After": "900"}
    closed.faults.append(Fault("status", times=1, status=503, headers=oops))
    made = source(closed)
    with pytest.raises(Retriable):
        made.is_public(bug(719))
    assert made.is_public(bug(719))


def test_accounts_are_those_of_the_recordings() -> None:
    assert set(ACCOUNTS) | {"anonymous"} == set(summary()["viewers"])
