"""Whoever was met and never read may be a team that not everybody may see: nothing that names such
a one is written before that is known, for a history keeps it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.end_to_end.reader import ManiphestReader
from tests.end_to_end.test_private import _anonymous_storyboard
from tests.end_to_end.test_turned_private import as_owner
from tests.end_to_end.test_vanished import Lab, lab
from tests.end_to_end.world import conduit_token
from tracker_migrate.backends.launchpad.source import LaunchpadSource
from tracker_migrate.engine.pull import Pull
from tracker_migrate.errors import Retriable
from tracker_migrate.model import Key

__all__ = ["lab"]


def told(lab: Lab) -> str:
    """All that readers without rights see at both targets."""
    there = ManiphestReader(lab.here.maniphest.url, conduit_token("carol")).by_permalink()
    return json.dumps(_anonymous_storyboard(lab.here)) + json.dumps(there, default=str)


@pytest.mark.parametrize("how", ["the pull was killed", "one could not be read"])
def test_nobody_is_named_who_was_never_read(
    lab: Lab, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    as_owner(lab, monkeypatch)
    team = lab.project.secret_team.removeprefix("~")
    lab.project.bug(assignee=lab.project.secret_team)
    other = lab.project.bug()
    real = LaunchpadSource.person

    def person(self: LaunchpadSource, who: Key) -> Any:
        if who.endswith(team):
            raise Retriable("Launchpad answers 503")
        return real(self, who)

    with monkeypatch.context() as patch:
        if how == "the pull was killed":
            patch.setattr(Pull, "_read_people", killed)
            with pytest.raises(KeyboardInterrupt):
                lab.here.pull()
        else:
            patch.setattr(LaunchpadSource, "person", person)
            lab.here.pull()
    for target in ("storyboard", "maniphest"):
        lab.here.apply(target)
    assert team not in told(lab)
    if how == "one could not be read":
        assert None not in lab.seen(other).values(), "what names nobody else is written"
    lab.here.pull()
    applied = [lab.here.apply(target) for target in ("storyboard", "maniphest")]
    assert all(one.created and not one.aside for one in applied)
    assert team not in told(lab)


def killed(*_anything: Any) -> Any:
    """In place of what comes after a process is gone."""
    raise KeyboardInterrupt
