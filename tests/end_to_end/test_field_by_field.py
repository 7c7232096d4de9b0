"""Whole recorded projects arrive field by field: read back through the targets' APIs by a reader
that shares no code with the writers, and compared with Launchpad's raw replies."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.end_to_end.field_checks import Checks
from tests.end_to_end.recorded import Recorded
from tests.end_to_end.standing import AtManiphest, AtStoryBoard
from tests.end_to_end.world import RECORDINGS, TARGETS, World, conduit_token, needs_shared, world
from tracker_migrate.backends.launchpad.standin.load import load_spec

pytestmark = needs_shared

PROJECTS = ("lab-alpha", "firefox", "ubuntu", "mozilla")
#: who of the recorded people has an account at each target: by Launchpad's name, the target's
PEOPLE = {
    "storyboard": {"name16": "Lab Normal", "carlos": "Lab Other"},
    "maniphest": {"name16": "alice", "carlos": "bob"},
}


def reader_of(here: World, target: str) -> Any:
    """A reader of a target."""
    if target == "storyboard":
        return AtStoryBoard(here.storyboard.url)
    return AtManiphest(here.maniphest.url, conduit_token("importbot"))


def settle_people(here: World, target: str) -> dict[str, str]:
    """Say in people.csv who is who; the accounts by Launchpad's name."""
    accounts = reader_of(here, target).accounts
    chosen = {name: accounts[known] for name, known in PEOPLE[target].items()}
    rows = [f"{name},{target},{number},,verified,," for name, number in chosen.items()]
    table = here.folder / "mappings" / "people.csv"
    before = (
        table.read_text() if table.exists() else "person,target,account,name,state,created,note\n"
    )
    table.write_text(before + "\n".join(rows) + "\n")
    return chosen


@pytest.mark.parametrize("project", PROJECTS)
def test_every_field_of_a_recorded_project_arrives(
    project: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = RECORDINGS / "launchpad" / "projects" / project
    with world(tmp_path / "ws", monkeypatch, project) as here:
        load_spec(here.launchpad, f"project:{folder}")
        here.also = ["nominations", "merge_proposals"]
        here.write_settings()
        accounts = {target: settle_people(here, target) for target in TARGETS}
        here.pull()
        for target in TARGETS:
            here.apply(target)
            there = reader_of(here, target).things()
            look = Checks(Recorded(folder), target, there, accounts[target]).all()
            assert not look.failures, f"{target}:\n" + "\n".join(look.failures)
            assert sum(look.found.values()) > 100
