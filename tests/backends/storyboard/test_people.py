"""Who has an account at StoryBoard, by what else they are known, and which projects there are."""

from __future__ import annotations

from tracker_migrate.abilities import ListsPlaces
from tracker_migrate.backends.storyboard.client import Api
from tracker_migrate.backends.storyboard.people import accounts
from tracker_migrate.backends.storyboard.standin.personas import Persona
from tracker_migrate.interfaces import Sink
from tracker_migrate.testing.loopback import StandIn

_MADE = "jane.doe-x-0f8fad5b-d9cb-469f-a165-70867728950e"


def test_what_an_account_is_known_by_is_told(server: StandIn, us: Api) -> None:
    server.add_user(  # type: ignore[attr-defined]
        Persona("Jane Doe", "jane@example.org", openid="https://login.ubuntu.com/+id/abc")
    )
    jane = next(one for one in accounts(us) if one.full_name == "Jane Doe")
    assert set(jane.identities) == {"jane@example.org", "https://login.ubuntu.com/+id/abc"}
    assert jane.made_for == ""


def test_an_account_of_storyboards_own_importer_names_whom_it_was_made_for(
    server: StandIn, us: Api
) -> None:
    server.add_user(Persona("Jane Doe", f"{_MADE}@example.com"))  # type: ignore[attr-defined]
    server.add_user(Persona("Not So", f"{_MADE}@example.org"))  # type: ignore[attr-defined]
    made = {one.full_name: one.made_for for one in accounts(us)}
    assert made["Jane Doe"] == "jane.doe-x"
    assert made["Not So"] == ""


def test_places_are_projects(sink: Sink, us: Api) -> None:
    us.write("POST", "/projects", {"name": "openstack/nova"})
    assert isinstance(sink, ListsPlaces)
    assert "openstack/nova" in set(sink.places())
