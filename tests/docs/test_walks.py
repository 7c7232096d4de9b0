"""What the README and the tutorial have one type is typed here, line by line and in that order;
against stand-ins, where they name a real server. What needs the network is left out, and named."""

from __future__ import annotations

import os
import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest

from tracker_migrate.backends.launchpad.standin import generate
from tracker_migrate.backends.launchpad.standin.server import LaunchpadStandIn
from tracker_migrate.backends.storyboard.standin import StoryBoardStandIn
from tracker_migrate.cli.run import run
from tracker_migrate.testing.loopback import serving

ROOT = Path(__file__).parents[2]
pytestmark = [pytest.mark.slow]


def section(page: str, heading: str) -> str:
    """What stands under a heading."""
    text = (ROOT / page).read_text(encoding="utf-8")
    return text.split(f"\n## {heading}\n", 1)[1].split("\n## ", 1)[0]


def lines(text: str) -> list[list[str]]:
    """The commands of the blocks of a text, without their comments, as words."""
    found = re.findall(r"^(?: {4})?tracker-migrate (.*)$", text, re.MULTILINE)
    return [shlex.split(one, comments=True) for one in found]


@pytest.fixture(autouse=True)
def nowhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An empty folder, and no login of anybody's."""
    for name in [one for one in os.environ if one.startswith("TRACKER_MIGRATE_")]:
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def servers() -> Iterator[tuple[LaunchpadStandIn, StoryBoardStandIn]]:
    """A Launchpad with a project, and a StoryBoard that is empty."""
    launchpad, storyboard = LaunchpadStandIn(), StoryBoardStandIn()
    generate(launchpad, bugs=15, blueprints=3)
    with serving(launchpad), serving(storyboard):
        yield launchpad, storyboard


def test_the_move_of_the_readme_goes_through(
    servers: tuple[LaunchpadStandIn, StoryBoardStandIn],
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    launchpad, storyboard = servers
    typed = lines(section("README.md", "A move in eight commands"))
    assert len(typed) == 8
    there = {"launchpad:lava": "launchpad:gadget"}
    there["new=storyboard:https://storyboard.example.org/api"] = f"new=storyboard:{storyboard.url}"
    for number, words in enumerate(typed):
        typed[number] = [there.get(word, word) for word in words]
    assert {word for words in typed for word in words} >= {*there.values()}
    init, *others = typed
    assert run([*init, "--offline"]) == 0
    settings = Path("my-move/migration.toml")
    source = f'[source]\naddress = "{launchpad.url}"\nper_second = 0'
    text = settings.read_text(encoding="utf-8").replace("[source]", source, 1)
    settings.write_text(text)
    for words in others:
        if words[0] == "apply":  # what the README says of it: from here on there has to be a token
            monkeypatch.setenv("TRACKER_MIGRATE_NEW_TOKEN", "token-of-super")
        once = ["--once"] if words[0] == "sync" else []
        assert run([*words, *once]) == 0, (words, capfd.readouterr().err)
        capfd.readouterr()
    assert Path("my-move/reports/new/verify.html").is_file()
    assert run(["export", "redirects", "-C", "my-move", "-T", "new", "-f", "nginx"]) == 0
    assert capfd.readouterr().out.count("/#!/story/") >= 15


def test_the_tutorial_goes_through(capfd: pytest.CaptureFixture[str]) -> None:
    [demo] = lines(section("docs/tutorial.md", "A whole move"))
    smaller = {"40": "10", "5": "2"}
    assert demo[:2] == ["demo", "demo"]
    assert run([smaller.get(word, word) for word in demo]) == 0, capfd.readouterr().err
    capfd.readouterr()
    for path in re.findall(r"`(demo/[\w./-]+)`", section("docs/tutorial.md", "Look at it")):
        assert Path(path).exists(), path
    for words in lines(section("docs/tutorial.md", "Look at it")):
        assert run(words) == 0, words
        assert capfd.readouterr().out
    abroad = lines(section("docs/tutorial.md", "Your own project"))
    assert [words[0] for words in abroad] == ["evaluate", "show"]
