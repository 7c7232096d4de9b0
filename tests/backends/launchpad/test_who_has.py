"""Whose an OpenID identifier or an e-mail address is: Launchpad says it to anybody who asks."""

from __future__ import annotations

from collections.abc import Iterator
from typing import cast

import pytest

from tracker_migrate.abilities import KnowsIdentities
from tracker_migrate.backends.launchpad import open_source
from tracker_migrate.backends.launchpad.standin import LaunchpadStandIn
from tracker_migrate.backends.launchpad.standin.people import ensure_person
from tracker_migrate.testing.loopback import serving


@pytest.fixture
def launchpad() -> Iterator[LaunchpadStandIn]:
    standin = LaunchpadStandIn()
    ensure_person(standin.store, "jdoe", "2009-03-02T08:00:00+00:00")
    known = {"email": "jane@example.org", "person_link": "~jdoe"}
    standin.store.put_item("email_address", "~jdoe/+email/jane@example.org", known, None, "~jdoe")
    standin.store.relate("openid", "~jdoe", "abc")
    with serving(standin):
        yield standin


@pytest.mark.parametrize(
    ("identity", "person"),
    [
        ("jane@example.org", "launchpad:person:jdoe"),
        ("https://login.ubuntu.com/+id/abc", "launchpad:person:jdoe"),
        ("https://login.launchpad.net/+id/abc", "launchpad:person:jdoe"),
        ("https://login.ubuntu.com/+id/none", None),
        ("https://elsewhere.example.org/+id/abc", None),
        ("a+b%c@example.org", None),
    ],
)
def test_it_is_asked_in_one_request(
    launchpad: LaunchpadStandIn, identity: str, person: str | None
) -> None:
    source = open_source(["gadget"], {"address": launchpad.url, "per_second": 0})
    launchpad.requests.clear()
    try:
        assert isinstance(source, KnowsIdentities)
        assert cast(KnowsIdentities, source).who_has(identity) == person
    finally:
        source.close()
    assert sum(launchpad.requests.values()) == 1
