"""A world of which one target is a real server, where the address of one is given: what tests of
`sync` and of conflicts need of it.

    TRACKER_MIGRATE_STORYBOARD_URL, TRACKER_MIGRATE_STORYBOARD_LIVE_TOKEN (a superuser's),
        ..._LIVE_PERSON_TOKEN (somebody else's); there have to be accounts with the ids 2 and 3
    TRACKER_MIGRATE_MANIPHEST_URL, TRACKER_MIGRATE_MANIPHEST_LIVE_TOKEN,
        ..._LIVE_PERSON_TOKEN (of anybody); there have to be accounts `alice` and `carol`

They write there: give them servers that nobody needs. Each run brings bugs of other numbers.
"""

from __future__ import annotations

import itertools
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any, NamedTuple

import pytest

from tests.end_to_end.conflict_bench import There
from tests.end_to_end.marked_bugs import PROJECT
from tests.end_to_end.marked_project import MarkedProject
from tests.end_to_end.world import World, world
from tests.live import fresh

TWO = (PROJECT, f"{PROJECT}/1.x")


class Live(NamedTuple):
    """A world of which one target is real, and that target as people use it."""

    here: World
    project: MarkedProject
    at: There

    def bug(self, targets: Sequence[str] = TWO, comments: int = 1) -> int:
        """A bug with two tasks."""
        return self.project.bug(comments=comments, targets=targets)


@contextmanager
def live_world(target: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Live]:
    """One. The test is left out if nothing says where the server is."""
    variable = f"TRACKER_MIGRATE_{target.upper()}"
    if f"{variable}_URL" not in os.environ:
        pytest.skip(f"{variable}_URL names no real server")
    url, ours = os.environ[f"{variable}_URL"], os.environ[f"{variable}_LIVE_TOKEN"]
    person = os.environ[f"{variable}_LIVE_PERSON_TOKEN"]
    first = fresh.first()
    with world(folder, monkeypatch, PROJECT, web="http://{site}launchpad.test") as here:
        monkeypatch.setenv(f"{variable}_TOKEN", ours)
        monkeypatch.delenv(f"{variable}_OUTSIDER_TOKEN")
        project: Any = MarkedProject(here.launchpad)
        project._numbers = itertools.count(first)
        setattr(here, target, SimpleNamespace(url=url))
        here.options[target]["settle_seconds"] = 20
        here.write_settings()
        tokens = {"super": ours, "normal": person, "alice": person}
        at = There(target, url.removesuffix("/v1"), tokens, PROJECT, tag=str(first))
        yield Live(here, project, at)
