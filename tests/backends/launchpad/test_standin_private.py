"""Private bugs made by the recorded writes are readable for whom the real server let read them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.backends.launchpad.standin_recordings import (
    HOST,
    RECORDINGS,
    WEB,
    Asked,
    exchange_of,
    needs_recordings,
)
from tests.backends.launchpad.standin_replay import Asker
from tests.backends.launchpad.standin_worlds import CREATED, give_tokens
from tests.backends.launchpad.standin_writes import clock_of, send_write
from tracker_migrate.backends.launchpad.standin import LaunchpadStandIn
from tracker_migrate.backends.launchpad.standin.privacy import share
from tracker_migrate.testing.loopback import serving

pytestmark = needs_recordings

ALL_STATUSES = (
    "New", "Incomplete", "Opinion", "Invalid", "Won't Fix", "Expired", "Confirmed", "Triaged",
    "In Progress", "Fix Committed", "Fix Released", "Deferred", "Does Not Exist",
)  # fmt: skip
PEOPLE = ("lab-owner", "lab-writer", "lab-subscriber", "lab-unrelated", "lab-grantee", "lab-some",
          "lab-member", "name16")  # fmt: skip


def setup_writes() -> list[Asked]:
    lines = (RECORDINGS / "wire" / "lab-private-setup.jsonl").read_text().splitlines()
    return [exchange_of("setup", json.loads(line)) for line in lines]


def summary() -> dict[str, Any]:
    text = (RECORDINGS / "wire" / "lab-private-summary.json").read_text()
    found: dict[str, Any] = json.loads(text)
    return found


@pytest.fixture(scope="module")
def asker() -> Iterator[Asker]:
    """Three empty projects, as the recorded writes found them."""
    standin = LaunchpadStandIn(web=WEB)
    store = standin.store
    with store.transaction():
        give_tokens(store, *PEOPLE)
        store.put_item("team", "~lab-secret-team", {
            "name": "lab-secret-team", "display_name": "Lab Secret Team", "private": True,
            "visibility": "Private", "date_created": CREATED,
        })  # fmt: skip
        store.relate("members", "~lab-secret-team", "~lab-member")
        for person in PEOPLE[:-1]:
            shown = person.replace("-", " ").title()
            found = store.item(f"~{person}")
            assert found is not None
            store.put_item("person", f"~{person}", {**found.data, "display_name": shown})
        for name in ("lab-private", "lab-private2", "lab-embargo"):
            store.put_item("project", name, {
                "name": name, "display_name": name, "title": name, "owner_link": "~lab-owner",
                "registrant_link": "~lab-owner", "date_created": CREATED,
            })  # fmt: skip
            share(store, name, "~lab-owner", ["Private", "Private Security"])
        store.set_meta("seq:bug", "718")
        store.set_meta("seq:attachment", "4")
    with serving(standin) as url:
        yield Asker(url, standin)


@pytest.fixture(scope="module")
def wrong(asker: Asker) -> list[str]:
    """Makes the recorded writes, in order; what was answered otherwise than recorded."""
    found = []
    for number, write in enumerate(setup_writes()):
        asker.standin.set_clock(clock_of(write))
        differs = asker.compare(write, send_write(asker, write), "2026-11-22T15:1")
        if differs:
            found.append(f"{number} {write.viewer} {write.url} {write.sent}: {differs}")
    return found


def test_the_recorded_writes_are_answered_the_same(wrong: list[str]) -> None:
    assert wrong == []


@pytest.mark.usefixtures("wrong")
@pytest.mark.parametrize("viewer", list(summary()["viewers"]) if RECORDINGS.is_dir() else [])
def test_each_viewer_finds_and_reads_what_the_real_server_showed(asker: Asker, viewer: str) -> None:
    found: dict[str, Any] = {}
    wanted = summary()["viewers"][viewer]
    numbers = summary()["bugs"]
    for project in ("lab-private", "lab-private2", "lab-embargo"):
        found[project] = search(asker, viewer, project)
        for info in ("Public", "Public Security", "Private", "Private Security", "Proprietary",
                     "Embargoed"):  # fmt: skip
            hits = search(asker, viewer, project, f"&information_type={info}")
            found[f"{project} {info}"] = len(hits)
    found["readable"] = [role for role, number in numbers.items() if reads(asker, viewer, number)]
    assert found == {key: wanted[key] for key in found}


def search(asker: Asker, viewer: str, project: str, more: str = "") -> list[str]:
    statuses = "".join(f"&status={status.replace(' ', '+')}" for status in ALL_STATUSES)
    query = f"ws.op=searchTasks&omit_duplicates=false&order_by=id{statuses}{more}"
    reply = asker.send(Asked("search", f"{HOST}/devel/{project}?{query}", 200, viewer=viewer))
    return [task["bug_link"].rpartition("/")[2] for task in reply.json()["entries"]]


def reads(asker: Asker, viewer: str, number: str) -> bool:
    reply = asker.send(Asked("bug", f"{HOST}/devel/bugs/{number}", 200, viewer=viewer))
    return reply.status_code == 200
