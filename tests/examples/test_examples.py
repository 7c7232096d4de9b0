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
    """A Launchpad with a project of 20 bugs."""
    standin = LaunchpadStandIn()
    generate(standin, bugs=20, blueprints=2)
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
