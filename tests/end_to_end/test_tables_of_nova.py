"""The tables of a real project: all of its names are offered, a community's table finds who has an
account, and what is wrong is told by weight."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from tests.end_to_end.world import RECORDINGS, World, needs_shared, world
from tracker_migrate.backends.launchpad.standin.load import load_spec
from tracker_migrate.backends.storyboard.standin.personas import Persona
from tracker_migrate.cli.run import run
from tracker_migrate.model import name_of
from tracker_migrate.workspace import Workspace

pytestmark = needs_shared
KNOWN = 60


def told(here: World, capfd: pytest.CaptureFixture[str], *arguments: str) -> dict[str, Any]:
    """What a command says as JSON; it ends well, or with differences."""
    capfd.readouterr()
    assert run([*arguments, "-C", str(here.folder), "--json"]) in (0, 4)
    return dict(json.loads(capfd.readouterr().out))


@pytest.mark.slow
def test_the_tables_of_a_real_project(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    with world(tmp_path / "ws", monkeypatch, "nova-sample") as here:
        load_spec(here.launchpad, f"wire:{RECORDINGS / 'launchpad' / 'wire'}/nova-sample.jsonl.gz")
        here.pull()
        with Workspace(here.folder) as held:
            issues, tags = list(held.archive.issues()), held.archive.public_tags()
            people = sorted(held.archive.entities("person"), key=lambda one: one.name)
        offered = told(here, capfd, "map", "fill")["offered"]
        assert offered["tags.csv"] == len(tags) > 100
        table = (here.folder / "mappings" / "people.csv").read_text()
        named = {name_of(one.author) for one in issues if one.author is not None}
        assert all(f"\n#? {name}," in table for name in named)
        assert re.search(r"^#\? hudson-openstack,,,[^,]*,bot,", table, re.MULTILINE)
        assert set(told(here, capfd, "map", "fill")["offered"].values()) == {0}

        chosen = [one for one in people if one.name in named and "person-" in one.name][:KNOWN]
        _with_accounts(here, tmp_path, [one.name for one in chosen])
        file = str(tmp_path / "default_data.json")
        found = told(here, capfd, "map", "import", file, "-T", "storyboard")["storyboard"]
        assert {one["person"] for one in found["suggested"]} == {one.name for one in chosen}
        assert all(one["score"] == 0.99 for one in found["suggested"])
        table = (here.folder / "mappings" / "people.csv").read_text()
        assert "lab.example" not in table
        path = here.folder / "mappings" / "people.csv"
        path.write_text(table.replace(",suggested,", ",verified,"))
        checked = told(here, capfd, "map", "check", "-T", "storyboard", "--ask")["storyboard"]
        assert checked["mapped"] == KNOWN
        assert checked["undated"] == sum(one.created is None for one in chosen)
        assert not checked["gone"]
        assert not checked["dead"]
        assert not checked["suspended"]
        weights = [one["issues"] for one in checked["unmapped"]]
        assert weights == sorted(weights, reverse=True)
        assert weights[0] > 100, "the bot is said to be one by nobody yet"


def _with_accounts(here: World, folder: Path, names: list[str]) -> None:
    """Accounts whose names say nothing, and a table that knows their addresses."""
    users = []
    for number, name in enumerate(names):
        mail = f"u{number}@lab.example"
        here.storyboard.add_user(Persona(full_name=f"Zed {number:04d}", email=mail))
        users.append({"launchpad_id": name, "user_name": name, "emails": [mail.upper()]})
    (folder / "default_data.json").write_text(json.dumps({"users": users}))
