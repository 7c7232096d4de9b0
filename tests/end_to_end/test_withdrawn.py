"""What a private blueprint said and was called, and does no more once it is public, becomes public
nowhere: Launchpad keeps no log of blueprints, and shows nobody what was taken away."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.end_to_end.marks import found_in
from tests.end_to_end.reader import ManiphestReader, StoryBoardReader
from tests.end_to_end.spy_workspace import words_in_files
from tests.end_to_end.test_private import with_policies
from tests.end_to_end.test_vanished import Lab, lab
from tests.end_to_end.world import TARGETS, World, conduit_token
from tracker_migrate.cli.run import run
from tracker_migrate.workspace import Workspace

__all__ = ["lab"]
PLAIN = "gadget/+spec/plain-name"


@pytest.fixture
def private(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> Lab:
    """Its owner reads it; what is proprietary has readers at both targets."""
    token = "lab-client TOKEN-of-gadget-owner SECRET-of-gadget-owner"
    monkeypatch.setenv("TRACKER_MIGRATE_LAUNCHPAD", token)
    with_policies(lab.here)
    told = lab.here.folder / "mappings" / "privacy.toml"
    row = '[information_type]\n"Proprietary" = "security"'
    told.write_text(told.read_text().replace("[information_type]", row))
    return lab


def change(lab: Lab, path: str, **values: Any) -> str:
    """Change a blueprint, as its people do; its whiteboard as it was."""
    project = lab.project
    with project.launchpad.lock, project.store.transaction():
        held = project.store.item(path)
        assert held is not None
        new = f"gadget/+spec/{values.get('name', held.data['name'])}"
        if new != path:
            project.store.drop_item(path)
        project.store.put_item("specification", new, {**held.data, **values}, None, "gadget")
    return str(held.data["whiteboard"])


def told_at_maniphest(here: World, path: str) -> str:
    """All that somebody without rights is told there of a blueprint's tasks, and of how they came
    to be."""
    with Workspace(here.folder) as workspace:
        held = workspace.ledger("maniphest").of_issue(f"launchpad:blueprint:{path}")  # type: ignore[arg-type]
    said = []
    for task in [one.at.id for one in held.values() if one.kind in ("task", "subtask")]:
        asked = {"objectIdentifier": task, "__conduit__": {"token": conduit_token("carol")}}
        sent = {"params": json.dumps(asked), "output": "json"}
        address = f"{here.maniphest.url}/api/transaction.search"
        said.append(requests.post(address, data=sent, timeout=30).text)
    assert said
    reader = ManiphestReader(here.maniphest.url, conduit_token("carol"))
    return "".join(said) + repr(reader.by_permalink())


def test_words_that_were_taken_away_are_in_no_history_that_everybody_reads(private: Lab) -> None:
    here, path = private.here, private.project.blueprint("Proprietary")
    here.pull()
    private.apply()
    (word,) = found_in(change(private, path, whiteboard="Harmless now."))
    here.pull()
    private.apply()
    private.project.turn(path, "Public")
    here.pull()
    private.apply()
    assert word not in told_at_maniphest(here, path)
    with Workspace(here.folder) as workspace:
        (aside,) = workspace.ledger("maniphest").in_state("aside")
        assert "have it removed there, or accept it in privacy.toml" in aside.reason
        assert not [*workspace.ledger("storyboard").in_state("aside")]
    assert "Harmless now." in repr(StoryBoardReader(here.storyboard.url).by_permalink())
    accepted = here.folder / "mappings" / "privacy.toml"
    row = f'[exposed]\n"launchpad:blueprint:{path}" = "accept"\n'
    accepted.write_text(f"{accepted.read_text()}\n{row}")
    here.apply("maniphest", retry=True)
    assert word in told_at_maniphest(here, path), "a person has said so"


@pytest.mark.parametrize("more", [False, True])
def test_where_nothing_was_taken_away_it_is_opened(private: Lab, more: bool) -> None:
    here, path = private.here, private.project.blueprint("Proprietary")
    here.pull()
    private.apply()
    (word,) = found_in(before := change(private, path))
    if more:
        change(private, path, whiteboard=f"Long ago: {before}")
    here.pull()
    private.apply()
    private.project.turn(path, "Public")
    here.pull()
    private.apply()
    told = told_at_maniphest(here, path)
    assert word in told
    assert ("Long ago" in told) == more


def renamed(lab: Lab) -> str:
    """A blueprint that got another name, and then everybody may read it; the old name."""
    path = lab.project.blueprint("Proprietary")
    lab.here.pull()
    lab.apply()
    change(lab, path, name="plain-name", information_type="Public")
    lab.here.pull(full=True)
    lab.apply()
    return path.rpartition("/")[2]


def exported(lab: Lab, *more: str) -> frozenset[str]:
    """The marked words of all exports."""
    out = lab.here.folder.parent / f"out{len(more)}"
    out.mkdir(mode=0o700)
    at = ("-C", str(lab.here.folder), *more)
    assert run(["export", "tables", *at, str(out / "tables")]) == 0
    assert run(["export", "archive", *at, str(out / "archive")]) == 0
    for target in TARGETS:
        file = out / f"{target}.csv"
        assert run(["export", "redirects", *at, "-T", target, "-o", str(file)]) == 0
    return words_in_files(out)


def test_a_name_that_was_never_everybodys_is_in_no_export(private: Lab) -> None:
    name = renamed(private)
    assert name not in exported(private)
    out = private.here.folder.parent / "out0"
    rows = list(csv.DictReader((out / "storyboard.csv").read_text().splitlines()))
    assert {row["issue"] for row in rows} == {f"launchpad:blueprint:{PLAIN}"}
    assert name in exported(private, "--private")


def test_a_name_that_was_never_everybodys_is_told_at_no_target(private: Lab) -> None:
    name = renamed(private)
    assert name not in told_at_maniphest(private.here, f"gadget/+spec/{name}")
    assert name not in repr(StoryBoardReader(private.here.storyboard.url).by_permalink())


def test_a_name_that_was_never_everybodys_is_not_printed(
    private: Lab, capfd: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    name = renamed(private)
    capfd.readouterr()
    at = ("-C", str(private.here.folder), "-T", "maniphest")
    assert run(["plan", *at, "--objects", "-o", str(tmp_path / "x.plan")]) == 0
    run(["status", *at, "--refused"])
    assert name not in capfd.readouterr().out
    assert name not in (tmp_path / "x.plan").read_text()


def test_what_names_it_says_its_present_name(private: Lab) -> None:
    """A bug tells which blueprints name it: by the names that they have."""
    bug = private.project.bug()
    path = private.project.blueprint("Proprietary", bugs=[bug])
    private.here.pull()
    private.apply()
    change(private, path, name="plain-name", information_type="Public")
    private.here.pull(full=True)
    private.apply()
    with Workspace(private.here.folder) as workspace:
        (one,) = (one for one in workspace.archive.issues() if one.kind == "bug")
    (word,) = found_in(path)
    assert word not in repr([(each.label, each.url) for each in one.relations])


def test_a_name_that_everybody_knew_leads_there_still(lab: Lab) -> None:
    path = lab.project.blueprint()
    lab.here.pull()
    lab.apply()
    change(lab, path, name="plain-name")
    lab.here.pull(full=True)
    lab.apply()
    assert path.rpartition("/")[2] in exported(lab)


def test_a_status_that_changed_meanwhile_keeps_nothing_closed(private: Lab) -> None:
    here, path = private.here, private.project.blueprint("Proprietary")
    here.pull()
    private.apply()
    change(private, path, definition_status="Superseded")
    here.pull()
    private.apply()
    private.project.turn(path, "Public")
    here.pull()
    private.apply()
    with Workspace(here.folder) as workspace:
        for target in TARGETS:
            assert not [*workspace.ledger(target).in_state("aside")], target
