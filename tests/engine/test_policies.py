"""The table of policies in the settings: what it may say, and what is told of what it may not."""

from __future__ import annotations

from pathlib import Path

import pytest

from tracker_migrate.errors import UsageError
from tracker_migrate.workspace.policies import Policies, policies_of
from tracker_migrate.workspace.settings import load

_TARGETS = {
    "storyboard": "storyboard:https://story.example/api",
    "maniphest": "maniphest:https://phorge.example",
}


def settings(folder: Path, target: str, conflicts: str) -> Path:
    text = '[source]\nspecs = ["launchpad:nova"]\n[targets.there]\n'
    text += f'sink = "{_TARGETS[target]}"\n{conflicts}\n'
    (folder / "migration.toml").write_text(text)
    return folder


def told(folder: Path, target: str, conflicts: str) -> list[str]:
    """What is told of the settings."""
    with pytest.raises(UsageError) as error:
        load(settings(folder, target, conflicts), backends=True)
    return str(error.value).splitlines()


@pytest.mark.parametrize("target", _TARGETS)
def test_a_field_is_named_as_the_planner_names_it(tmp_path: Path, target: str) -> None:
    more = '[targets.there.conflicts]\ndefault = "both"\ntitle = "source"\nstatus = "target"'
    found = load(settings(tmp_path, target, more), backends=True)
    policies = policies_of(found.targets["there"])
    names = ("title", "status", "priority")
    assert [policies.of(name) for name in names] == ["source", "target", "both"]
    assert policies.told("priority") == "both kept"


def test_without_a_word_the_target_wins(tmp_path: Path) -> None:
    found = load(settings(tmp_path, "maniphest", ""), backends=True)
    assert policies_of(found.targets["there"]) == Policies(default="target")


def test_all_mistakes_are_told_at_once_with_what_may_stand_there(tmp_path: Path) -> None:
    more = '[targets.there.conflicts]\ntitel = "both"\nview = "target"\nstatus = "mine"'
    place = "migration.toml: targets.there.conflicts"
    names = "description, owner, parent, priority, projects, status, subtasks, task, title"
    known = f"no field of maniphest is called so: choose of {names}"
    access = "says who may read, which is no matter of policy (docs/conflicts.md): leave it out"
    assert sorted(told(tmp_path, "maniphest", more)) == [
        f"{place}.status: must be one of target, source, both",
        f"{place}.titel: {known}",
        f"{place}.view: {access}",
    ]


@pytest.mark.parametrize("value", ['"both"', "3", '["title"]'])
def test_what_is_no_table_is_told(tmp_path: Path, value: str) -> None:
    (line,) = told(tmp_path, "storyboard", f"conflicts = {value}")
    assert line.endswith('conflicts: must be a table: default = "target", title = "both"')


def test_a_value_that_is_no_word_is_told(tmp_path: Path) -> None:
    (line,) = told(tmp_path, "storyboard", "[targets.there.conflicts]\ntitle = [1]")
    assert line.endswith("conflicts.title: must be one of target, source, both")
