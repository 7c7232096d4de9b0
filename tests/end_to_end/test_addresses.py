"""Addresses that Launchpad hides from the public are read with a login, and arrive nowhere."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.end_to_end.spy_workspace import unpacked
from tests.end_to_end.world import RECORDINGS, TARGETS, World, needs_shared, world
from tracker_migrate.backends.launchpad.standin.load import load_spec

pytestmark = needs_shared

RECORDED = RECORDINGS / "launchpad" / "wire" / "email-addresses.jsonl"
_ADDRESS = re.compile(r"[\w.+/:'=-]+@[\w.-]+\.\w[\w.-]*")
#: what a target has by itself
_OWN = {"storyboard": ("user", "token"), "maniphest": ("user", "token")}


def texts(value: Any) -> str:
    """All texts of a JSON value."""
    if isinstance(value, dict):
        return "\n".join(texts(one) for one in value.values())
    if isinstance(value, list):
        return "\n".join(map(texts, value))
    return str(value)


def hidden_from_the_public() -> set[str]:
    """Addresses in what the owner was sent, and in nothing that an anonymous reader was."""
    seen: dict[bool, set[str]] = {True: set(), False: set()}
    for line in RECORDED.read_text().splitlines():
        record = json.loads(line)
        if record["url"].split("/devel/")[1].split("/")[0] in ("bugs", "lab-slow"):
            body = record["body"] if record["body"].startswith(("{", "[")) else "null"
            found = _ADDRESS.findall(texts(json.loads(body)))
            seen[record["viewer"] == "anonymous"] |= set(found)
    return seen[False] - seen[True]


def held(here: World, target: str) -> str:
    """Everything in a target's database, but for its own accounts."""
    standin: Any = getattr(here, target)
    with standin.lock:
        names = standin.store.db.execute("SELECT name FROM sqlite_master WHERE type='table'")
        tables = [row[0] for row in names.fetchall() if row[0] not in _OWN[target]]
        rows = [row for name in tables for row in standin.store.db.execute(f"SELECT * FROM {name}")]
    return "\n".join(unpacked(value).decode() for row in rows for value in tuple(row))


def recorded_world(here: World) -> None:
    """The recorded bug and blueprint, and the project that they are about."""
    load_spec(here.launchpad, f"wire:{RECORDED}")
    values = {"name": "lab-slow", "display_name": "lab-slow", "title": "Ask ann@example.org"}
    people = {"owner_link": "~lab-owner", "registrant_link": "~lab-owner"}
    when = {"date_created": "2020-01-01T00:00:00+00:00"}
    with here.launchpad.lock:
        store = here.launchpad.store
        store.put_item("person", "~lab-owner", {"name": "lab-owner", "display_name": "O", **when})
        store.put_item("project", "lab-slow", {**values, **people, **when})
        kept = store.bug(764)
        assert kept is not None
        store.put_bug(764, {**kept.data, "tags": [], "information_type": "Public"})


@pytest.fixture
def lab(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    login = "lab-client TOKEN-of-lab-owner SECRET-of-lab-owner"
    monkeypatch.setenv("TRACKER_MIGRATE_LAUNCHPAD", login)
    with world(tmp_path / "ws", monkeypatch, "lab-slow") as here:
        recorded_world(here)
        yield here


def arrived(here: World, target: str) -> set[str]:
    """Which hidden addresses are at a target after a first copy."""
    pulled = here.pull()
    assert pulled.new == 2
    assert not pulled.unread
    here.apply(target)
    there = held(here, target)
    addresses = hidden_from_the_public() | {"ann@example.org"}
    assert len(addresses) > 10
    return {one for one in addresses if one in there}


@pytest.mark.parametrize("target", TARGETS)
def test_no_address_that_is_hidden_arrives_in_any_field(target: str, lab: World) -> None:
    assert arrived(lab, target) == set()
    assert held(lab, target).count("email address hidden") > 10
    assert lab.verify(target).agrees


@pytest.mark.parametrize("target", TARGETS)
def test_where_they_may_be_seen_they_arrive(target: str, lab: World) -> None:
    """And so the look above looks at the right places."""
    settings = lab.folder / "migration.toml"
    shown = settings.read_text().replace("[source]", "[source]\nshow_addresses = true")
    settings.write_text(shown)
    assert len(arrived(lab, target)) >= 7
