"""A subtask that a real Maniphest makes late, when its bug is not for everybody any more: see
real_world.py. Needs ..._LIVE_OUTSIDER_TOKEN, too."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from tests.end_to_end.marked_bugs import OWNER
from tests.live.real_move import said
from tests.live.real_world import Live, live_world
from tracker_migrate.backends.maniphest.client import Conduit
from tracker_migrate.engine import send
from tracker_migrate.testing.loopback import Fault, Request
from tracker_migrate.testing.proxy import FaultyProxy, faulty

pytestmark = pytest.mark.live


class Behind:
    """A world whose Maniphest stands behind a proxy."""

    def __init__(self, live: Live, proxy: FaultyProxy) -> None:
        self.live, self.proxy = live, proxy
        self.held: list[Request] = []

    def apply(self) -> Any:
        """A run."""
        return self.live.here.apply("maniphest")

    def hear(self, request: Request) -> None:
        """Keep what makes a subtask."""
        if b"parents.add" in request.body:
            self.held.append(request)

    def seen(self, token: str) -> int:
        """How many of the newest tasks that somebody sees are of the bug."""
        client = Conduit(self.proxy.url, token, timeout=60)
        rows = client.read("maniphest.search", order="newest", limit=20)["data"]
        client.close()
        (bug,) = self.live.project.bugs
        return sum(f"#{bug}" in row["fields"]["description"]["raw"] for row in rows)


@pytest.fixture
def behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Behind]:
    monkeypatch.setenv("TRACKER_MIGRATE_LAUNCHPAD", OWNER)
    monkeypatch.setattr(send, "_ATTEMPTS", 2)
    address = said("maniphest", "URL")
    with live_world("maniphest", tmp_path / "ws", monkeypatch) as live, faulty(address) as proxy:
        name = "maniphest"
        setattr(live.here, name, SimpleNamespace(url=proxy.url))
        live.here.options["maniphest"]["settle_seconds"] = 2
        live.here.private = True
        live.here.write_settings()
        yield Behind(live, proxy)


def test_it_is_closed_in_the_next_run(behind: Behind) -> None:
    outsider = os.environ["TRACKER_MIGRATE_MANIPHEST_LIVE_OUTSIDER_TOKEN"].split()[0]
    importer = said("maniphest", "LIVE_TOKEN")
    bug = behind.live.bug()
    behind.live.here.pull()
    behind.proxy.on_request = behind.hear
    behind.proxy.faults.append(Fault("drop", path="maniphest.edit", body="parents.add", times=99))
    assert behind.apply().aside == 1
    behind.proxy.faults.clear()
    behind.proxy.on_request = None
    behind.live.project.turn(bug, "Embargoed")
    behind.live.here.pull(full=True)
    assert behind.apply().refused == 1
    assert (behind.seen(importer), behind.seen(outsider)) == (1, 0)
    for late in (*behind.held, behind.held[0]):
        assert behind.proxy.answer(late).status == 200
    many = len(behind.held) + 1
    assert (behind.seen(importer), behind.seen(outsider)) == (1 + many, many)
    assert behind.apply().refused == 1
    assert behind.seen(outsider) == 0
    assert behind.live.here.verify("maniphest").agrees
