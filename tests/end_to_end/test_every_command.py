"""Each command on a sample of a real project, one after another as a person would: how each ends,
and that nothing is printed that no reader should see."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from tests.end_to_end.world import RECORDINGS, conduit_token, needs_shared
from tests.screenshots.browser import wrong
from tracker_migrate.backends.launchpad.standin.load import load_spec
from tracker_migrate.backends.launchpad.standin.server import LaunchpadStandIn
from tracker_migrate.backends.maniphest.standin import ManiphestStandIn
from tracker_migrate.backends.storyboard.standin import StoryBoardStandIn
from tracker_migrate.cli.run import run
from tracker_migrate.testing.loopback import serving

pytestmark = [needs_shared, pytest.mark.slow]

BUGS = 277
SECRETS = ("token-of-super", conduit_token("importbot"))
#: what a template or a message shows if something was forgotten
UNDEFINED = re.compile(r"Traceback|Undefined|\{\{|\{%|<[\w.]+ object at 0x|\bNone\b|\bnan\b")
ADDRESS = re.compile(r"[\w.+-]+@[\w-]+\.[a-z]{2,}")
ESCAPE = re.compile("[\x00-\x08\x0b-\x1f\x7f\x9b]")


class Place(msgspec.Struct):
    """The three trackers, and where everything goes."""

    folder: Path
    launchpad: LaunchpadStandIn
    storyboard: StoryBoardStandIn
    maniphest: ManiphestStandIn

    @property
    def workspace(self) -> Path:
        return self.folder / "move"

    def targets(self) -> list[str]:
        new, old = f"new=storyboard:{self.storyboard.url}", f"old=maniphest:{self.maniphest.url}"
        return ["--to", new, "--to", old]


@pytest.fixture
def nova(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Place]:
    """The Nova sample at a Launchpad, and two trackers that are empty."""
    for name in [one for one in os.environ if one.startswith("TRACKER_MIGRATE_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("TRACKER_MIGRATE_NEW_TOKEN", SECRETS[0])
    monkeypatch.setenv("TRACKER_MIGRATE_OLD_TOKEN", SECRETS[1])
    monkeypatch.chdir(tmp_path)
    place = Place(tmp_path, LaunchpadStandIn(), StoryBoardStandIn(), ManiphestStandIn())
    load_spec(place.launchpad, f"wire:{RECORDINGS / 'launchpad' / 'wire'}/nova-sample.jsonl.gz")
    with serving(place.launchpad), serving(place.storyboard), serving(place.maniphest):
        yield place


def test_every_command_on_the_nova_sample(nova: Place, capfd: pytest.CaptureFixture[str]) -> None:
    def call(*words: object, status: int = 0, texts: bool = False) -> str:
        """Run a command, and look at all that it says. texts: it shows texts of bugs, in which
        anything may stand."""
        capfd.readouterr()
        ended = run([str(word) for word in words])
        out, err = capfd.readouterr()
        assert ended == status, f"{words[0]} ended with {ended}: {err}"
        for said in (out, err):
            assert not any(secret in said for secret in SECRETS)
            assert not ESCAPE.search(said)
            if not texts:
                assert not UNDEFINED.search(said), (words[0], UNDEFINED.search(said))
                assert not ADDRESS.search(said), (words[0], ADDRESS.search(said))
        return out

    def page(path: Path) -> str:
        """A page that a command wrote."""
        assert list(wrong(path)) == []
        text = path.read_text(encoding="utf-8")
        assert not re.search(r"\{\{|\{%|Undefined|object at 0x", text)
        return text

    launchpad = ("--address", nova.launchpad.url)
    spec, at, pages = "launchpad:nova-sample", ("-C", nova.workspace), nova.folder

    # before anything is decided
    told = call("evaluate", spec, *launchpad, "--sample", 60, "-o", pages / "e.html", "-q")
    assert f"60 of {BUGS} issues" in told
    assert "what a move would be like" in page(pages / "e.html")
    number = next(
        match[1]
        for match in re.finditer(r">#(\d+)</a>", (pages / "e.html").read_text(encoding="utf-8"))
    )
    shown = call("show", number, *launchpad, "--as", "storyboard", "--as", "maniphest", texts=True)
    assert number in shown
    call("losses", "--as", "storyboard")

    # a workspace
    call("init", nova.workspace, "--from", spec, *launchpad, *nova.targets(), "--look", 40)
    settings = nova.workspace / "migration.toml"
    head = re.compile(r"^(\[targets\.\w+\])$", re.MULTILINE)
    settings.write_text(head.sub(r"\1\nsettle_seconds = 0.2", settings.read_text()))
    call("pull", *at, "-q")
    checked = json.loads(call("map", "check", *at, "--json"))
    assert all(checked[name]["named"] > 100 for name in ("new", "old"))
    call("map", "suggest", "people", *at)
    told = call("doctor", *at, status=4)
    assert f"{BUGS} issues were read" in told
    assert "STOP" not in told

    # to both trackers
    for name, made in (("new", "story"), ("old", "task")):
        planned = pages / f"{name}.plan"
        drawn = pages / f"plan-{name}.html"
        told = call("plan", *at, "-T", name, "-o", planned, "--html", drawn, "-q")
        assert re.search(rf"{BUGS} {made}\b", told)
        assert f"Plan for {name}" in page(drawn)
        assert "GO for" in call("status", *at, "-T", name, "--deadline", "100d")
        call("apply", *at, "-T", name, planned, "-q")
        call("verify", *at, "-T", name, "-q")
        assert "Source and target agree" in page(nova.workspace / "reports" / name / "verify.html")
        call("plan", *at, "-T", name, "--exit-code", "-q")
        for form in ("csv", "json", "nginx", "apache", "gerrit"):
            base = ("--base", "https://moved.example.org") if form == "gerrit" else ()
            assert call("export", "redirects", *at, "-T", name, "-f", form, *base)

    # where it stands
    standing = pages / "standing.html"
    told = call("status", *at, "--refused", "--check", "--deadline", "1h", "--html", standing)
    assert told.count("GO for") == 2
    assert "NO-GO" not in told
    assert "nothing is left to write" in page(standing).lower()
    writes = nova.storyboard.writes, nova.maniphest.writes
    call("sync", *at, "--once", "-q")
    call("readers", *at)
    assert (nova.storyboard.writes, nova.maniphest.writes) == writes
    call("evaluate", *at, "-o", pages / "again.html", "-q")
    call("completion", "bash", texts=True)
