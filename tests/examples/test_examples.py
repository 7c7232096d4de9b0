"""Every script of examples/ does what it says, on a workspace that was pulled from a stand-in."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tracker_migrate.backends.launchpad.standin import generate
from tracker_migrate.backends.launchpad.standin.server import LaunchpadStandIn
from tracker_migrate.cli.run import run
from tracker_migrate.testing.loopback import serving

EXAMPLES = Path(__file__).parents[2] / "examples"
_SETTINGS = """
[source]
specs = ["launchpad:gadget"]
address = "{address}"
per_second = 0
[targets.new]
sink = "storyboard:https://storyboard.example.org/api"
[targets.old]
sink = "maniphest:https://phorge.example.org"
"""


@pytest.fixture(scope="module")
def launchpad() -> Iterator[LaunchpadStandIn]:
    """A Launchpad with a project of 30 bugs."""
    standin = LaunchpadStandIn()
    generate(standin, bugs=30, blueprints=5)
    with serving(standin):
        yield standin


@pytest.fixture(scope="module")
def workspace(launchpad: LaunchpadStandIn, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace that was read into, with two targets that nobody asks."""
    folder = tmp_path_factory.mktemp("move")
    (folder / "migration.toml").write_text(_SETTINGS.format(address=launchpad.url))
    assert run(["pull", "-C", str(folder), "-q"]) == 0
    return folder


def script(name: str, *arguments: str | Path, say: str = "") -> subprocess.CompletedProcess[str]:
    """Run an example."""
    command = [sys.executable, str(EXAMPLES / name), *map(str, arguments)]
    return subprocess.run(
        command, input=say, capture_output=True, text=True, check=False, timeout=60
    )


def test_every_example_is_run_here() -> None:
    here = Path(__file__).read_text()
    for path in EXAMPLES.glob("*.py"):
        assert f'"{path.name}"' in here


def test_loss_by_field_tells_each_field_of_each_target(workspace: Path) -> None:
    done = script("loss_by_field.py", workspace)
    assert done.returncode == 0, done.stderr
    bugs = re.search(r"(\d+) bugs, \d+ tasks, \d+ comments; 0 of these", done.stdout)
    assert bugs is not None
    for target in ("new", "old"):
        assert f"\n{target}: " in done.stdout
    rows = [line for line in done.stdout.splitlines() if line.startswith("bug.title ")]
    assert [row.split() for row in rows] == [["bug.title", bugs[1]]] * 2
    lost = [line for line in done.stdout.splitlines() if line.startswith("comment.key ")]
    assert len(lost) == 2
    assert all("description" in line for line in lost)


def test_loss_by_field_of_one_target(workspace: Path) -> None:
    done = script("loss_by_field.py", workspace, "new")
    assert done.returncode == 0
    assert "\nold: " not in done.stdout


def test_loss_by_field_says_what_is_wrong(workspace: Path, tmp_path: Path) -> None:
    assert script("loss_by_field.py").returncode == 2
    done = script("loss_by_field.py", workspace, "nwe")
    assert done.returncode == 2
    assert 'did you mean "new"?' in done.stderr
    assert "is no workspace" in script("loss_by_field.py", tmp_path).stderr


def test_choose_puts_projects_and_trackers_side_by_side(workspace: Path) -> None:
    done = script("choose.py", workspace, workspace)
    assert done.returncode == 0, done.stderr
    rows = [line.split() for line in done.stdout.splitlines()[1:5]]
    assert [row[:2] for row in rows] == [
        ["launchpad:gadget", "storyboard"],
        ["launchpad:gadget", "maniphest"],
    ] * 2
    assert rows[:2] == rows[2:]
    assert "most of it is native at storyboard" in done.stdout


def test_coverage_of_people_grows_with_the_table(workspace: Path) -> None:
    before = script("people_coverage.py", workspace, "new")
    assert before.returncode == 0, before.stderr
    people, places = re.findall(r"\d+", before.stdout.splitlines()[0])[:2]
    assert before.stdout.splitlines()[0].endswith("0 of these are covered")
    first, count = before.stdout.splitlines()[1].split()[:2]
    table = workspace / "mappings" / "people.csv"
    table.parent.mkdir(exist_ok=True)
    table.write_text(f"person,target,account,name,state\n{first},new,7,Seven,verified\n")
    try:
        after = script("people_coverage.py", workspace, "new").stdout.splitlines()
    finally:
        table.unlink()
    told = f"{people} people are named in {places} places; {count} of these are covered"
    assert after[0] == told
    assert not any(line.startswith(f"{first} ") for line in after[1:])


def test_stale_names_what_nobody_has_touched(workspace: Path) -> None:
    old = script("stale.py", workspace, "--years", "1").stdout.splitlines()
    ages = script("stale.py", workspace, "--years", "100").stdout.splitlines()
    assert old[0] == ages[0] == "issue,address,last word,comments,title"
    assert len(old) > len(ages) == 1


def test_the_graph_of_blueprints_can_be_drawn(workspace: Path) -> None:
    done = script("blueprint_graph.py", workspace)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("digraph blueprints {")
    assert done.stdout.count("[label=") == 5
    assert done.stdout.rstrip().endswith("}")


def test_what_changed_between_two_readings(
    workspace: Path, launchpad: LaunchpadStandIn, tmp_path: Path
) -> None:
    later = tmp_path / "later"
    later.mkdir()
    (later / "migration.toml").write_text(_SETTINGS.format(address=launchpad.url))
    assert run(["pull", "-C", str(later), "-q", "--limit", "5"]) == 0
    done = script("what_changed.py", workspace, later)
    assert done.returncode == 0, done.stderr
    new, gone, changed = map(int, re.findall(r"\d+", done.stdout.splitlines()[0]))
    assert (new, changed) == (0, 0)
    assert gone > 5
    assert script("what_changed.py", workspace, workspace).stdout.startswith("0 new, 0 gone, 0 c")


@pytest.mark.parametrize("name", [path.name for path in EXAMPLES.glob("*.py")])
def test_an_example_says_what_is_wrong_in_a_line(name: str, tmp_path: Path) -> None:
    words = [str(tmp_path)] * (2 if name == "what_changed.py" else 1)
    words += ["new"] * (name == "people_coverage.py")
    done = script(name, *words)
    assert done.returncode == 2
    assert "is no workspace" in done.stderr
    assert "Traceback" not in done.stderr
