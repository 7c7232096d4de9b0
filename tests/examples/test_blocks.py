"""The code blocks of the documents run, one after another, page by page."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.examples.test_examples import _SETTINGS
from tracker_migrate.backends.launchpad.standin import generate
from tracker_migrate.backends.launchpad.standin.server import LaunchpadStandIn
from tracker_migrate.cli.commands import cli
from tracker_migrate.cli.run import run
from tracker_migrate.testing.loopback import serving

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
_PYTHON = re.compile(r"^```python\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_COMMAND = re.compile(r"(?:^(?: {4}|\$ )?|`)tracker-migrate ([a-z][^`\n#]*)", re.MULTILINE)
#: blocks that are shown by their files, which have tests of their own
_SHOWN = {"plugins.md"}


def blocks() -> Iterator[Any]:
    """Each page with Python in it, and its blocks."""
    for page in PAGES:
        found = _PYTHON.findall(page.read_text(encoding="utf-8"))
        if found and page.name not in _SHOWN:
            yield pytest.param(found, id=page.name)


@pytest.fixture(scope="module")
def move(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder with a workspace `nova-move` that was read into, from a server that still runs."""
    standin, folder = LaunchpadStandIn(), tmp_path_factory.mktemp("blocks")
    generate(standin, bugs=12, blueprints=2)
    (folder / "nova-move" / "mappings").mkdir(parents=True)
    with serving(standin):
        settings = _SETTINGS.format(address=standin.url)
        (folder / "nova-move" / "migration.toml").write_text(settings)
        assert run(["pull", "-C", str(folder / "nova-move"), "-q"]) == 0
        yield folder


@pytest.mark.parametrize("found", [*blocks()])
def test_the_blocks_of_a_page_run(
    found: list[str], move: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(move)
    names: dict[str, Any] = {"folder": tmp_path}
    for block in found:
        exec(compile(block, "<block>", "exec"), names)


def test_the_block_about_faults_runs() -> None:
    """Of the page on plug-ins the one block that is no file's: a proxy before a server that need
    not be there yet."""
    *_, block = _PYTHON.findall((ROOT / "docs" / "plugins.md").read_text(encoding="utf-8"))
    assert "faulty(" in block
    exec(compile(block, "<block>", "exec"), {})


def commands() -> Iterator[Any]:
    """Each page, and the commands that it shows."""
    for page in PAGES:
        found = _COMMAND.findall(page.read_text(encoding="utf-8"))
        if found:
            yield pytest.param(found, id=page.name)


@pytest.mark.parametrize("found", [*commands()])
def test_the_commands_of_a_page_exist_with_their_options(found: list[str]) -> None:
    for line in found:
        name, *words = line.split()
        command: Any = cli.commands.get(name)
        assert command is not None, line
        while hasattr(command, "commands") and words and words[0] in command.commands:
            command = command.commands[words.pop(0)]
        inner = command.commands.values() if hasattr(command, "commands") else ()
        known = {word for one in (command, *inner) for of in one.params for word in of.opts}
        known |= {word for of in command.params for word in of.secondary_opts} | {"--help", "-h"}
        options = {word for word in words if re.fullmatch(r"--?[a-zA-Z][a-z-]*", word)}
        assert options <= known, line
