"""A round of the daemon without news: what it costs, however much there is."""

from __future__ import annotations

from collections import Counter
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.end_to_end.many import FIRST, multiply
from tests.end_to_end.test_feed import Daemon, edit_story, retitle
from tests.end_to_end.world import RECORDINGS, TARGETS, World, needs_shared, world
from tracker_migrate.backends.launchpad.standin import load_project
from tracker_migrate.model import Key
from tracker_migrate.workspace import Workspace

pytestmark = needs_shared
#: no issue is read again by the sweep, which costs what docs/sync.md says
SYNC = {"sweep_hours": 0, "people_days": 0}


def asked(here: World) -> dict[str, Counter[str]]:
    """The requests that each of the three servers has had."""
    return {name: getattr(here, name).requests.copy() for name in ("launchpad", *TARGETS)}


@pytest.mark.parametrize("many", [1_000, 50_000])
def test_a_round_without_news_asks_the_source_three_times_and_each_target_once(
    many: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with world(tmp_path / "ws", monkeypatch, "lab-alpha") as here, ExitStack() as stack:
        load_project(here.launchpad, RECORDINGS / "launchpad" / "projects" / "lab-alpha")
        here.sync = SYNC
        here.write_settings()
        here.pull()
        for target in TARGETS:
            here.apply(target)
        with Workspace(here.folder) as workspace:
            multiply(here, workspace, many)
            assert workspace.archive.count() > many
        daemon = Daemon(here, stack)
        daemon.round()  # the first one asks all that there is to be asked
        for _ in range(2):
            before = asked(here)
            ended = daemon.round()
            costs = {name: now - before[name] for name, now in asked(here).items()}
            assert costs["launchpad"].total() <= 3, costs
            for target in TARGETS:
                assert costs[target].total() <= 2, costs
                assert (ended.fed[target].told, ended.applied[target].steps) == (0, 0)
        _edit_one(daemon)
        daemon.stop()


def _edit_one(daemon: Daemon) -> None:
    """And a person's edit among so many is known in the next round."""
    bug = Key(f"launchpad:bug:{FIRST + 500}")
    edits = {"storyboard": edit_story, "maniphest": retitle}
    for target, edit in edits.items():
        held = daemon.workspace.ledger(target).held([bug])[bug]
        edit(daemon.here, held.at.id)
    before = asked(daemon.here)
    fed = daemon.round().fed
    for target in TARGETS:
        assert fed[target].looked == 1
        assert (asked(daemon.here)[target] - before[target]).total() <= 8, "one issue is read"
        assert (bug, "title") in daemon.edits(target)


def test_a_poll_without_news_writes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with world(tmp_path / "ws", monkeypatch, "lab-alpha") as here:
        load_project(here.launchpad, RECORDINGS / "launchpad" / "projects" / "lab-alpha")
        here.pull()
        for target in TARGETS:
            here.apply(target)
        found = here.pull(brief=True)
        assert (found.new, found.changed, found.same, found.gone) == (0, 0, 0, 0)
        writes = {target: here.writes(target) for target in TARGETS}
        for target in TARGETS:
            here.apply(target)
        assert writes == {target: here.writes(target) for target in TARGETS}
