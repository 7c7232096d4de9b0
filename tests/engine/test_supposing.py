"""Other tables and targets are tried without a file or a row being touched."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path

import pytest

import tracker_migrate as tm
from tracker_migrate.backends.launchpad.standin import generate
from tracker_migrate.backends.launchpad.standin.server import LaunchpadStandIn
from tracker_migrate.engine.evaluate import Column
from tracker_migrate.testing.loopback import serving

SETTINGS = """
[source]
specs = ["launchpad:gadget"]
address = "{address}"
per_second = 0
[targets.old]
sink = "maniphest:https://phorge.example.org"
"""


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tm.Workspace]:
    """What was read of a project of 15 bugs, with a target that nobody asks."""
    standin, folder = LaunchpadStandIn(), tmp_path_factory.mktemp("move")
    generate(standin, bugs=15, blueprints=2)
    (folder / "mappings").mkdir()
    (folder / "mappings" / "tags.csv").write_text("tag,target,becomes\n")
    with serving(standin):
        (folder / "migration.toml").write_text(SETTINGS.format(address=standin.url))
        with tm.Workspace(folder) as held:
            tm.pull(held)
            yield held


def told(column: Column) -> tuple[int, dict[str, int], dict[str, int]]:
    return column.moved, column.outcomes(), column.requests


def traces(workspace: tm.Workspace) -> dict[str, str]:
    """What stands in the workspace's files, but for its database."""
    files = [one for one in workspace.folder.rglob("*") if one.is_file()]
    return {
        str(one): hashlib.sha256(one.read_bytes()).hexdigest()
        for one in files
        if "workspace.db" not in one.name
    }


def test_a_tracker_that_is_no_target_is_judged_by_the_same_archive(
    workspace: tm.Workspace,
) -> None:
    (own,) = tm.evaluate(workspace).columns
    (named,) = tm.evaluate(workspace, "old").columns
    (tracker,) = tm.evaluate(workspace, "maniphest").columns
    assert told(own) == told(named) == told(tracker)
    other, _ = tm.evaluate(workspace, "storyboard", "maniphest").columns
    assert other.sink == "storyboard"
    assert told(other) != told(own)


def test_another_setting_is_tried(workspace: tm.Workspace) -> None:
    (one,) = tm.evaluate(workspace, "old", options={"task_mode": "one"}).columns
    (usual,) = tm.evaluate(workspace, "old").columns
    assert sum(one.objects.values()) < sum(usual.objects.values())


def test_other_tables_are_tried_and_no_file_is_touched(workspace: tm.Workspace) -> None:
    before = traces(workspace)
    stay = "source,target,place,branch,move\ngadget,old,gadget,,no\n"
    (none,) = tm.evaluate(workspace, "old", tables={"projects.csv": stay}).columns
    assert "none of its projects is moved" in none.refused
    (again,) = tm.evaluate(workspace, "old").columns
    assert again.moved > none.moved + 10
    assert "none of its projects is moved" not in again.refused
    assert traces(workspace) == before


def test_tables_may_be_a_folder(workspace: tm.Workspace, tmp_path: Path) -> None:
    (tmp_path / "states.toml").write_text('[maniphest.status]\n"New" = "resolved"\n')
    (found,) = tm.evaluate(workspace, "old", tables=tmp_path).columns
    assert found.moved > 0


def test_a_wrong_table_is_told_as_ever(workspace: tm.Workspace) -> None:
    with pytest.raises(tm.MigrateError, match=r"people\.csv"):
        tm.evaluate(workspace, "old", tables={"people.csv": "nonsense\n"})


def test_a_name_that_is_nothing_is_told(workspace: tm.Workspace) -> None:
    with pytest.raises(tm.MigrateError, match='"jira" is neither a target nor a tracker'):
        tm.evaluate(workspace, "jira")


def test_a_supposed_target_holds_nothing(workspace: tm.Workspace) -> None:
    with tm.suppose(workspace) as supposed:
        assert tm.plan(supposed, "old").update.total() == 0
        assert tm.plan(supposed, "old").create.total() > 15
