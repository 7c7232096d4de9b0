"""`adopt` as people meet it: what it says, and what it ends with."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import pytest

from tests.cli.conftest import Cli, Servers

_EDIT = """UPDATE task SET title = 'Mine' WHERE id =
(SELECT min(id) FROM task WHERE title NOT LIKE 'Doubled: %')"""


@pytest.fixture
def lost(cli: Cli, workspace: Path) -> Path:
    """A workspace that has written to both targets, and whose state is gone."""
    assert cli("apply", "-q").status == 0
    shutil.rmtree(workspace / "state")
    assert cli("pull", "-q").status == 0
    return workspace


def writes(standins: Servers) -> int:
    """How many writing requests both targets have had."""
    return standins.storyboard.writes + standins.maniphest.writes


def test_it_rebuilds_and_the_next_apply_writes_nothing(
    cli: Cli, lost: Path, standins: Servers
) -> None:
    before = writes(standins)
    told = cli("adopt")
    assert told.status == 0
    assert re.search(r"adopted new: \d+ issues, \d+ objects of ours stand there", told.out)
    assert cli("apply").status == 0
    assert writes(standins) == before
    assert cli("verify").status == 0


def test_a_dry_run_names_what_it_would_do_and_does_nothing(cli: Cli, lost: Path) -> None:
    told = cli("adopt", "-n", "-T", "old")
    assert told.status == 0
    assert "would adopt old" in told.out
    assert "would be known from now on" in told.out
    assert re.search(r"task launchpad:bug:\d+ at http://\S+/T\d+", told.out)
    again = json.loads(cli("adopt", "-T", "old", "--json").out)["old"]
    assert again["added"] == again["objects"] > 0


def test_json_is_one_document(cli: Cli, lost: Path) -> None:
    told = json.loads(cli("adopt", "-n", "--json").out)
    assert sorted(told) == ["new", "old"]
    assert len(told["new"]["adds"]) == told["new"]["added"] + told["new"]["shared"]


def test_an_edit_ends_with_4_and_is_named(cli: Cli, lost: Path, standins: Servers) -> None:
    with standins.maniphest.lock:
        standins.maniphest.store.run(_EDIT)
    told = cli("adopt", "-T", "old")
    assert told.status == 4
    assert "differs, and stays" in told.out
    assert "Mine" not in told.out
    assert cli("adopt", "-T", "old", "--source-wins").status in (0, 4)
    assert cli("apply", "-T", "old").status == 0


def test_a_second_migration_of_the_same_is_told(
    cli: Cli, lost: Path, standins: Servers, tmp_path: Path
) -> None:
    """The numbers of a block are given anew, and so nothing of StoryBoard's stops it."""
    with standins.storyboard.lock:
        row = standins.storyboard.store.all("SELECT min(id) FROM task WHERE link LIKE 'http%'")
        copied = "title, status, priority, story_id, project_id, branch_id, link, creator_id"
        standins.storyboard.store.all(
            f"INSERT INTO task ({copied}, created_at) "
            f"SELECT {copied}, created_at FROM task WHERE id = {row[0][0]}"
        )
    told = cli("adopt", "-T", "new")
    assert told.status == 4
    assert re.search(r"task launchpad:task:\S+ at http://\S+/story/\d+|there twice", told.out)


def test_a_target_that_nobody_knows_is_a_usage_error(cli: Cli, workspace: Path) -> None:
    assert cli("adopt", "-T", "nowhere").status == 2


def test_without_a_login_it_says_where_one_goes(
    cli: Cli, workspace: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("TRACKER_MIGRATE_NEW_TOKEN")
    told = cli("adopt", "-T", "new")
    assert told.status == 7
    assert "TRACKER_MIGRATE_NEW_TOKEN" in told.err
