"""Writing, taking back and writing anew at a real server, where the address of one is given.

    TRACKER_MIGRATE_STORYBOARD_URL, TRACKER_MIGRATE_STORYBOARD_LIVE_TOKEN (a superuser's),
    TRACKER_MIGRATE_STORYBOARD_LIVE_OUTSIDER_TOKEN
    TRACKER_MIGRATE_MANIPHEST_URL, TRACKER_MIGRATE_MANIPHEST_LIVE_TOKEN, ..._LIVE_OUTSIDER_TOKEN

It writes there: give it a server that nobody needs. Each run brings a project of another name.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tracker_migrate.backends.launchpad.standin.generate import generate
from tracker_migrate.backends.launchpad.standin.server import LaunchpadStandIn
from tracker_migrate.backends.maniphest.client import Conduit
from tracker_migrate.backends.storyboard.client import Api
from tracker_migrate.engine import jobs
from tracker_migrate.engine.filters import Only
from tracker_migrate.interfaces import RemoteRef
from tracker_migrate.model import Key, key, kind_of
from tracker_migrate.testing.loopback import serving
from tracker_migrate.workspace import Workspace

pytestmark = pytest.mark.live
BUGS = 12
_KEEP = 'numbers = "keep"', "above = 1_500_000_000"


class Move:
    """A workspace at a real server, and somebody else there. first: the number of a public bug."""

    def __init__(self, workspace: Workspace, tracker: str, outsider: str) -> None:
        self.workspace = workspace
        self.tracker = tracker
        self._outsider = outsider
        settings = workspace.settings.targets["real"]
        self._address = str(settings["sink"]).partition(":")[2]

    def run(self) -> None:
        """Write what is missing; all agrees."""
        applied = jobs.apply(self.workspace, "real")
        assert not applied.aside
        seen = jobs.verify(self.workspace, "real")
        assert seen.agrees, (seen.missing, seen.doubled, seen.differs, seen.account)

    def places(self) -> dict[Key, RemoteRef]:
        """Where each issue is."""
        ledger = self.workspace.ledger("real")
        keys = list(self.workspace.archive.issue_keys())
        return {of: held.at for of, held in ledger.held(keys).items()}

    def comments(self, at: RemoteRef) -> None:
        """Somebody else comments on an issue there."""
        if self.tracker == "storyboard":
            api = Api(f"{self._address}/v1", self._outsider)
            api.write("POST", f"/stories/{at.id}/comments", {"content": "Me, too"})
            return
        conduit = Conduit(self._address, self._outsider)
        said = [{"type": "comment", "value": "Me, too"}]
        conduit.write("maniphest.edit", transactions=said, objectIdentifier=at.id)


@contextmanager
def moved(tracker: str, folder: Path, monkeypatch: pytest.MonkeyPatch, *more: str) -> Iterator[Any]:
    """A project written to a real server. more: lines of the target's settings."""
    variable = f"TRACKER_MIGRATE_{tracker.upper()}"
    if f"{variable}_URL" not in os.environ:
        pytest.skip(f"{variable}_URL names no real server")
    outsider = os.environ[f"{variable}_LIVE_OUTSIDER_TOKEN"]
    monkeypatch.setenv("TRACKER_MIGRATE_REAL_TOKEN", os.environ[f"{variable}_LIVE_TOKEN"])
    monkeypatch.setenv("TRACKER_MIGRATE_REAL_OUTSIDER_TOKEN", outsider)
    project = f"gadget{time.time_ns() // 10**6 % 10**10}"
    launchpad = LaunchpadStandIn(web="http://{site}launchpad.test")
    first = int(time.time() * 100) % 10**9  # far from what another test brings
    generate(launchpad, bugs=BUGS, blueprints=2, seed=3, project=project, first_bug=first)
    with serving(launchpad):
        text = ["[source]", f'specs = ["launchpad:{project}"]', f'address = "{launchpad.url}"']
        text += ["per_second = 0", "[targets.real]", "settle_seconds = 5"]
        text += [f"sink = {json.dumps(tracker + ':' + os.environ[f'{variable}_URL'])}", *more]
        (folder / "migration.toml").write_text("\n".join(text) + "\n")
        (folder / "mappings").mkdir()
        with Workspace(folder) as opened:
            move = Move(opened, tracker, outsider)
            jobs.pull(opened)
            move.run()
            yield move


@pytest.fixture(params=["storyboard", "maniphest"])
def move(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Move]:
    with moved(request.param, tmp_path, monkeypatch) as made:
        yield made


def test_all_goes_and_comes_again(move: Move) -> None:
    before = move.places()
    undone = jobs.undo(move.workspace, "real")
    assert (undone.issues, undone.spared, undone.failed) == (len(before), {}, {})
    assert move.places() == {}
    assert (undone.left == []) == (move.tracker == "storyboard")
    assert jobs.undo(move.workspace, "real").issues == 0
    adopted = jobs.adopt(move.workspace, "real")
    assert (adopted.issues, adopted.twins) == (0, [])
    move.run()
    after = move.places()
    assert after.keys() == before.keys()
    assert not {at.id for at in after.values()} & {at.id for at in before.values()}
    again = jobs.apply(move.workspace, "real")
    assert (again.steps, again.doubles) == (0, [])


def test_what_somebody_has_worked_on_stays_and_a_part_can_be_taken_back(move: Move) -> None:
    before = move.places()
    touched, asked, *_ = (of for of in before if kind_of(of) == "bug")
    move.comments(before[touched])
    would = jobs.undo(move.workspace, "real", dry_run=True)
    assert list(would.spared) == [touched]
    number = asked.rpartition(":")[2]
    assert jobs.undo(move.workspace, "real", only=Only(f"bug:{number}")).issues == 1
    assert move.places().keys() == before.keys() - {asked}
    undone = jobs.undo(move.workspace, "real")
    assert (list(undone.spared), undone.issues) == ([touched], len(before) - 2)
    assert move.places() == {touched: before[touched]}
    jobs.apply(move.workspace, "real")
    assert move.places().keys() == before.keys()


def test_numbers_that_are_kept_are_given_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with moved("storyboard", tmp_path, monkeypatch, *_KEEP) as move:
        before = move.places()
        assert jobs.undo(move.workspace, "real").issues == len(before)
        move.run()
        bugs = {of for of in before if of == key("launchpad", "bug", move.places()[of].id)}
        assert len(bugs) == BUGS
