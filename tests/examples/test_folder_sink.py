"""The package of examples/folder-sink, built and installed as somebody else's: its own suite
passes, a project is moved with it, and docs/plugins.md shows it as it is."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import tracker_migrate as tm
from tracker_migrate.backends.launchpad.standin import generate
from tracker_migrate.backends.launchpad.standin.server import LaunchpadStandIn
from tracker_migrate.documents import place
from tracker_migrate.testing.loopback import serving

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "examples" / "folder-sink"
DOCS = (ROOT / "docs" / "plugins.md").read_text(encoding="utf-8")
pytestmark = pytest.mark.xdist_group("folder-sink")


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where pip has put the package, from a copy: a build leaves traces where it is made."""
    folder = tmp_path_factory.mktemp("outside")
    ignored = shutil.ignore_patterns("build", "*.egg-info", "__pycache__")
    shutil.copytree(PACKAGE, folder / "source", ignore=ignored)
    how = ["--no-deps", "--no-build-isolation", "--no-index", "--quiet", "--target"]
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "install", *how]
    ran = subprocess.run(
        [*pip, str(folder / "site"), str(folder / "source")],
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    return folder / "site"


def run(site: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """A Python that has the package."""
    paths = [str(site), os.environ.get("PYTHONPATH", "")]
    env = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, paths))}
    command = [sys.executable, *arguments]
    return subprocess.run(
        command, cwd=site.parent, env=env, capture_output=True, text=True, check=False
    )


def migrate(site: Path, *arguments: str) -> str:
    """What the command line prints; it has to end well."""
    done = run(site, "-m", "tracker_migrate", *arguments)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def launchpad() -> Iterator[LaunchpadStandIn]:
    """A Launchpad with a project."""
    standin = LaunchpadStandIn()
    generate(standin, bugs=12, blueprints=3)
    with serving(standin):
        yield standin


def test_its_own_suite_passes(installed: Path) -> None:
    tests = str(PACKAGE / "tests")
    ran = run(installed, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--rootdir", tests, tests)
    assert ran.returncode == 0, ran.stdout[-3000:]
    passed = re.search(r"(\d+) passed", ran.stdout)
    assert passed is not None
    assert int(passed[1]) > 50


def test_a_project_is_moved_and_read_and_taken_back(
    installed: Path, launchpad: LaunchpadStandIn, tmp_path: Path
) -> None:
    move, pages = str(tmp_path / "move"), tmp_path / "pages"
    target = f"pages=folder:{pages}"
    migrate(installed, "init", move, "--offline", "--from", "launchpad:gadget", "--to", target)
    settings = Path(move, "migration.toml")
    address = f'[source]\naddress = "{launchpad.url}"\nper_second = 0'
    settings.write_text(settings.read_text().replace("[source]", address, 1))
    migrate(installed, "pull", "-C", move)
    migrate(installed, "apply", "-C", move)
    migrate(installed, "verify", "-C", move)
    assert "created 0 · updated 0 · 0 requests" in migrate(installed, "apply", "-C", move)
    with tm.Workspace(move) as workspace:
        read = sorted(f"{place(key)}.html" for key in workspace.archive.issue_keys())
    shown = sorted(one.name for one in (pages / "site").glob("b*-*.html"))
    assert shown == read
    assert len(shown) > 10
    lists = (pages / "site" / "index.html").read_text()
    assert len(re.findall(r"<tr><td", lists)) == len(shown)
    migrate(installed, "undo", "-C", move, "--yes")
    assert not list((pages / "site").glob("b*-*.html"))
    assert not list((pages / "records").iterdir())


def test_the_walk_is_under_a_hundred_and_fifty_lines() -> None:
    code = [path.read_text() for path in (PACKAGE / "migrate_folder").glob("*.py")]
    assert sum(text.count("\n") for text in code) < 150


def test_the_walk_shows_the_package_as_it_is() -> None:
    for name in ("setup.cfg", "migrate_folder/__init__.py", "migrate_folder/site.py"):
        assert (PACKAGE / name).read_text().strip() in DOCS, name


def test_the_proof_that_is_shown_is_that_of_the_package() -> None:
    shown = DOCS.split("**4. The proof.**", 1)[1].split("\n## ", 1)[0]
    [path] = (PACKAGE / "tests").glob("test_*.py")
    pieces = re.findall(r"^```python\n(.*?)^```$", shown, re.MULTILINE | re.DOTALL)
    assert len(pieces) == 2
    assert all(piece in path.read_text() for piece in pieces)
    assert (PACKAGE / "pyproject.toml").read_text().strip() in DOCS
