"""What is not public now: one short list at each poll, and who may read it, without reading it."""

from __future__ import annotations

import pytest

from tests.backends.launchpad.closed import bug, issue, requests_of, source, summary
from tracker_migrate.backends.launchpad.standin import LaunchpadStandIn
from tracker_migrate.backends.launchpad.standin.privacy import grant, revoke
from tracker_migrate.errors import Gone
from tracker_migrate.model import Key


def test_the_list_is_what_the_real_server_listed(closed: LaunchpadStandIn) -> None:
    seen = summary()["viewers"]["owner"]
    types = ("Private", "Private Security", "Proprietary", "Embargoed")
    found = list(source(closed, "lab-private").closed())
    assert len(found) == sum(seen[f"lab-private {one}"] for one in types) == 14
    assert found == sorted(found)
    assert len(list(source(closed).closed())) == 16, "one is in two projects"


def test_a_reader_of_public_things_asks_for_none(closed: LaunchpadStandIn) -> None:
    made = source(closed, viewer=None, private=False)
    requests_of(closed)
    assert list(made.closed()) == []
    assert requests_of(closed) == {}


def test_who_may_read_is_told_anew_without_reading_the_bug(closed: LaunchpadStandIn) -> None:
    made, number = source(closed), summary()["bugs"]["priv-none"]
    held = issue(made, bug(number))
    assert made.access(held) == held.access
    grant(closed.store, int(number), "~lab-unrelated")
    made.check()  # a new pull
    now = made.access(held)
    assert now is not None
    assert held.access is not None
    assert {*now.people} - {*held.access.people} == {"launchpad:person:lab-unrelated"}
    revoke(closed.store, int(number), "~lab-unrelated")
    made.check()
    assert made.access(held) == held.access


def test_another_project_that_a_private_bug_names_can_be_asked_for(
    closed: LaunchpadStandIn,
) -> None:
    made = source(closed, "lab-private")
    found = made.project(Key("launchpad:project:lab-private2")).value
    assert (found.key, found.private) == ("launchpad:project:lab-private2", False)  # type: ignore[union-attr]
    with pytest.raises(Gone):
        made.project(Key("launchpad:project:no-such-project"))
