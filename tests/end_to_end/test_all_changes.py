"""Each of the 64 kinds of change that were made at a real Launchpad arrives, and what found it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from tests.backends.launchpad.standin_recordings import changes, exchange_of
from tests.backends.launchpad.standin_replay import Asker, loaded
from tests.backends.launchpad.standin_worlds import cve_and_tracker, give_tokens
from tests.backends.launchpad.standin_writes import clock_of, send_write
from tests.end_to_end.world import TARGETS, World, conduit_token, needs_shared
from tracker_migrate.backends.maniphest.standin import ManiphestStandIn
from tracker_migrate.backends.storyboard.standin import StoryBoardStandIn
from tracker_migrate.engine import jobs
from tracker_migrate.engine.pull import Pulled
from tracker_migrate.model import Key
from tracker_migrate.testing.loopback import serving
from tracker_migrate.workspace import Workspace

pytestmark = needs_shared

PROJECT = "lab-moving"
LOGIN = "lab-client TOKEN-of-lab-owner SECRET-of-lab-owner"
#: a poll that asks for changes and for what is not public; one that asks around; a whole sweep
POLL, AROUND, SWEEP, NOTHING = "poll", "around", "sweep", "nothing"
#: what blueprints say by their etags, and the list of them
ASKED_FOR = {
    "new blueprint", "blueprint whiteboard", "blueprint work items", "one work item done",
    "blueprint priority", "blueprint started", "blueprint renamed", "blueprint implemented",
}  # fmt: skip
#: what no date, no count and no etag of a list tells
SWEPT = {
    "add task", "delete task", "task moved to another project", "nominated for a series",
    "hide comment", "show comment again", "edit comment", "edit comment 0", "delete comment",
    "CVE unlinked", "bug linked to blueprint", "bug unlinked from blueprint",
    "milestone renamed", "person renamed", "person renamed back",
}  # fmt: skip
#: what moves no issue: whoever asks around keeps the new names of projects and milestones
UNSEEN = {
    "start: nothing changed", "milestone closed (is_active false)", "person display name",
    "project renamed back", "project display name", "end: everything read once more",
}  # fmt: skip


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
        yield world


def write(asker: Asker, record: dict[str, Any]) -> None:
    """Make a change as it was made."""
    writes = record["exchanges"][: record.get("writes")]
    for one in writes:
        exchange = exchange_of(f"change {record['n']}", one)
        if exchange.method != "GET":
            asker.standin.set_clock(clock_of(exchange))
            assert send_write(asker, exchange).status_code < 400, record["change"]


def read(here: World, how: str) -> Pulled:
    """A pull as one of the daemon's."""
    with Workspace(here.folder) as workspace, workspace.coordinating():
        swept = list(workspace.archive.issue_keys()) if how == SWEEP else []
        return jobs.pull(workspace, brief=how == POLL, sweep=swept)


def known(folder: Path, *, bugs_alone: bool) -> dict[Key, str]:
    """What a workspace has of each issue, as a digest."""
    with Workspace(folder) as workspace:
        marks = dict(workspace.archive.digests())
    return {key: mark for key, mark in marks.items() if not bugs_alone or ":bug:" in key}


def read_anew(here: World, folder: Path, *, bugs_alone: bool) -> dict[Key, str]:
    """What somebody has who reads for the first time."""
    other = World(folder, here.specs, here.launchpad, here.storyboard, here.maniphest)
    other.private = True
    other.write_settings()
    other.pull()
    return known(folder, bugs_alone=bugs_alone)


def find(here: World, anew: dict[Key, str], *, bugs_alone: bool) -> str:
    """By what all of a change is found: the cheapest first."""
    before = known(here.folder, bugs_alone=bugs_alone)
    last = NOTHING
    for how in (POLL, AROUND, SWEEP):
        pulled = read(here, how)
        now = known(here.folder, bugs_alone=bugs_alone)
        if now != before or pulled.new or pulled.changed or pulled.gone:
            last = how
        if {key: now[key] for key in now.keys() & anew.keys()} == anew and last != NOTHING:
            return how
        before = now
    assert last == NOTHING or now.keys() > anew.keys()
    return last


def test_every_kind_of_change_is_found_and_arrives(
    here: World, asker: Asker, tmp_path: Path
) -> None:
    first, *rest = changes()
    write(asker, first)
    here.pull()
    for target in TARGETS:
        here.apply(target)
    found: dict[str, str] = {}
    renamed = False
    for record in rest:
        change = record["change"]
        write(asker, record)
        if change == "project renamed":
            continue  # what is read is named by it: the next change turns it back
        renamed |= change == "blueprint renamed"  # it keeps its key here, and has another anew
        anew = read_anew(here, tmp_path / f"anew-{record['n']}", bugs_alone=renamed)
        found[change] = find(here, anew, bugs_alone=renamed)
        if found[change] != NOTHING:
            for target in TARGETS:
                here.apply(target)
    by_how = {how: {one for one in found if found[one] == how} for how in set(found.values())}
    assert (by_how[AROUND], by_how[SWEEP], by_how[NOTHING]) == (ASKED_FOR, SWEPT, UNSEEN)
    listed = {one["change"] for one in rest if one["found_by"]["modified_since as owner"]}
    assert listed - {"bug linked to blueprint"} <= by_how[POLL]
    for target in TARGETS:
        back = here.verify(target)
        assert (back.missing, back.differs, back.doubled, back.unplanned) == ([], [], [], [])
        assert back.counted.differ == 0
