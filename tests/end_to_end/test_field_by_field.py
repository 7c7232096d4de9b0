"""Whole recorded projects arrive field by field: read back through the targets' APIs by a reader
that shares no code with the writers, and compared with Launchpad's raw replies."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.end_to_end.field_checks import STATUS_DATES, Checks
from tests.end_to_end.looking import NOT_LOOKED_FOR
from tests.end_to_end.recorded import Recorded, changed
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


#: what may change without being noticed, besides what nobody has to look for
UNNOTICED = {
    "bug_attachment.data_link",  # where the bytes are had: they have tests of their own
    "message.date_deleted",  # what was deleted stands nowhere, whenever that was
    "specification.is_complete",  # follows from the date
}


def reader_of(here: World, target: str) -> Any:
    """A reader of a target."""
    if target == "storyboard":
        return AtStoryBoard(here.storyboard.url)
    return AtManiphest(here.maniphest.url, conduit_token("importbot"))


def accounts_of(here: World, target: str) -> dict[str, str]:
    """The accounts that people of Launchpad's have at a target, by their names there."""
    accounts = reader_of(here, target).accounts
    return {name: accounts[known] for name, known in PEOPLE[target].items()}


def moved(here: World, project: str) -> Path:
    """Pull a recorded project, and write it to both targets; where its replies are."""
    folder = RECORDINGS / "launchpad" / "projects" / project
    load_spec(here.launchpad, f"project:{folder}")
    here.also = ["nominations", "merge_proposals"]
    here.write_settings()
    rows = ["person,target,account,name,state,created,note"]
    for target in TARGETS:
        known = accounts_of(here, target).items()
        rows += [f"{name},{target},{account},,verified,," for name, account in known]
    (here.folder / "mappings" / "people.csv").write_text("\n".join(rows) + "\n")
    here.pull()
    for target in TARGETS:
        here.apply(target)
    return folder


@pytest.mark.parametrize("project", PROJECTS)
def test_every_field_of_a_recorded_project_arrives(
    project: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with world(tmp_path / "ws", monkeypatch, project) as here:
        folder = moved(here, project)
        for target in TARGETS:
            there = reader_of(here, target).things()
            look = Checks(Recorded(folder), target, there, accounts_of(here, target)).all()
            assert not look.failures, f"{target}:\n" + "\n".join(look.failures)
            assert sum(look.found.values()) > 100


def test_the_reader_notices_each_field_that_is_not_what_launchpad_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each field that it found is changed in Launchpad's replies: then it must not be found."""
    project = "lab-alpha"
    with world(tmp_path / "ws", monkeypatch, project) as here:
        folder = moved(here, project)
        for target in TARGETS:
            there = reader_of(here, target).things()
            accounts = accounts_of(here, target)
            named, noticed = set(), set()
            for name, recorded in changed(Recorded(folder)):
                named.add(name)
                if name not in noticed and notices(Checks(recorded, target, there, accounts)):
                    noticed.add(name)
            unnoticed = {name for name in named - noticed if looked_for(name)}
            assert unnoticed == UNNOTICED, target


def looked_for(name: str) -> bool:
    """Whether somebody has to look for a field: of people and of lists the names are enough."""
    kind, _, field = name.partition(".")
    passed = {name, f"*.{field}"} & NOT_LOOKED_FOR.keys()
    return not passed and kind != "person" and not field.endswith("_collection_link")


def notices(checks: Checks) -> bool:
    """Whether something was not found; a word that Launchpad does not know is noticed, too."""
    try:
        return bool(checks.all().failures)
    except (KeyError, IndexError, AssertionError, ValueError):
        return True


#: fields that no recorded bug fills, as Launchpad would fill them
UNUSED_BUG = {
    "lock_status": "Comment-only",
    "lock_reason": "too heated",
    "name": "white-hole",
    "date_made_private": "2026-11-22T13:50:29+00:00",
    "who_made_private_link": "~name12",
}
UNUSED_TASK = {
    "status": "Fix Released",
    "status_explanation": "It is in 1.0.",
    "importance_explanation": "Nobody will miss it.",
    **{
        name: f"2026-11-22T14:{minute:02}:00+00:00"
        for minute, name in enumerate((*STATUS_DATES, "date_closed"))
    },
}


def test_fields_that_no_recorded_bug_uses_arrive_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with world(tmp_path / "ws", monkeypatch, "lab-alpha") as here:
        folder = moved(here, "lab-alpha")
        store = here.launchpad.store
        bug, task = store.bug(16), store.task(16, "lab-alpha")
        assert bug is not None
        assert task is not None
        with here.launchpad.lock:
            store.put_bug(16, {**bug.data, **UNUSED_BUG})
            store.put_task(16, "lab-alpha", {**task.data, **UNUSED_TASK}, "")
        here.pull(full=True)
        truth = Recorded(folder).with_row("bugs/16", "bugs/16", UNUSED_BUG)
        truth = truth.with_row("bugs/16/bug_tasks", "lab-alpha/+bug/16", UNUSED_TASK)
        for target in TARGETS:
            here.apply(target)
            there = reader_of(here, target).things()
            look = Checks(truth, target, there, accounts_of(here, target)).all()
            assert not look.failures, f"{target}:\n" + "\n".join(look.failures)
            assert {f"bug.{name}" for name in UNUSED_BUG} <= look.found.keys()
            assert {f"bug_task.{name}" for name in UNUSED_TASK} <= look.found.keys()
