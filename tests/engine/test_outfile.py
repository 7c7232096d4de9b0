"""A file that a person named is written whole or not at all, and nothing but it is touched."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from tracker_migrate.errors import WorkspaceError
from tracker_migrate.workspace.outfile import written


@pytest.fixture(autouse=True)
def umask() -> Iterator[None]:
    """As on most machines."""
    old = os.umask(0o022)
    yield
    os.umask(old)


def write(path: Path, text: bytes = b"new", *, private: bool = False) -> None:
    with written(path, private=private) as out:
        out.write(text)


def fail(path: Path) -> None:
    with written(path) as out:
        out.write(b"half")
        raise OSError(28, "No space left on device")


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_a_new_file_is_made_as_any_other(tmp_path: Path) -> None:
    write(tmp_path / "out")
    assert (tmp_path / "out").read_bytes() == b"new"
    assert mode(tmp_path / "out") == 0o644


@pytest.mark.parametrize("before", [0o600, 0o640, 0o664])
def test_a_file_that_is_there_keeps_its_mode(tmp_path: Path, before: int) -> None:
    (tmp_path / "out").write_bytes(b"old")
    (tmp_path / "out").chmod(before)
    write(tmp_path / "out")
    assert (tmp_path / "out").read_bytes() == b"new"
    assert mode(tmp_path / "out") == before


def test_what_fails_leaves_the_old_one_and_nothing_beside_it(tmp_path: Path) -> None:
    (tmp_path / "out").write_bytes(b"old")
    with pytest.raises(WorkspaceError, match="No space left"):
        fail(tmp_path / "out")
    assert [*tmp_path.iterdir()] == [tmp_path / "out"]
    assert (tmp_path / "out").read_bytes() == b"old"


def test_a_pipe_is_written_into(tmp_path: Path) -> None:
    """A reader that waits gets what is written."""
    os.mkfifo(tmp_path / "out")
    reader = os.open(tmp_path / "out", os.O_RDONLY | os.O_NONBLOCK)
    try:
        write(tmp_path / "out")
        assert os.read(reader, 100) == b"new"
    finally:
        os.close(reader)
    assert stat.S_ISFIFO((tmp_path / "out").lstat().st_mode)
    assert [*tmp_path.iterdir()] == [tmp_path / "out"]


def test_what_is_no_file_stays_what_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A device, of which a file takes the part here."""
    device = tmp_path / "device"
    device.touch()
    before = device.stat().st_ino
    monkeypatch.setattr(Path, "is_file", lambda _path: False)
    write(device)
    assert device.stat().st_ino == before
    assert device.read_bytes() == b"new"


@pytest.mark.parametrize("there", [True, False])
def test_a_link_leads_to_what_is_written(tmp_path: Path, there: bool) -> None:
    kept = tmp_path / "kept"
    kept.mkdir()
    if there:
        (kept / "file").write_bytes(b"old")
    (tmp_path / "out").symlink_to("kept/file")
    write(tmp_path / "out")
    assert (tmp_path / "out").is_symlink()
    assert (kept / "file").read_bytes() == b"new"
    assert [*kept.iterdir()] == [kept / "file"]


def test_what_a_killed_one_left_is_not_written_through(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").write_bytes(b"mine")
    (tmp_path / ".out.new").symlink_to("elsewhere")
    write(tmp_path / "out")
    assert (tmp_path / "elsewhere").read_bytes() == b"mine"
    assert (tmp_path / "out").read_bytes() == b"new"


def test_what_is_private_is_its_owners_alone(tmp_path: Path) -> None:
    for _ in range(2):
        write(tmp_path / "out", private=True)
        assert mode(tmp_path / "out") == 0o600


def test_a_file_that_others_may_read_is_refused_for_what_is_private(tmp_path: Path) -> None:
    out = tmp_path / "out"
    out.write_bytes(b"old")
    with pytest.raises(WorkspaceError, match=f"others may read {out}: chmod go= {out}"):
        write(out, private=True)
    assert out.read_bytes() == b"old"
    (tmp_path / "link").symlink_to("out")
    with pytest.raises(WorkspaceError, match="others may read"):
        write(tmp_path / "link", private=True)
    assert [*sorted(tmp_path.iterdir())] == [tmp_path / "link", out]
