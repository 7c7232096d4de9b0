"""The marked world, for all tests that look for leaks."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.end_to_end.marked_world import MarkedWorld, marked_world
from tests.end_to_end.spy_workspace import Ears


@pytest.fixture
def marked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[MarkedWorld]:
    """A world without a bug."""
    with marked_world(tmp_path / "ws", monkeypatch) as made:
        yield made


@pytest.fixture
def ears(
    marked: MarkedWorld,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
) -> Ears:
    """Who hears all that commands say, and looks at all that they leave behind."""
    home = tmp_path / "home"
    (home / "tmp").mkdir(parents=True)
    for name, path in (("HOME", home), ("TMPDIR", home / "tmp"), ("XDG_CACHE_HOME", home / ".c")):
        monkeypatch.setenv(name, str(path))
    monkeypatch.setattr(tempfile, "tempdir", None)
    return Ears(marked, home, capfd, caplog)
