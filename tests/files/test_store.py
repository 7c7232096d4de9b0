"""A folder of files: one place for each, whole or not there, and the same without a ledger."""

from __future__ import annotations

import errno
import hashlib
import io
import os
import signal
import stat
import time
import tracemalloc
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tracker_migrate.errors import Refused, Unreachable, UsageError
from tracker_migrate.filestore import HELD, Store

OF = "https://storyboard.example.org/api/v1"
KEY = "launchpad:attachment:1/2"
LOG = b"it never gets up\n" * 1000


def sha256(body: bytes) -> str:
    return hashlib.sha256(body).hexdigest()


def opened(folder: Path, **how: Any) -> Store:
    folder.mkdir(exist_ok=True)
    store = Store(folder, "https://files.example.org/bugs", OF, **how)
    store.prepare()
    return store


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return opened(tmp_path / "files")


def put(store: Store, body: bytes = LOG, key: str = KEY, name: str = "nova.log") -> str:
    place = store.place(key, sha256(body), name)
    store.put(place, io.BytesIO(body), sha256(body))
    return place


def files(store: Store) -> list[Path]:
    return [one for one in store.folder.rglob("*") if one.is_file() and one.name != "store.json"]


# -- places ----------------------------------------------------------------------------------------


def test_a_file_has_one_place_which_depends_on_all_that_it_is(store: Store) -> None:
    place = store.place(KEY, sha256(LOG), "nova.log")
    assert place == store.place(KEY, sha256(LOG), "nova.log")
    others = {
        store.place(f"{KEY}1", sha256(LOG), "nova.log"),
        store.place(KEY, sha256(b""), "nova.log"),
        store.place(KEY, sha256(LOG), "other.log"),
    }
    assert len({place, *others}) == 4
    assert place.endswith("/nova.log")
    assert len(place.removesuffix("/nova.log")) == 33


def test_nobody_guesses_a_place_from_another_folder(store: Store, tmp_path: Path) -> None:
    other = opened(tmp_path / "other")
    assert store.place(KEY, sha256(LOG), "a") != other.place(KEY, sha256(LOG), "a")


def test_who_has_the_folder_finds_every_place_again(store: Store) -> None:
    place = put(store)
    again = Store(store.folder, store.address, OF)
    assert again.place(KEY, sha256(LOG), "nova.log") == place
    assert again.sha256(place) == sha256(LOG)
    assert list(again.places()) == [place]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(name=st.text(max_size=200), key=st.text(max_size=50))
def test_no_name_leads_out_of_the_folder(store: Store, name: str, key: str) -> None:
    place = store.place(key, sha256(LOG), name)
    assert (store.folder / place).resolve().is_relative_to(store.folder.resolve())
    assert store.url(place).startswith("https://files.example.org/bugs/")
    assert store.url(place).isascii()
    assert not set(store.url(place)) & set(" ()<>[]\"'")


@pytest.mark.parametrize("place", ["", "../../x", "aa/../x", "aa//x", "a/b/c/d", "aa/bb/\0"])
def test_a_place_that_is_none_is_refused(store: Store, place: str) -> None:
    for act in (store.size, store.remove, store.sha256):
        with pytest.raises(Refused, match="is none"):
            act(place)


# -- putting ---------------------------------------------------------------------------------------


def test_what_was_put_is_there_and_the_second_time_costs_nothing(store: Store) -> None:
    place = store.place(KEY, sha256(LOG), "nova.log")
    assert store.put(place, io.BytesIO(LOG), sha256(LOG)) == len(LOG)
    assert store.put(place, io.BytesIO(b"never read"), sha256(LOG)) == 0
    assert (store.folder / place).read_bytes() == LOG
    assert files(store) == [store.folder / place]


def test_what_is_not_what_it_should_be_is_never_there(store: Store) -> None:
    place = store.place(KEY, sha256(LOG), "nova.log")
    with pytest.raises(Refused, match="not what they were"):
        store.put(place, io.BytesIO(LOG[:-1]), sha256(LOG))
    assert files(store) == []


def test_what_somebody_changed_is_not_overwritten(store: Store) -> None:
    place = put(store)
    (store.folder / place).write_bytes(b"somebody's")
    with pytest.raises(Refused, match="something else"):
        put(store)
    assert (store.folder / place).read_bytes() == b"somebody's"


def test_a_change_is_seen_though_the_hash_was_known(store: Store) -> None:
    place = put(store)
    assert store.sha256(place) == sha256(LOG)
    time.sleep(0.01)
    (store.folder / place).write_bytes(LOG[:-1] + b"!")
    assert store.sha256(place) == sha256(LOG[:-1] + b"!")


def test_a_link_in_a_files_place_is_not_followed(store: Store, tmp_path: Path) -> None:
    (tmp_path / "secret").write_bytes(LOG)
    place = store.place(KEY, sha256(LOG), "nova.log")
    (store.folder / place).parent.mkdir(parents=True)
    (store.folder / place).symlink_to(tmp_path / "secret")
    assert store.size(place) is None
    assert store.open(place) is None
    put(store)
    assert not (store.folder / place).is_symlink()


class Dying(io.BytesIO):
    """Kills its reader after the first piece."""

    def read(self, size: int | None = -1) -> bytes:
        if self.tell():
            os.kill(os.getpid(), signal.SIGKILL)
        return super().read(min(size or 0, 4096))


def test_killed_in_the_middle_nothing_is_there_and_the_next_one_puts_it(store: Store) -> None:
    place = store.place(KEY, sha256(LOG), "nova.log")
    pid = os.fork()
    if pid == 0:
        store.put(place, Dying(LOG), sha256(LOG))
        os._exit(0)
    _, status = os.waitpid(pid, 0)
    assert os.waitstatus_to_exitcode(status) == -signal.SIGKILL
    assert not (store.folder / place).exists()
    (half,) = files(store)
    put(store)
    assert store.sha256(place) == sha256(LOG)
    os.utime(half, (0, 0))
    store.prepare()
    assert files(store) == [store.folder / place], "what is half written is nobody's after an hour"


def test_what_another_process_is_writing_is_left_alone(store: Store) -> None:
    part = store.folder / ".tracker-migrate" / "part" / "theirs"
    part.write_bytes(b"half")
    store.prepare()
    assert part.exists()


def test_many_at_once_put_one_file_once(store: Store) -> None:
    with ThreadPoolExecutor(8) as pool:
        places = set(pool.map(lambda _: put(store), range(32)))
    assert files(store) == [store.folder / one for one in places]
    assert len(places) == 1


def test_memory_does_not_grow_with_a_file(store: Store) -> None:
    class Long(io.RawIOBase):
        left = 200_000_000

        def read(self, size: int = -1) -> bytes:
            self.left -= size
            return b"x" * size if self.left > 0 else b""

    whole = hashlib.sha256()
    source = Long()
    while piece := source.read(1 << 18):
        whole.update(piece)
    place = store.place(KEY, whole.hexdigest(), "core")
    tracemalloc.start()
    store.put(place, Long(), whole.hexdigest())  # type: ignore[arg-type]
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert most < 4_000_000


# -- who may read them -----------------------------------------------------------------------------


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_a_web_server_reads_files_and_lists_no_folder(store: Store) -> None:
    old = os.umask(0o077)
    try:
        path = store.folder / put(store)
    finally:
        os.umask(old)
    assert [mode(one) for one in (path, path.parent, path.parent.parent)] == [0o644, 0o711, 0o711]


def test_the_key_is_its_owners_alone(store: Store) -> None:
    assert mode(store.folder / ".tracker-migrate") == 0o700
    assert mode(store.folder / HELD) == 0o600


def test_private_files_are_for_the_folders_group(tmp_path: Path) -> None:
    folder = tmp_path / "private"
    folder.mkdir()
    folder.chmod(0o2750)
    path = folder / put(opened(folder, private=True))
    assert mode(path) == 0o640
    assert mode(path.parent) == mode(path.parent.parent) == 0o2710
    assert path.stat().st_gid == folder.stat().st_gid


# -- taking away -----------------------------------------------------------------------------------


def test_what_was_taken_away_is_gone_and_comes_back_to_the_same_place(store: Store) -> None:
    place, other = put(store), put(store, key="launchpad:attachment:9/9")
    store.remove(place)
    store.remove(place)
    assert files(store) == [store.folder / other]
    assert put(store) == place


# -- the folder itself -----------------------------------------------------------------------------


def test_a_folder_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="is no folder: make it"):
        Store(tmp_path / "none", "https://files.example.org", OF).prepare()


@pytest.mark.skipif(os.getuid() == 0, reason="root may write anywhere")
def test_a_folder_that_is_not_ours_to_write_into_is_told(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(UsageError, match="can't be written into"):
        Store(tmp_path, "https://files.example.org", OF).prepare()


def test_a_folder_is_for_one_target(store: Store) -> None:
    with pytest.raises(UsageError, match="each target needs a folder of its own"):
        Store(store.folder, store.address, "https://other.example.org/v1").prepare()


@pytest.mark.parametrize("held", ["", "{}", '{"key": "zz", "of": ""}', "[1]"])
def test_a_damaged_key_is_told_and_not_drawn_anew(store: Store, held: str) -> None:
    (store.folder / HELD).write_text(held)
    with pytest.raises(UsageError, match="damaged"):
        Store(store.folder, store.address, OF).prepare()
    assert (store.folder / HELD).read_text() == held


def test_two_processes_that_begin_at_once_have_one_key(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        stores = list(pool.map(lambda _: opened(tmp_path), range(16)))
    assert len({one.place(KEY, sha256(LOG), "a") for one in stores}) == 1
    assert sorted(one.name for one in (tmp_path / ".tracker-migrate").iterdir()) == [
        "part", "store.json"
    ]  # fmt: skip


def test_a_file_system_without_hard_links_has_a_key_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_link(*_: Any) -> None:
        raise PermissionError(errno.EPERM, "Operation not permitted")

    monkeypatch.setattr(os, "link", no_link)
    put(opened(tmp_path))
    assert mode(tmp_path / HELD) == 0o600


@pytest.fixture
def broken(monkeypatch: pytest.MonkeyPatch) -> Callable[[int], None]:
    """Renaming fails with an error of the system's."""

    def breaks(number: int) -> None:
        def rename(*_: Any) -> None:
            raise OSError(number, os.strerror(number))

        monkeypatch.setattr(os, "rename", rename)

    return breaks


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT])
def test_a_full_disk_sets_one_file_aside(store: Store, broken: Any, number: int) -> None:
    broken(number)
    with pytest.raises(Refused, match="has no room"):
        put(store)
    assert files(store) == []


def test_a_folder_that_takes_nothing_stops_the_run(store: Store, broken: Any) -> None:
    broken(errno.EROFS)
    with pytest.raises(Unreachable, match="can't be used"):
        put(store)
