"""Stand-ins that hold private bugs, and sources that read them as one of the recorded viewers."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

import pytest

from tests.backends.launchpad.recorded import RECORDINGS
from tracker_migrate.backends.launchpad import open_source
from tracker_migrate.backends.launchpad.standin import LaunchpadStandIn, load_wire
from tracker_migrate.interfaces import Reading, Source
from tracker_migrate.model import Access, Issue, Key
from tracker_migrate.testing.loopback import serving

PROJECTS = ("lab-private", "lab-private2", "lab-embargo")
#: the recorded viewers who are somebody: their account, by what the recordings call them
ACCOUNTS = {
    "owner": "lab-owner",
    "subscriber": "lab-subscriber",
    "unrelated": "lab-unrelated",
    "grantee": "lab-grantee",
    "artifact-grantee": "lab-some",
    "team-member": "lab-member",
    "admin": "name16",
}


@contextmanager
def lab_private() -> Iterator[LaunchpadStandIn]:
    """Three projects with 21 bugs, 16 of them private, as eight viewers found them."""
    if not RECORDINGS.is_dir():
        pytest.skip("../shared/recordings is not there")
    made = LaunchpadStandIn()
    load_wire(made, RECORDINGS / "wire" / "lab-private.jsonl.gz")
    with serving(made):
        yield made


@cache
def summary() -> dict[str, Any]:
    """Bug numbers by role, and what each viewer could read."""
    found: dict[str, Any] = json.loads((RECORDINGS / "wire/lab-private-summary.json").read_text())
    return found


def login(name: str) -> dict[str, str]:
    """The credentials of an account of a stand-in."""
    return {"consumer": "lab-client", "token": f"TOKEN-of-{name}", "secret": f"SECRET-of-{name}"}


def source(
    standin: LaunchpadStandIn, *specs: str, viewer: str | None = "lab-owner", **options: Any
) -> Source:
    """A source that reads private bugs as somebody; None: as nobody."""
    given = {"address": standin.url, "per_second": 0, "private": True, **options}
    return open_source(specs or PROJECTS, given, login(viewer) if viewer else None)


def bug(number: int | str) -> Key:
    """The key of a bug."""
    return Key(f"launchpad:bug:{number}")


def read(source: Source, key: Key) -> Reading:
    """A reading; the issue has to be there."""
    got = source.read(key)
    assert got is not None
    return got


def issue(source: Source, key: Key) -> Issue:
    """An issue; it has to be there."""
    return read(source, key).issue


def requests_of(standin: LaunchpadStandIn) -> dict[str, int]:
    """How often each kind of request was made since the last time, none counted twice."""
    counted = dict(standin.requests)
    standin.requests.clear()
    return counted


def who(account: str) -> Key:
    """The key of a person or team."""
    return Key(f"launchpad:person:{account}")


def access(source: Source, number: int | str) -> Access:
    """Who may read a bug; it has to be a private one."""
    found = issue(source, bug(number)).access
    assert found is not None
    return found


def team(standin: LaunchpadStandIn, name: str, *members: str, private: bool = False) -> str:
    """A new team; its path."""
    values = {"name": name, "display_name": name, "private": private}
    standin.store.put_item("team", f"~{name}", {**values, "date_created": "2026-11-22T15:00:00"})
    for member in members:
        standin.store.relate("members", f"~{name}", member)
    return f"~{name}"


def spec(name: str) -> Key:
    """The key of a blueprint of lab-private."""
    return Key(f"launchpad:blueprint:lab-private/+spec/{name}")


def add_blueprints(standin: LaunchpadStandIn) -> None:
    """Two public blueprints and two proprietary ones, with dependencies and bugs across."""
    store = standin.store
    for name in ("open-plan", "open-base", "hush-base", "hush-plan"):
        values = {
            "name": name,
            "title": f"Title of {name}",
            "summary": f"Summary of {name}",
            "owner_link": "~lab-owner",
            "date_created": "2026-11-22T15:00:00+00:00",
            "information_type": "Proprietary" if name.startswith("hush") else "Public",
        }
        path = f"lab-private/+spec/{name}"
        store.put_item("specification", path, values, None, "lab-private")
    for plan in ("open-plan", "hush-plan"):
        whole = f"lab-private/+spec/{plan}"
        for base in ("open-base", "hush-base"):
            store.relate("dependencies", whole, f"lab-private/+spec/{base}")
        for number in (719, 721):
            store.relate("specs", f"bugs/{number}", whole)
