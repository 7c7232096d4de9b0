"""Who has an account at Maniphest, whose an address is, and which projects there are."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import requests

from tests.backends.maniphest.test_sink import recorder
from tracker_migrate.abilities import FindsByAddress, ListsPlaces
from tracker_migrate.backends.maniphest.sink import ManiphestSink
from tracker_migrate.backends.maniphest.standin import ManiphestStandIn

Opener = Callable[..., ManiphestSink]


def add(server: ManiphestStandIn, **user: Any) -> None:
    answer = requests.post(f"{server.url}/__standin__/users", json=[user], timeout=10)
    answer.raise_for_status()


def test_whose_an_address_is_can_be_asked(server: ManiphestStandIn, opened: Opener) -> None:
    add(server, username="jane", realname="Jane Doe", email="jane@example.org")
    sink = opened()
    assert isinstance(sink, FindsByAddress)
    jane = next(one for one in sink.accounts() if one.login == "jane")
    assert sink.with_addresses(["nobody@example.org", "Jane@example.org"]) == (jane.id,)
    assert sink.with_addresses(["nobody@example.org"]) == ()
    assert jane.identities == ()


def test_no_address_is_nobodys(server: ManiphestStandIn, opened: Opener) -> None:
    """An empty list would mean everybody: it is not sent."""
    sink = opened()
    asked = recorder(server, "user.query")
    assert sink.with_addresses([]) == ()
    assert asked == []


def test_places_are_projects_that_everybody_may_see(
    server: ManiphestStandIn, opened: Opener
) -> None:
    sink = opened()
    client = sink._server.client
    for name, view in (("nova", "public"), ("glance", "users"), ("secret", sink.importer)):
        said = [{"type": "name", "value": name}, {"type": "view", "value": view}]
        client.write("project.edit", transactions=said)
    assert isinstance(sink, ListsPlaces)
    assert {"nova", "glance"} <= set(sink.places())
    assert "secret" not in set(sink.places())
