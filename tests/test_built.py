"""What is given out: the sdist holds all that is in version control, and the wheel that is made of
it all that the program needs."""

from __future__ import annotations

import email
import os
import shutil
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

from tests.test_packages import MOUNTED, declared
from tracker_migrate import __version__

ROOT = Path(__file__).parents[1]
pytestmark = pytest.mark.xdist_group("built")


def tracked() -> list[str]:
    """What is in version control; a skip with a word where nothing says so."""
    command = ["git", "-C", str(ROOT), "ls-files", "-z"]
    try:
        ran = subprocess.run(command, capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("this is no checkout: nothing says what is in version control")
    return [name for name in ran.stdout.split("\0") if name and (ROOT / name).exists()]


def build(what: str, source: Path, out: Path) -> Path:
    """What setuptools builds of a tree, as pip and `build` have it done."""
    script = f"import sys; from setuptools import build_meta; print(build_meta.{what}(sys.argv[1]))"
    ran = subprocess.run(
        [sys.executable, "-c", script, str(out)],
        cwd=source,
        env={name: value for name, value in os.environ.items() if name != "PYTHONPATH"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr[-2000:]
    return out / ran.stdout.splitlines()[-1]


@pytest.fixture(scope="module")
def sdist(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The sdist of a clean checkout."""
    folder = tmp_path_factory.mktemp("sdist")
    for name in tracked():
        target = folder / "source" / name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(ROOT / name, target, follow_symlinks=False)
    return build("build_sdist", folder / "source", folder)


@pytest.fixture(scope="module")
def wheel(sdist: Path) -> zipfile.ZipFile:
    """The wheel that is built of the sdist."""
    with tarfile.open(sdist) as file:
        file.extractall(sdist.parent / "unpacked", filter="data")
    [source] = (sdist.parent / "unpacked").iterdir()
    return zipfile.ZipFile(build("build_wheel", source, sdist.parent))


def test_the_sdist_holds_all_that_is_in_version_control(sdist: Path) -> None:
    with tarfile.open(sdist) as file:
        held = {one.name.partition("/")[2] for one in file.getmembers() if one.isfile()}
    links = {f"tracker_migrate/{folder}" for folder in MOUNTED}
    assert set(tracked()) - held == links, "what the sdist lacks"


def test_the_wheel_holds_every_module_and_what_they_read(wheel: zipfile.ZipFile) -> None:
    held = set(wheel.namelist())
    for name in tracked():
        package = _as_installed(name)
        if package is not None and not name.endswith(".md"):
            assert package in held, name
    for name in ("py.typed", "mappings/defaults/states.toml", "workspace/migrations/env.py"):
        assert f"tracker_migrate/{name}" in held
    for name in declared():
        assert f"{name.replace('.', '/')}/__init__.py" in held


def _as_installed(name: str) -> str | None:
    """Where a file of the tree is in the wheel; None if it is no part of the program."""
    top = name.partition("/")[0]
    if top in MOUNTED:
        return f"tracker_migrate/{name}"
    linked = name in {f"tracker_migrate/{folder}" for folder in MOUNTED}
    return name if top == "tracker_migrate" and not linked else None


def test_the_wheel_holds_nothing_else(wheel: zipfile.ZipFile) -> None:
    info = f"tracker_migrate-{__version__}.dist-info"
    tops = {name.partition("/")[0] for name in wheel.namelist()}
    assert tops == {"tracker_migrate", info}
    assert f"{info}/licenses/LICENSE" in wheel.namelist()


def test_the_wheel_says_its_version_and_licence_and_has_the_command(
    wheel: zipfile.ZipFile,
) -> None:
    info = f"tracker_migrate-{__version__}.dist-info"
    said = email.message_from_bytes(wheel.read(f"{info}/METADATA"))
    assert said["Version"] == __version__
    assert "Apache-2.0" in (said["License"], said["License-Expression"])
    assert said["Description-Content-Type"] == "text/markdown"
    assert {"analysis", "backdate", "operate", "postgres"} <= set(
        said.get_all("Provides-Extra", [])
    )
    assert (
        "tracker-migrate = tracker_migrate.cli:main"
        in wheel.read(f"{info}/entry_points.txt").decode()
    )


def test_the_changes_begin_with_this_version() -> None:
    said = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    versions = [line.split()[1] for line in said.splitlines() if line.startswith("## ")]
    assert __version__ in versions[:2]
    assert versions[0] in ("Unreleased", __version__)
