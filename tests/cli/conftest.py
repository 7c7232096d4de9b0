"""The command line against stand-ins: a pulled workspace to spoil; what each ending keeps to."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec
import pytest

from tests.end_to_end.world import conduit_token
from tracker_migrate.backends.launchpad.standin import generate
from tracker_migrate.backends.launchpad.standin.server import LaunchpadStandIn
from tracker_migrate.backends.maniphest.standin import ManiphestStandIn
from tracker_migrate.backends.storyboard.standin import StoryBoardStandIn
from tracker_migrate.cli.run import run
from tracker_migrate.testing.loopback import serving
from tracker_migrate.workspace import Workspace

OWNER = "lab-client TOKEN-of-gadget-owner SECRET-of-gadget-owner"
#: what no message may ever hold
SECRETS = (
    "token-of-super",
    "token-of-normal",
    conduit_token("importbot"),
    "TOKEN-of-gadget-owner",
    "SECRET-of-gadget-owner",
    "hunter2",
)


class Ended(msgspec.Struct, frozen=True):
    """How a command ended."""

    status: int
    out: str
    err: str


def source_of(launchpad: LaunchpadStandIn) -> str:
    """The part of a migration.toml that says what is read."""
    lines = ['specs = ["launchpad:gadget"]', f'address = "{launchpad.url}"', "per_second = 0"]
    return "\n".join(["[source]", *lines])


class Servers(msgspec.Struct, frozen=True):
    """The three trackers."""

    launchpad: LaunchpadStandIn
    storyboard: StoryBoardStandIn
    maniphest: ManiphestStandIn

    def settings(self, *, source: str = "", targets: bool = True) -> str:
        """A migration.toml that reads from and writes to them."""
        lines = [source_of(self.launchpad), source]
        if targets:
            lines += ["[targets.new]", f'sink = "storyboard:{self.storyboard.url}"']
            lines += ["settle_seconds = 0.2"]
            lines += ["[targets.old]", f'sink = "maniphest:{self.maniphest.url}"']
            lines += ["settle_seconds = 0.2"]
        return "\n".join(lines) + "\n"


Cli = Callable[..., Ended]


@pytest.fixture(scope="session")
def launchpad() -> Iterator[LaunchpadStandIn]:
    """A Launchpad with a project of 20 bugs, which no test changes."""
    standin = LaunchpadStandIn()
    generate(standin, bugs=20, blueprints=2)
    with serving(standin):
        yield standin


@pytest.fixture
def standins(launchpad: LaunchpadStandIn) -> Iterator[Servers]:
    """The three trackers; the targets are empty."""
    servers = Servers(launchpad, StoryBoardStandIn(), ManiphestStandIn())
    with serving(servers.storyboard), serving(servers.maniphest):
        yield servers


@pytest.fixture(scope="session")
def pulled(launchpad: LaunchpadStandIn, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace that has been read into, to be copied."""
    folder = tmp_path_factory.mktemp("pulled")
    (folder / "migration.toml").write_text(source_of(launchpad))
    (folder / "mappings").mkdir()
    assert run(["pull", "-C", str(folder), "-q"]) == 0
    return folder


@pytest.fixture
def workspace(
    pulled: Path, standins: Servers, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Path]:
    """A workspace of one's own, with both tokens in the environment."""
    for name in list(os.environ):
        if name.startswith("TRACKER_MIGRATE_"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("TRACKER_MIGRATE_NEW_TOKEN", "token-of-super")
    monkeypatch.setenv("TRACKER_MIGRATE_OLD_TOKEN", conduit_token("importbot"))
    folder = tmp_path / "move"
    shutil.copytree(pulled, folder)
    (folder / "migration.toml").write_text(standins.settings())
    monkeypatch.chdir(folder)
    yield folder
    for standin in (standins.launchpad, standins.storyboard, standins.maniphest):
        standin.faults.clear()


def check(ended: Ended, private: tuple[str, ...] = ()) -> Ended:
    """What holds for every ending: no traceback, no secret; a failure is told in lines that begin
    with `error:`."""
    said = ended.out + ended.err
    assert "Traceback" not in said
    assert "a bug in tracker-migrate" not in said
    for secret in (*SECRETS, *private):
        assert secret not in said
    if ended.status in (1, 2, 5, 6, 7, 8):
        assert ended.out == ""
        errors = [line for line in ended.err.splitlines() if line.startswith("error: ")]
        assert errors, "it fails without a word"
        assert not any(re.search(r"<html|\{\"|error: error", line) for line in errors)
    return ended


@pytest.fixture
def cli(capfd: pytest.CaptureFixture[str]) -> Cli:
    """Run the command line in this process."""

    def called(*arguments: str | Path, private: tuple[str, ...] = ()) -> Ended:
        capfd.readouterr()
        status = run([str(one) for one in arguments])
        out, err = capfd.readouterr()
        return check(Ended(status, out, err), private)

    return called


def started(folder: Path, *arguments: str) -> subprocess.Popen[str]:
    """Start the command in a process of its own, inside a workspace."""
    command = [sys.executable, "-m", "tracker_migrate", *arguments]
    return subprocess.Popen(
        command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def ended(process: subprocess.Popen[str], seconds: float = 60.0) -> Ended:
    """Wait for a process, and check its ending."""
    try:
        out, err = process.communicate(timeout=seconds)
    except subprocess.TimeoutExpired:
        process.kill()
        raise
    return check(Ended(process.returncode, out, err))


def until(true: Callable[[], bool], seconds: float = 30.0) -> None:
    """Wait until something is true."""
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "it did not come to pass"
        time.sleep(0.01)


def texts(folder: Path) -> tuple[str, ...]:
    """Titles of private issues in a workspace's archive."""
    with Workspace(folder) as held:
        return tuple(issue.title for issue in held.archive.issues() if issue.private)
