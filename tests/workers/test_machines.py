"""Several machines write what one would have written."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.end_to_end.test_kill import state
from tests.end_to_end.test_recorded_projects import agrees
from tests.end_to_end.world import TARGETS
from tests.workers.machines import another_machine, machines, shared_world

BUGS = 14


@pytest.mark.slow
def test_same(address: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two workers, one of them on a machine that has no attachment: the end is that of one process
    on an SQLite."""
    with shared_world(tmp_path / "one", monkeypatch, "", BUGS) as here:
        for target in TARGETS:
            here.apply(target)
        wanted = {target: state(here, target) for target in TARGETS}
    with shared_world(tmp_path / "many", monkeypatch, address, BUGS) as here:
        elsewhere = another_machine(here, tmp_path / "elsewhere")
        with machines(here.folder, elsewhere) as said:
            for target in TARGETS:
                assert not here.apply(target, workers=True).left
        for target in TARGETS:
            agrees(here.verify(target))
            assert state(here, target) == wanted[target]
            before = here.writes(target)
            here.apply(target)
            assert here.writes(target) == before
    assert all("did its part at storyboard" in one for one in said)
    assert all("did its part at maniphest" in one for one in said)
