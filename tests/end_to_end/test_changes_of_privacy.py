"""Every change of privacy, in both directions, with a kill at every point."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.end_to_end.changes import CHANGES, Change
from tests.end_to_end.fuse import Crash, Fuse
from tests.end_to_end.marked_world import OUTSIDERS, MarkedWorld
from tests.end_to_end.snapshots import Snapshot, standing
from tests.end_to_end.world import TARGETS


def changed(marked: MarkedWorld, change: Change, monkeypatch: pytest.MonkeyPatch) -> int | str:
    """An issue is at both targets, a bug beside it; both change at the source, and are read."""
    if change.anonymous:
        monkeypatch.delenv("TRACKER_MIGRATE_LAUNCHPAD")
        marked.here.private = False
        marked.here.write_settings()
    for target in TARGETS:  # one after another, so that every run has the same moments
        marked.here.options[target] = {"settle_seconds": 0.05, "connections": 1}
    marked.here.write_settings()
    beside = marked.project.bug(comments=1)
    bug: int | str = change.before(marked)
    marked.spread()
    before = {one: marked.readable(one) for one in OUTSIDERS["storyboard"]}
    change.happens(marked, bug)
    if isinstance(bug, int) and marked.project.info(bug):
        marked.project.comment(bug)
    marked.project.comment(beside)
    marked.here.pull(full=True)
    marked.before = before
    return bug


@pytest.mark.slow
@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("name", CHANGES)
def test_a_change_of_privacy_survives_a_kill_at_every_point(
    name: str,
    target: str,
    marked: MarkedWorld,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Killed anywhere, nobody reads more than before the change was read; then the end is that of
    a run that nothing disturbed, and another one writes nothing."""
    change, spy = CHANGES[name], marked.spies[target]
    changed(marked, change, monkeypatch)
    begin, fuse = Snapshot(marked, target, tmp_path / "begin"), Fuse(monkeypatch)
    with spy.watching(), marked.as_before():
        marked.here.apply(target)
    spy.look()
    spy.found_nothing()
    moments, end = fuse.moments, standing(marked, target)
    assert moments >= 6
    for moment in range(1, moments + 1):
        begin.restore()
        fuse.set(moment)
        with pytest.raises(Crash):
            marked.here.apply(target)
        with marked.as_before():
            spy.look()
        fuse.set(None)
        marked.here.apply(target)
        assert standing(marked, target) == end, moment
        spy.look()
        spy.found_nothing()
        assert marked.here.apply(target).steps == 0, moment
        assert standing(marked, target) == end, moment
    assert marked.here.verify(target).closed == change.shut
    if not change.shut:
        words = marked.marks.of("title", "comment", "blueprint title")
        spy.saw("somebody", words & marked.readable("somebody"))
