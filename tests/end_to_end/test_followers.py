"""Subscribers follow an issue at the target only where the settings say so, and as they like."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.end_to_end.reader import ManiphestReader
from tests.end_to_end.standing import AtManiphest, AtStoryBoard
from tests.end_to_end.world import RECORDINGS, World, conduit_token, needs_shared, world
from tracker_migrate.backends.launchpad.standin.load import load_spec

pytestmark = needs_shared
BUG = "/bugs/16"
PEOPLE = {"name12": "alice", "no-priv": "bob"}


def settle(here: World, subscribers: str | None, **people: str) -> dict[str, str]:
    """Load lab-alpha, and say who has an account at Maniphest; their PHIDs by Launchpad's name."""
    load_spec(here.launchpad, f"project:{RECORDINGS / 'launchpad' / 'projects' / 'lab-alpha'}")
    if subscribers is not None:
        here.options["maniphest"] = {"subscribers": subscribers}
    here.write_settings()
    return name_people(here, people)


def name_people(here: World, people: dict[str, str]) -> dict[str, str]:
    """Write people.csv."""
    accounts = at(here).accounts
    chosen = {name: accounts[known] for name, known in people.items()}
    rows = [f"{name},maniphest,{phid},,verified,," for name, phid in chosen.items()]
    table = here.folder / "mappings" / "people.csv"
    table.write_text("\n".join(["person,target,account,name,state,created,note", *rows, ""]))
    return chosen


def at(here: World) -> AtManiphest:
    return AtManiphest(here.maniphest.url, conduit_token("importbot"))


def follow(here: World) -> set[str]:
    """Who follows the bug's task."""
    return set(at(here).things()[BUG].subscribers)


def call(here: World, user: str, *transactions: dict[str, Any]) -> None:
    """Somebody's own edit of the bug's task."""
    reader = ManiphestReader(here.maniphest.url, conduit_token(user))
    number = at(here).things()[BUG].address.rpartition("/")[2]
    reader.call("maniphest.edit", objectIdentifier=number, transactions=list(transactions))


@pytest.mark.parametrize("setting", [None, "off"])
def test_nobody_follows_unless_the_settings_say_so(
    setting: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with world(tmp_path / "ws", monkeypatch, "lab-alpha") as here:
        settle(here, setting, **PEOPLE)
        here.pull()
        here.apply("maniphest")
        assert follow(here) == set()


def test_who_has_an_account_follows_and_is_asked_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with world(tmp_path / "ws", monkeypatch, "lab-alpha") as here:
        people = settle(here, "accounts", **PEOPLE)
        here.pull()
        here.apply("maniphest")
        assert follow(here) == set(people.values())
        before = here.writes("maniphest")
        assert not here.apply("maniphest").steps
        assert here.writes("maniphest") == before
        assert here.verify("maniphest").agrees
        items = at(here).things()[BUG].sections.items("Subscribers")
        assert len(items) == 2  # and all are named, with or without an account


def test_they_come_after_all_that_they_need_not_be_told_of(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with world(tmp_path / "ws", monkeypatch, "lab-alpha") as here:
        settle(here, "accounts", **PEOPLE)
        here.pull()
        here.apply("maniphest")
        reader = ManiphestReader(here.maniphest.url, conduit_token("importbot"))
        number = at(here).things()[BUG].address.rpartition("/")[2]
        rows = list(reader.pages("transaction.search", objectIdentifier=number))
        newest = max(rows, key=lambda row: int(row["id"]))
        assert newest["type"] == "subscribers"


def test_who_leaves_is_not_made_to_follow_again_when_another_one_comes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with world(tmp_path / "ws", monkeypatch, "lab-alpha") as here:
        people = settle(here, "accounts", name12="alice")
        here.pull()
        here.apply("maniphest")
        call(here, "alice", {"type": "subscribers.remove", "value": [people["name12"]]})
        assert follow(here) == set()
        people = name_people(here, PEOPLE)
        here.apply("maniphest")
        assert follow(here) == {people["no-priv"]}
        told = here.verify("maniphest").differs
        assert [(one.key, one.field) for one in told] == [
            ("launchpad:follower:16/name12", "subscriber"),
            ("launchpad:follower:17/name12", "subscriber"),
        ][: len(told)]
        assert told


def test_at_storyboard_they_are_named_and_nobody_follows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with world(tmp_path / "ws", monkeypatch, "lab-alpha") as here:
        settle(here, None, **PEOPLE)
        here.pull()
        here.apply("storyboard")
        thing = AtStoryBoard(here.storyboard.url).things()[BUG]
        assert len(thing.sections.items("Subscribers")) == 2
        assert thing.subscribers == set()
