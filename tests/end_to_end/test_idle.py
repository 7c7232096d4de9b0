"""A round of the daemon without news: what it costs, however much there is."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.end_to_end.world import RECORDINGS, TARGETS, needs_shared, world
from tracker_migrate.backends.launchpad.standin import load_project

pytestmark = needs_shared


def test_a_poll_without_news_asks_the_source_three_times_at_most(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with world(tmp_path / "ws", monkeypatch, "lab-alpha") as here:
        load_project(here.launchpad, RECORDINGS / "launchpad" / "projects" / "lab-alpha")
        here.pull()
        for target in TARGETS:
            here.apply(target)
        before = here.launchpad.requests.copy()
        found = here.pull(brief=True)
        asked = here.launchpad.requests - before
        assert asked.total() <= 3, asked
        assert (found.new, found.changed, found.same, found.gone) == (0, 0, 0, 0)
        writes = {target: here.writes(target) for target in TARGETS}
        for target in TARGETS:
            here.apply(target)
        assert writes == {target: here.writes(target) for target in TARGETS}
