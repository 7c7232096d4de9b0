"""The smallest package of docs/plugins.md, installed as somebody else would be: found, proven."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

DOCS = (Path(__file__).parents[2] / "docs" / "plugins.md").read_text(encoding="utf-8")
#: enough of the suite to know that it runs, and that a run with the engine does
SOME = "lost_reply or second_run or closed or stranger"


def block(name: str) -> str:
    """The code block under a file's name; of several, the last one: the smallest package's."""
    under = rf"^`{re.escape(name)}`\n\n```\w+\n(.*?)^```$"
    found = re.findall(under, DOCS, re.MULTILINE | re.DOTALL)
    assert found, name
    return str(found[-1])


def installed(folder: Path, shelf: str) -> Path:
    """The package, built and installed by pip without any index; where it is."""
    source, site = folder / "migrate-shelf", folder / "site"
    source.mkdir()
    (source / "setup.cfg").write_text(block("setup.cfg"))
    (source / "pyproject.toml").write_text(
        '[build-system]\nrequires = ["setuptools"]\nbuild-backend = "setuptools.build_meta"\n'
    )
    (source / "shelf.py").write_text(shelf)
    how = ["--no-deps", "--no-build-isolation", "--no-index", "--quiet", "--target", str(site)]
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "install", *how]
    ran = subprocess.run([*pip, str(source)], capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr
    (folder / "test_shelf.py").write_text(block("test_shelf.py"))
    return site


def run(site: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """A Python that has the package."""
    paths = [str(site), os.environ.get("PYTHONPATH", "")]
    env = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, paths))}
    command = [sys.executable, *arguments]
    return subprocess.run(
        command, cwd=site.parent, env=env, capture_output=True, text=True, check=False
    )


def suite(site: Path, which: str) -> subprocess.CompletedProcess[str]:
    """The package's own tests, as its author runs them."""
    return run(site, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-k", which, "test_shelf.py")


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return installed(tmp_path_factory.mktemp("outside"), block("shelf.py"))


def test_it_is_found_by_its_entry_point(site: Path) -> None:
    opened = "from tracker_migrate import registry; print(registry.names('sinks'), "
    opened += "registry.open_sink('shelf:here', {}, 'importer').tracker)"
    assert "['maniphest', 'shelf', 'storyboard'] shelf" in run(site, "-c", opened).stdout
    command = "from tracker_migrate.cli import main; main()"
    made = run(
        site,
        "-c",
        command,
        "init",
        "ws",
        "--offline",
        "--from",
        "launchpad:nova",
        "--to",
        "my=shelf:https://shelf.example",
    )
    assert made.returncode == 0, made.stderr + made.stdout
    unknown = run(
        site,
        "-c",
        command,
        "init",
        "w2",
        "--offline",
        "--from",
        "launchpad:nova",
        "--to",
        "my=shelve:https://shelf.example",
    )
    assert unknown.returncode == 2
    assert "shelf" in unknown.stderr


def test_its_suite_passes(site: Path) -> None:
    ran = suite(site, SOME)
    assert ran.returncode == 0, ran.stdout[-3000:]
    assert re.search(r"\d+ passed", ran.stdout)


def test_a_broken_one_is_told_what_to_do(tmp_path: Path) -> None:
    blind = "class ShelfSink(MemorySink):\n    def find(self, step, mark):\n        return None\n"
    shelf = block("shelf.py").replace("class ShelfSink(MemorySink):\n", blind)
    ran = suite(installed(tmp_path, shelf), "lost_reply")
    assert ran.returncode == 1
    assert "once: what was sent stands there once, whatever became of the reply" in ran.stdout
    assert re.search(r"seen:     \w+\.create met `lose` .* 2 times", ran.stdout)
    assert "to do:    raise Doubtful for a reply that is lost" in ran.stdout
    assert "conformance/laws.py" not in ran.stdout, "the kit's own lines are nobody's business"


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("", "needs INTERFACE = 1"),
        ("INTERFACE = 99", "version 99 of tracker_migrate.interfaces"),
        ("INTERFACE = 99", "this is version 1: update tracker-migrate"),
        ("INTERFACE = 0", "update the package of shelf"),
    ],
)
def test_one_for_another_version_is_refused(
    site: Path, tmp_path: Path, line: str, says: str
) -> None:
    there = tmp_path / "site"
    there.mkdir()
    for one in site.iterdir():
        (there / one.name).symlink_to(one)
    (there / "shelf.py").unlink()
    (there / "shelf.py").write_text(re.sub("INTERFACE = 1.*", line, block("shelf.py")))
    script = "from tracker_migrate import registry; registry.planner('shelf', {})"
    assert says in run(there, "-c", script).stderr


def test_what_ships_needs_no_pytest() -> None:
    script = "import sys, tracker_migrate.testing, tracker_migrate.testing.memory, "
    script += "tracker_migrate.testing.loopback, tracker_migrate.testing.proxy; "
    script += "print({'pytest', 'hypothesis', 'tracker_migrate.engine'} & set(sys.modules))"
    ran = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "set()"
