"""What somebody has removed at the target is not made again, nor asked for again and again."""

from __future__ import annotations

import pytest
import requests

from tests.end_to_end.marked_world import MarkedWorld
from tracker_migrate.model import Key
from tracker_migrate.workspace import Workspace


@pytest.mark.parametrize("changes", ["comment", "title"])
def test_a_story_that_was_removed_is_asked_for_once(marked: MarkedWorld, changes: str) -> None:
    here, number = marked.here, marked.project.bug(comments=1)
    here.pull(full=True)
    here.apply("storyboard")
    key = Key(f"launchpad:bug:{number}")
    with Workspace(here.folder) as workspace:
        at = workspace.ledger("storyboard").where(key)
    assert at is not None
    address = f"{here.storyboard.url}/v1/stories/{at.id}"
    headers = {"Authorization": "Bearer token-of-super"}
    requests.delete(address, headers=headers, timeout=60).raise_for_status()
    if changes == "comment":
        marked.project.comment(number)
    else:
        marked.project.change(number, title="Lamp is bright")
    here.pull(full=True)
    assert here.apply("storyboard").aside == 1
    with Workspace(here.folder) as workspace:
        (verdict,) = workspace.ledger("storyboard").in_state("aside")
    assert verdict.reason == "somebody removed it at the target; it is not made again"
    writes = here.writes("storyboard")
    assert here.apply("storyboard", retry=True).aside == 1
    assert here.writes("storyboard") == writes
    assert here.verify("storyboard").agrees
