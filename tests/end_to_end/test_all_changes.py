"""Each of the 64 kinds of change that were made at a real Launchpad arrives at both targets, is
found by what the docs say, and as soon."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.backends.launchpad.standin_recordings import changes, exchange_of
from tests.backends.launchpad.standin_replay import Asker, loaded, signed
from tests.backends.launchpad.standin_worlds import cve_and_tracker, give_tokens
from tests.backends.launchpad.standin_writes import send_write
from tests.end_to_end.arrived import there
from tests.end_to_end.every_change import AGAIN, CHANGES, PASSING, UNTOLD, Seen
from tests.end_to_end.found_by import ROUNDS, table
from tests.end_to_end.marked_world import closed_group
from tests.end_to_end.world import TARGETS, World, conduit_token, needs_shared
from tracker_migrate.backends.maniphest.standin import ManiphestStandIn
from tracker_migrate.backends.storyboard.standin import StoryBoardStandIn
from tracker_migrate.engine import jobs
from tracker_migrate.engine.clock import Clock
from tracker_migrate.engine.turns import Turns
from tracker_migrate.testing.loopback import serving
from tracker_migrate.workspace import Workspace, ledger
from tracker_migrate.workspace.packing import stamp

pytestmark = needs_shared

PROJECT = "lab-moving"
LOGIN = "lab-client TOKEN-of-lab-owner SECRET-of-lab-owner"
BEGAN = datetime(2020, 1, 1, tzinfo=UTC)  # a date to come is not believed
_POLICIES = """
[information_type]
"Private" = "few"
[policies.few.storyboard]
users = "readers"
without = "all"
[policies.few.maniphest]
groups = ["{few}"]
without = "all"
[exposed]
"""


class Hours(Clock):
    """Time that passes when a test says so: at Launchpad, and for the daemon."""

    def __init__(self, asker: Asker) -> None:
        self._asker = asker
        self._now = BEGAN
        self.pass_(0)

    def pass_(self, minutes: float) -> None:
        """Let so many minutes pass."""
        self._now += timedelta(minutes=minutes)
        self._asker.standin.set_clock(self._now)

    def now(self) -> datetime:
        """The moment."""
        return self._now

    def monotonic(self) -> float:
        """Seconds."""
        return self._now.timestamp()

    def wait(self, event: threading.Event, seconds: float) -> bool:
        """Nobody waits here."""
        raise AssertionError


@pytest.fixture
def asker() -> Iterator[Asker]:
    with loaded("wire/lab-private") as asker:
        store = asker.standin.store
        for name, last in (("bug", 741), ("attachment", 13), ("watch", 23), ("nomination", 7)):
            store.set_meta(f"seq:{name}", str(last))
        cve_and_tracker(store)
        give_tokens(store, "lab-owner", "lab-writer", "lab-unrelated", "lab-subscriber", "name16")
        yield asker


@pytest.fixture
def here(tmp_path: Path, asker: Asker, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    monkeypatch.setenv("TRACKER_MIGRATE_LAUNCHPAD", LOGIN)
    monkeypatch.setenv("TRACKER_MIGRATE_STORYBOARD_TOKEN", "token-of-super")
    monkeypatch.setenv("TRACKER_MIGRATE_MANIPHEST_TOKEN", conduit_token("importbot"))
    storyboard, maniphest = StoryBoardStandIn(), ManiphestStandIn()
    with ExitStack() as stack:
        stack.enter_context(serving(storyboard))
        stack.enter_context(serving(maniphest))
        world = World(tmp_path / "ws", [PROJECT], asker.standin, storyboard, maniphest)
        world.private = True
        world.write_settings()
        told = world.folder / "migration.toml"  # what becomes of files is told elsewhere
        told.write_text(told.read_text().replace("[source]", "[source]\nattachments = false"))
        write_tables(world, closed_group(world, "few", "importbot"))
        yield world


def write_tables(here: World, few: str = "", *accepted: str) -> None:
    """Who is who, who may read, and what somebody has accepted."""
    folder = here.folder / "mappings"
    bob = here.maniphest.site.people.by_names(["bob"])[0].phid
    rows = ["person,target,account,name,state,created,note"]
    rows += ["lab-writer,storyboard,3,Other,verified,,"]
    rows += [f"lab-writer,maniphest,{bob},bob,verified,,"]
    (folder / "people.csv").write_text("\n".join(rows) + "\n")
    taken = "".join(f'"launchpad:bug:{one}" = "accept"\n' for one in accepted)
    told = folder / "privacy.toml"
    told.write_text((_POLICIES.format(few=few) if few else told.read_text()) + taken)


def write(asker: Asker, record: dict[str, Any]) -> None:
    """Make a change as it was made."""
    writes = record["exchanges"][: record.get("writes")]
    for one in writes:
        exchange = exchange_of(f"change {record['n']}", one)
        if exchange.method != "GET":
            assert send_write(asker, exchange).status_code < 400, record["change"]


def assign(asker: Asker, bug: str, person: str) -> None:
    """Give a bug to somebody."""
    root = f"{asker.url}/devel"
    asked = asker.session.patch(
        f"{root}/{PROJECT}/+bug/{bug}",
        json={"assignee_link": f"{root}/~{person}"},
        headers=signed("lab-owner"),
        timeout=30,
    )
    assert asked.status_code == 209, asked.text


class Daemon:
    """The rounds of a daemon, of which a test lets as many pass as it likes."""

    def __init__(self, here: World, clock: Hours) -> None:
        self._here, self._clock = here, clock
        with Workspace(here.folder) as workspace:
            self._turns = Turns(workspace, clock)

    def round(self, *, people: bool = True) -> None:
        """What a round does. people: False if nobody's turn has come, at the worst."""
        with Workspace(self._here.folder) as workspace, workspace.coordinating():
            turns = Turns(workspace, self._clock)
            turns._around, turns._blueprints = self._turns._around, self._turns._blueprints
            how = turns.due()
            if not people:
                turns._people._next, how["people"] = None, ()
            jobs.pull_for(workspace, TARGETS, **how)
            turns.done(how)
            self._turns = turns
        for target in TARGETS:
            self._here.apply(target)


def test_every_kind_of_change_arrives_found_by_what_the_table_says(
    here: World, asker: Asker, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = Hours(asker)
    monkeypatch.setattr(ledger, "now", lambda: stamp(clock.now()))
    first, *rest = changes()
    write(asker, first)
    daemon = Daemon(here, clock)
    daemon.round()
    found: dict[str, str] = {}
    for record in rest:
        change, seen = record["change"], CHANGES.get(record["change"])
        if change == "person renamed":  # by then nothing names him any more
            assign(asker, "743", "lab-writer")
        clock.pass_(24 * 60)
        daemon.round()
        early = [one for one in TARGETS if seen is not None and seen(there(here, one))]
        assert change in AGAIN or not early, (change, early)
        write(asker, record)
        if seen is None:
            assert change in PASSING | UNTOLD
            continue
        found[change] = found_by(here, clock, daemon, seen)
        if change == "delete comment":
            write_tables(here, "", "742")
    assert found == {one: how for how, ones in table().items() for one in ones}, found


def found_by(here: World, clock: Hours, daemon: Daemon, seen: Seen) -> str:
    """The first round after which a change is seen at both targets."""
    passed = 0
    for how, minutes in ROUNDS.items():
        clock.pass_(minutes - passed)
        passed = minutes
        daemon.round(people=how == list(ROUNDS)[-1])
        if all(seen(there(here, target)) for target in TARGETS):
            return how
    return "nothing"
